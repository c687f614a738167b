import type { Random } from './random.ts'

/** A case that is ready to be tried. */
export interface FuzzCase {
  /** What was done to what. */
  readonly description: string
  /** The hostile file itself. */
  readonly bytes: Buffer
  /** @throws Finding */
  judge(): Promise<string>
}

/** Something that reads data from outside, with ways to make such data hostile. */
export interface Reader {
  readonly name: string
  /** Cases of it for every thousand cases of bundles. */
  readonly share: number
  /** Makes what the cases are made of; the same for the same seed. */
  prepare(seed: string, folder: string): Promise<ReaderCases>
}

export interface ReaderCases {
  /**
   * A case that follows from its numbers.
   * @param number of the case
   * @param keep which of its changes are made
   */
  make(random: Random, number: number, keep: (change: number) => boolean): Promise<FuzzCase>
}

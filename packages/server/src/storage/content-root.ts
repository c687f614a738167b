import type { Digest } from '@sealift/oci/digest.ts'

/**
 * Something that needs content beyond what the rows of the database name themselves: what follows from
 * reading what they name, or what is made anew from it. Whatever a root names is never collected.
 */
export interface ContentRoot {
  /** For people, like `registry`. */
  readonly name: string
  /**
   * All that is needed now. Asked at each collection, check and backup.
   * @throws where not all can be told; nothing is collected then
   */
  content(): Promise<Iterable<Digest>>
}

/** Something beside the store's blobs that grows unless what is over is taken away, like uploads that were given up. */
export interface Waste {
  /** For people, and a word of the result: `uploads`. */
  readonly kind: string
  /** Takes away what is over, or with `dryRun` only says how much that is. Bytes are those on the disk, 0 where they don't count. */
  clear(options: ClearOptions): Promise<{ readonly count: number; readonly bytes: number }>
}

/** How waste is to be cleared. */
export interface ClearOptions {
  readonly dryRun: boolean
  /**
   * Whether something of this time (milliseconds on the wall) is at least so long ago (milliseconds). Never true while
   * the machine's clock is not to be believed.
   */
  readonly isAgo: (time: number, age: number) => boolean
  readonly signal: AbortSignal
}

import type { Engine } from '../testbed/src/engine.ts'
import type { Material } from './material.ts'
import type { Options } from './options.ts'

/** What every part of the bench works with. */
export interface Context {
  readonly options: Options
  /** Everything is made below it, on one disk. */
  readonly folder: string
  /** The one self-contained file. */
  readonly program: string
  /** The vendor's engine, which has the images. */
  readonly engine: Engine
  /** Made once, by whoever asks first. */
  readonly material: () => Promise<Material>
  /** Says on stderr what is being done. */
  readonly say: (line: string) => void
}

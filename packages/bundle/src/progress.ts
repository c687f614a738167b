/** What long work on a bundle is doing, in bytes. */
export interface Progress {
  readonly stage: 'pack' | 'base' | 'copy' | 'verify' | 'import' | 'unpack'
  readonly done: number
  readonly total: number
}

/** Is called often, at most once a block; must return quickly. */
export type OnProgress = (progress: Progress) => void

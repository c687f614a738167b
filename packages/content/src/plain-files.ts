import type { FileHandle } from 'node:fs/promises'
import type { Digest } from '@sealift/oci/digest.ts'

/** The file of a blob that rests plain, open until closed: deletion does not disturb it. */
export interface PlainFile extends AsyncDisposable {
  readonly size: number
  readonly file: FileHandle
  /** Tells that the bytes turned out not to be the digest's: the blob is set aside, so that it can be brought anew. */
  setAside(): Promise<void>
  close(): Promise<void>
}

/**
 * A further ability of stores that keep files: to give out a blob that rests plain without looking at
 * its bytes. They are not checked; whoever takes them compares them with the digest, or hands them to
 * someone who does.
 */
export interface PlainFiles {
  /** The file of a blob, or undefined where it is not there or does not rest plain. */
  openPlainFile(digest: Digest): Promise<PlainFile | undefined>
}

import type { Digest } from '@sealift/oci/digest.ts'
import type { BlobInfo } from './content-store.ts'

/**
 * A blob that arrives in pieces, maybe over days and restarts of the program. It takes its bytes in order
 * and as they are; nobody sees it before {@link PartialBlob.commit}. One caller uses it at a time.
 */
export interface PartialBlob {
  readonly id: string
  /** Bytes that were taken so far. */
  readonly size: number
  /**
   * Adds bytes; the buffers may be reused once this resolves. Where it fails, what was taken before remains.
   * @throws SealiftError `DISK_FULL`
   */
  append(pieces: readonly Uint8Array[]): Promise<void>
  /**
   * Ends the blob: compares it with its digest and makes it durable and visible. A blob that is there
   * already is left as it is. Whatever comes of it, the partial one is gone, except where the disk was full.
   * @throws SealiftError `CONTENT_CORRUPT` where the bytes are not those of the digest, `DISK_FULL`
   */
  commit(digest: Digest): Promise<BlobInfo>
  /** Lets go of it and keeps what came, to be resumed later. */
  close(): Promise<void>
  /** Gives up; no trace remains. Safe at any time, also after commit. */
  abort(): Promise<void>
}

/** What is known of a partial blob without opening it. */
export interface PartialInfo {
  readonly id: string
  readonly size: number
  /** When it last took bytes. */
  readonly changedAt: Date
}

/**
 * A further ability of stores: blobs whose arrival may be cut off and resumed. After a restart a partial
 * blob has at least what was there when the program was killed; after a power cut it may have less, or
 * other bytes, which {@link PartialBlob.commit} finds out.
 */
export interface PartialBlobs {
  /** @param id lower-case letters, digits and dashes, at most 100, of a partial blob that is not there yet */
  beginPartial(id: string): Promise<PartialBlob>
  /** A partial blob to go on with, or undefined where there is none of this id. */
  resumePartial(id: string): Promise<PartialBlob | undefined>
  /** All that are there, in no order. */
  listPartials(): Promise<readonly PartialInfo[]>
}

const ID = /^[a-z0-9-]{1,100}$/

/** Whether a text can name a partial blob: it becomes the name of a file. */
export function isPartialId(text: string): boolean {
  return ID.test(text)
}

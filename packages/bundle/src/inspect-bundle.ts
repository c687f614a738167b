import type { BundleIndex } from './format/bundle-index.ts'
import { Bundle } from './read/bundle.ts'
import type { Signer } from './signature/signature.ts'

/** What the head of a bundle tells without its content being looked at. */
export interface InspectedBundle {
  readonly index: BundleIndex
  /** Whose signature the index carries, or undefined where it carries none. Proved, not trusted. */
  readonly signer: Signer | undefined
  /** Bytes that the file has, and must have: where they differ, the file is truncated or something was appended. */
  readonly fileSize: number
  readonly expectedSize: number
  /** Blobs that the bundle carries, and their plain bytes. */
  readonly blobs: number
  readonly plainSize: number
}

/** Reads the head of a bundle only, in a time that does not depend on its size. @throws SealiftError as {@link Bundle.open} */
export async function inspectBundle(path: string): Promise<InspectedBundle> {
  await using bundle = await Bundle.open(path)
  const { index, signer } = bundle.head
  const packed = index.packs.reduce((count, { contents }) => count + contents.length, 0)
  const plainSize = bundle.members.reduce((sum, { size }) => sum + size, 0)
  return { index, signer, fileSize: bundle.fileSize, expectedSize: bundle.expectedSize, blobs: packed + index.entries.length, plainSize }
}

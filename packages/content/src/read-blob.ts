import { type Digest, digestOf } from '@sealift/oci/digest.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import type { ContentStore } from './content-store.ts'

/**
 * A small blob whole.
 * @param limit the most bytes that are read into memory
 * @throws SealiftError `CONTENT_MISSING`, `CONTENT_CORRUPT`
 */
export async function readBlob(store: ContentStore, digest: Digest, limit = 16 * 1024 * 1024): Promise<Buffer> {
  const info = await store.info(digest)
  if (info === undefined) throw new SealiftError('CONTENT_MISSING', `blob ${digest} is not in the store`)
  if (info.size > limit) throw new SealiftError('CONTENT_CORRUPT', `blob ${digest} has ${info.size} bytes where at most ${limit} are expected`)
  const pieces: Buffer[] = []
  for await (const piece of store.read(digest)) pieces.push(piece)
  return Buffer.concat(pieces)
}

/**
 * Reads a blob to its end, so that the store finds whatever is damaged in it.
 * @throws SealiftError `CONTENT_MISSING`, `CONTENT_CORRUPT`
 */
export async function checkBlob(store: ContentStore, digest: Digest): Promise<void> {
  for await (const _ of store.read(digest));
}

/** Stores bytes that are in memory and returns their digest. */
export async function writeBlob(store: ContentStore, bytes: Uint8Array): Promise<Digest> {
  const digest = digestOf(bytes)
  if ((await store.info(digest)) !== undefined) return digest
  const writer = await store.writer({ digest, size: bytes.length })
  try {
    await writer.write(bytes)
    await writer.commit()
  } catch (thrown) {
    await writer.abort()
    throw thrown
  }
  return digest
}

import type { BlobInfo, ContentStore, Expected } from '@sealift/content/content-store.ts'

/** Writes plain bytes as one blob; nothing stays when they can't be read to their end. */
export async function storePlain(store: ContentStore, bytes: AsyncIterable<Buffer>, expected: Expected = {}): Promise<BlobInfo> {
  const writer = await store.writer(expected)
  try {
    for await (const piece of bytes) await writer.write(piece)
    return await writer.commit()
  } catch (thrown) {
    await writer.abort()
    throw thrown
  }
}

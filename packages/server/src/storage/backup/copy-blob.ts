import type { ContentStore, EncodedBlob, EncodedClaim } from '@sealift/content/content-store.ts'

/**
 * Copies a blob into a store block by block, checked against its digest on the way.
 * @returns false where it was there already
 * @throws SealiftError `CONTENT_CORRUPT`, `CONTENT_MISSING`, `DISK_FULL`
 */
export async function copyBlob(claim: EncodedClaim, open: (claim: EncodedClaim) => Promise<EncodedBlob>, to: ContentStore): Promise<boolean> {
  await using blob = await open(claim)
  if ((await to.info(claim.digest)) !== undefined) return false
  // It may rest encoded in another way than when the claim was made.
  const writer = await to.encodedWriter({ digest: claim.digest, size: blob.info.size, encoding: blob.info.encoding, blocks: blob.blocks })
  try {
    for (let index = 0; index < blob.blocks.length; index++) await writer.writeBlock(await blob.readBlock(index))
    await writer.commit()
  } catch (thrown) {
    await writer.abort()
    throw thrown
  }
  return true
}

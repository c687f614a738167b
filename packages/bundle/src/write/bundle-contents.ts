import type { BlobInfo, ContentStore } from '@sealift/content/content-store.ts'
import { readBlob } from '@sealift/content/read-blob.ts'
import type { Digest } from '@sealift/oci/digest.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { type BundledRelease, type BundledRoot, MAX_DOCUMENT_BYTES, MAX_ENTRIES, MAX_PACKED_BYTES, type PlainBlob } from '../format/bundle-index.ts'
import { PayloadType } from '../signature/payload-type.ts'
import { MAX_SIGNATURE_BYTES, verify } from '../signature/signature.ts'

/** A release to put into a bundle. Document, signature and content are blobs of the store. */
export interface ReleaseToBundle {
  readonly application: string
  readonly version: string
  readonly sequence: number
  /** The digest of the release document. */
  readonly digest: Digest
  /** The digest of the publisher's signature file over it. */
  readonly signature: Digest
  /** Everything that the release needs beside its document, in the order in which it is to travel. */
  readonly content: readonly Digest[]
  /** The only platforms whose images `content` holds; without it all are there. */
  readonly platforms?: readonly string[]
}

/** A trust root to put into a bundle. Document and signatures are blobs of the store. */
export type RootToBundle = BundledRoot

/** What goes into a bundle, each blob once. */
export interface BundleContents {
  readonly releases: readonly BundledRelease[]
  /** Blobs that travel in packs, documents and signatures first. */
  readonly small: readonly PlainBlob[]
  /** Blobs that travel as entries. */
  readonly large: readonly BlobInfo[]
  /** Blobs that the receiver has. */
  readonly omitted: readonly BlobInfo[]
}

/**
 * Sorts the content of releases into packs and entries, always in the same order for the same input.
 * @param omit tells which blobs the receiver has; documents, signatures and roots travel always
 * @throws SealiftError `CONTENT_MISSING`, `CONTENT_CORRUPT`, `SIGNATURE_INVALID` (a publisher's), `USAGE` (too many blobs for one bundle)
 */
export async function collectContents(
  store: ContentStore,
  releases: readonly ReleaseToBundle[],
  roots: readonly (readonly RootToBundle[])[],
  omit: (digest: Digest) => boolean,
): Promise<BundleContents> {
  const infoOf = async (digest: Digest, what: string): Promise<BlobInfo> => {
    const info = await store.info(digest)
    if (info === undefined) throw new SealiftError('CONTENT_MISSING', `${what} needs blob ${digest}, which is not in the store`)
    return info
  }
  const bundled: BundledRelease[] = []
  const carried = new Map<Digest, BlobInfo>()
  for (const release of releases) {
    const what = `release ${release.application}@${release.version}`
    const document = await readBlob(store, release.digest, MAX_DOCUMENT_BYTES)
    const signature = await readBlob(store, release.signature, MAX_SIGNATURE_BYTES)
    verify(signature, PayloadType.release, document, what)
    carried.set(release.digest, await infoOf(release.digest, what))
    carried.set(release.signature, await infoOf(release.signature, what))
    const { application, version, sequence, digest, platforms } = release
    const documentSize = document.length
    bundled.push({ application, version, sequence, digest, documentSize, signature: release.signature, ...(platforms === undefined ? {} : { platforms }) })
  }
  for (const root of roots.flat()) {
    for (const digest of [root.digest, ...root.signatures]) carried.set(digest, await infoOf(digest, 'a trust root'))
  }
  const omitted = new Map<Digest, BlobInfo>()
  for (const release of releases) {
    for (const digest of release.content) {
      if (carried.has(digest) || omitted.has(digest)) continue
      const info = await infoOf(digest, `release ${release.application}@${release.version}`)
      if (omit(digest)) omitted.set(digest, info)
      else carried.set(digest, info)
    }
  }
  const blobs = [...carried.values()]
  const small = blobs.filter(({ size }) => size <= MAX_PACKED_BYTES).map(({ digest, size }) => ({ digest, size }))
  const large = blobs.filter(({ size }) => size > MAX_PACKED_BYTES)
  const count = blobs.length + omitted.size
  if (count > MAX_ENTRIES) throw new SealiftError('USAGE', `the releases need ${count} blobs, more than the ${MAX_ENTRIES} that one bundle can list`)
  return { releases: bundled, small, large, omitted: [...omitted.values()] }
}

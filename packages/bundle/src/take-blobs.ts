import type { ContentStore } from '@sealift/content/content-store.ts'
import { writeBlob } from '@sealift/content/read-blob.ts'
import type { Digest } from '@sealift/oci/digest.ts'
import { isSealiftError, type SealiftError } from '@sealift/oci/sealift-error.ts'
import { type BundleEntry } from './format/bundle-index.ts'
import type { Member } from './format/layout.ts'
import { Bundle } from './read/bundle.ts'
import { unpack } from './read/bundled-blobs.ts'

/** What {@link takeBlobs} needs. */
export interface TakeBlobsOptions {
  readonly store: ContentStore
  /** The blobs to take, where the bundle has them. */
  readonly wanted: ReadonlySet<Digest>
  /** Told of a blob that the bundle has, but damaged. */
  readonly damaged: (digest: Digest, fault: SealiftError) => void
  readonly signal?: AbortSignal
}

/**
 * Takes single blobs out of a bundle into a store. Who signed the bundle does not matter: a blob is what its
 * digest names, or it is not taken. Whatever else is damaged in the file hinders nothing.
 * @returns those that are in the store now
 * @throws SealiftError as {@link Bundle.open}; `DISK_FULL`
 */
export async function takeBlobs(path: string, { store, wanted, damaged, signal }: TakeBlobsOptions): Promise<ReadonlySet<Digest>> {
  await using bundle = await Bundle.open(path)
  const taken = new Set<Digest>()
  const { packs, entries } = bundle.head.index
  for (const [position, member] of bundle.members.entries()) {
    signal?.throwIfAborted()
    const contents = packs[position]?.contents ?? [entries[position - packs.length] as BundleEntry]
    const here = contents.filter(({ digest }) => wanted.has(digest))
    if (here.length === 0) continue
    try {
      if (packs[position] === undefined) await takeEntry(bundle, member, here[0] as BundleEntry, store)
      else await takeFromPack(bundle, member, contents, wanted, store)
      for (const { digest } of here) taken.add(digest)
    } catch (thrown) {
      const isFault = isSealiftError(thrown, 'BUNDLE_DAMAGED') || isSealiftError(thrown, 'BUNDLE_TRUNCATED') || isSealiftError(thrown, 'CONTENT_CORRUPT')
      if (!isFault) throw thrown
      for (const { digest } of here) damaged(digest, thrown)
    }
  }
  return taken
}

async function takeEntry(bundle: Bundle, member: Member, { digest, size }: BundleEntry, store: ContentStore): Promise<void> {
  const writer = await store.writer({ digest, size })
  try {
    for await (const plain of bundle.plainBlocks(member)) await writer.write(plain)
    await writer.commit()
  } catch (thrown) {
    await writer.abort()
    throw thrown
  }
}

async function takeFromPack(
  bundle: Bundle,
  member: Member,
  contents: readonly { readonly digest: Digest; readonly size: number }[],
  wanted: ReadonlySet<Digest>,
  store: ContentStore,
): Promise<void> {
  let whole: Buffer = Buffer.alloc(0)
  for await (const plain of bundle.plainBlocks(member)) whole = Buffer.from(plain)
  for (const [digest, bytes] of unpack(bundle, member, contents, whole)) {
    if (wanted.has(digest)) await writeBlob(store, bytes)
  }
}

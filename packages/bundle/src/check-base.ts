import { hash } from 'node:crypto'
import type { ContentStore } from '@sealift/content/content-store.ts'
import { checkBlob } from '@sealift/content/read-blob.ts'
import type { Digest } from '@sealift/oci/digest.ts'
import { isSealiftError, SealiftError } from '@sealift/oci/sealift-error.ts'
import type { BaseRelease, PlainBlob } from './format/bundle-index.ts'
import type { OnProgress } from './progress.ts'
import type { Bundle } from './read/bundle.ts'

/** What {@link checkBase} needs. */
export interface CheckBaseOptions {
  readonly store: ContentStore
  /** Whether a release is here: it decides only what is said, since the blobs are what counts. */
  readonly hasRelease?: (digest: Digest) => boolean | Promise<boolean>
  readonly progress?: OnProgress
  readonly signal?: AbortSignal
}

/** Blobs that an error names in its details. */
const NAMED = 1000

/**
 * Checks that everything that an increment leaves out is here and undamaged, whichever release brought
 * it. Reads those blobs in their encoded form; what is damaged the store sets aside, so that it can be
 * brought anew. Writes nothing.
 * @throws SealiftError `BUNDLE_BASE_MISSING`, `BUNDLE_INVALID` (a size that the blob can't have)
 */
export async function checkBase(bundle: Bundle, options: CheckBaseOptions): Promise<void> {
  const { requires } = bundle.head.index
  const missing = await findMissing(bundle, options)
  // What is missing is told at once; only a base that is whole is worth the reading.
  const damaged = missing.length > 0 ? [] : await findDamaged(requires, options)
  if (missing.length > 0 || damaged.length > 0) throw await baseMissing(bundle, missing, damaged, options)
}

async function findMissing({ path, head: { index } }: Bundle, { store }: CheckBaseOptions): Promise<readonly PlainBlob[]> {
  const missing: PlainBlob[] = []
  for (const blob of index.requires) {
    const info = await store.info(blob.digest)
    if (info === undefined) missing.push(blob)
    else if (info.size !== blob.size) {
      throw new SealiftError('BUNDLE_INVALID', `${path}: requires blob ${blob.digest} with ${blob.size} bytes; the blob of that digest has ${info.size}`)
    }
  }
  return missing
}

async function findDamaged(requires: readonly PlainBlob[], { store, progress, signal }: CheckBaseOptions): Promise<readonly PlainBlob[]> {
  const total = requires.reduce((sum, { size }) => sum + size, 0)
  const damaged: PlainBlob[] = []
  let done = 0
  for (const blob of requires) {
    signal?.throwIfAborted()
    if (await isDamaged(store, blob.digest)) damaged.push(blob)
    progress?.({ stage: 'base', done: (done += blob.size), total })
  }
  return damaged
}

async function isDamaged(store: ContentStore, digest: Digest): Promise<boolean> {
  try {
    await using blob = await store.open(digest)
    for (const [index, block] of blob.blocks.entries()) {
      const bytes = await blob.readBlock(index)
      if (bytes.length === block.size && hash('sha256', bytes, 'hex') === block.sha256) continue
      // Read in the store's own way, the damage becomes known to it.
      await checkBlob(store, digest)
      return true
    }
    return false
  } catch (thrown) {
    if (isSealiftError(thrown, 'CONTENT_CORRUPT') || isSealiftError(thrown, 'CONTENT_MISSING') || isSealiftError(thrown, 'DISK_FAULT')) return true
    throw thrown
  }
}

async function baseMissing(
  { path, head: { index } }: Bundle,
  missing: readonly PlainBlob[],
  damaged: readonly PlainBlob[],
  { hasRelease }: CheckBaseOptions,
): Promise<SealiftError> {
  const absent: BaseRelease[] = []
  for (const release of index.base) if ((await hasRelease?.(release.digest)) !== true) absent.push(release)
  const blobs = missing.length > 0 ? missing : damaged
  const bytes = blobs.reduce((sum, { size }) => sum + size, 0)
  const what = `${blobs.length} of the ${index.requires.length} blobs that it leaves out are ${missing.length > 0 ? 'missing' : 'damaged'} here (${bytes} bytes)`
  // Where every release of the base is here, one of them has lost content, and which one can't be told.
  const toImport = (absent.length > 0 ? absent : index.base).map(nameOf).join(', ')
  const here =
    absent.length > 0 ? `${absent.map(nameOf).join(', ')} ${absent.length === 1 ? 'is' : 'are'} not here` : 'what it builds on is here, but not whole'
  const increment = index.base.length > 0 ? `is an increment on ${index.base.map(nameOf).join(', ')}` : 'is an increment'
  const again = absent.length > 0 ? `Import ${toImport} first` : `Import the bundle that brought ${toImport} once more: it replaces what is missing or damaged`
  return new SealiftError('BUNDLE_BASE_MISSING', `${path} ${increment}; ${here}: ${what}`, {
    hint: `${index.base.length > 0 ? `${again}, or ask` : 'Ask'} the vendor for a whole bundle (sealift export without --since).`,
    details: {
      base: index.base.map(({ application, version, digest }) => ({
        application,
        version,
        digest,
        here: !absent.some((release) => release.digest === digest),
      })),
      missing: missing.length,
      damaged: damaged.length,
      bytes,
      blobs: blobs.slice(0, NAMED).map(({ digest }) => digest),
    },
  })
}

const nameOf = ({ application, version, digest }: BaseRelease): string => `${application} ${version} (${digest})`

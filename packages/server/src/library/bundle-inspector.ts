import type { InspectedBundle } from '@sealift/api/bundle.ts'
import type { Job } from '@sealift/api/job.ts'
import type { PlainBlob } from '@sealift/bundle/format/bundle-index.ts'
import { Bundle } from '@sealift/bundle/read/bundle.ts'
import type { BundleHead } from '@sealift/bundle/read/bundle-head.ts'
import { carriedBlobs, type VerifiedRelease } from '@sealift/bundle/read/bundled-blobs.ts'
import { formatFingerprint } from '@sealift/bundle/signature/fingerprint.ts'
import { type NamedImage, unpackToLayout } from '@sealift/bundle/unpack-to-layout.ts'
import { verifyBundle } from '@sealift/bundle/verify-bundle.ts'
import type { ContentStore } from '@sealift/content/content-store.ts'
import { parseRelease } from '@sealift/template/release.ts'
import type { JobQueue } from '../jobs/job-queue.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import { bundleProgress } from './bundle-progress.ts'
import type { ReleaseLibrary } from './release-library.ts'

/** Looks into bundles without importing them. */
export class BundleInspector {
  readonly #keys: KeyRing
  readonly #jobs: JobQueue
  readonly #library: ReleaseLibrary
  readonly #store: ContentStore

  constructor({ keys, jobs, library, store }: { keys: KeyRing; jobs: JobQueue; library: ReleaseLibrary; store: ContentStore }) {
    this.#library = library
    this.#store = store
    this.#keys = keys
    this.#jobs = jobs
  }

  /** What the head of a bundle says; its content is not read. */
  async inspect(path: string): Promise<InspectedBundle> {
    await using bundle = await Bundle.open(path)
    let content = 0
    for (const { size } of carriedBlobs(bundle)) content += size
    return this.#describe(path, bundle.head, bundle.expectedSize, content)
  }

  /** Starts a job that checks every byte and writes nothing. */
  async startVerify(path: string): Promise<Job> {
    return this.#jobs.start({
      kind: 'verify',
      title: `verify ${path}`,
      request: { path },
      exclusive: [],
      run: async (context) => {
        const head = await verifyBundle(path, { progress: bundleProgress(context), signal: context.signal })
        for (const { document } of head.releases) parseRelease(document)
        return this.inspect(path)
      },
    })
  }

  /** Starts a job that turns a bundle into an OCI image layout. */
  async startUnpack(path: string, folder: string): Promise<Job> {
    return this.#jobs.start({
      kind: 'unpack',
      title: `unpack ${path}`,
      request: { path, oci: folder },
      exclusive: [`file ${folder}`],
      run: async (context) => {
        const { images } = await unpackToLayout(path, folder, { imagesOf: namedImages, progress: bundleProgress(context), signal: context.signal })
        return { folder, images: [...new Set(images.map(({ name }) => name))] }
      },
    })
  }

  async #required(requires: readonly PlainBlob[]): Promise<InspectedBundle['requires']> {
    let bytes = 0
    let missing = 0
    for (const { digest, size } of requires) {
      bytes += size
      if ((await this.#store.info(digest)) === undefined) missing++
    }
    return { blobs: requires.length, bytes, missing }
  }

  async #describe(path: string, { index, signer }: BundleHead, size: number, content: number): Promise<InspectedBundle> {
    return {
      file: path,
      bundleId: index.bundleId,
      createdAt: index.createdAt,
      creator: index.creator,
      size,
      content,
      blobs: index.entries.length + index.packs.reduce((sum, { contents }) => sum + contents.length, 0),
      signature: signer === undefined ? 'none' : (await this.#keys.isTrusted(signer.fingerprint)) ? 'trusted' : 'not trusted here',
      ...(signer === undefined ? {} : { signer: formatFingerprint(signer.fingerprint) }),
      releases: index.releases.map(({ application, version, sequence, digest, platforms }) => ({
        application,
        version,
        sequence,
        digest,
        ...(platforms === undefined ? {} : { platforms: [...platforms] }),
      })),
      base: await Promise.all(index.base.map(async (release) => ({ ...release, here: await this.#library.holds(release.digest) }))),
      requires: await this.#required(index.requires),
    }
  }
}

function namedImages({ document }: VerifiedRelease): NamedImage[] {
  return Object.values(parseRelease(document).images).flatMap(({ reference, platforms }) =>
    platforms.map(({ manifest, platform }) => ({ name: reference, descriptor: { ...manifest, platform } })),
  )
}

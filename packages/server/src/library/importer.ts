import { statfs } from 'node:fs/promises'
import type { Imported } from '@sealift/api/imported.ts'
import type { Job } from '@sealift/api/job.ts'
import type { RouteInput } from '@sealift/api/route.ts'
import type { releaseRoutes } from '@sealift/api/routes/releases.ts'
import { importBundle } from '@sealift/bundle/import-bundle.ts'
import type { VerifiedRelease } from '@sealift/bundle/read/bundled-blobs.ts'
import { type Fingerprint, formatFingerprint, parseFingerprint } from '@sealift/bundle/signature/fingerprint.ts'
import type { ContentStore } from '@sealift/content/content-store.ts'
import { verifyImage } from '@sealift/images/image-content.ts'
import type { Digest } from '@sealift/oci/digest.ts'
import { formatPlatform, type Platform, parsePlatform, platformMatches } from '@sealift/oci/platform.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { contentOf, parseRelease, type Release } from '@sealift/template/release.ts'
import type { JobQueue } from '../jobs/job-queue.ts'
import type { JobContext } from '../jobs/job-work.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import { bundleProgress } from './bundle-progress.ts'
import type { NewRelease, ReleaseLibrary } from './release-library.ts'

type ImportRequest = RouteInput<typeof releaseRoutes.importBundle>['body']

/** Takes bundles into the library. */
export class Importer {
  readonly #store: ContentStore
  readonly #folder: string
  readonly #library: ReleaseLibrary
  readonly #keys: KeyRing
  readonly #jobs: JobQueue

  constructor({ store, folder, library, keys, jobs }: { store: ContentStore; folder: string; library: ReleaseLibrary; keys: KeyRing; jobs: JobQueue }) {
    this.#store = store
    this.#folder = folder
    this.#library = library
    this.#keys = keys
    this.#jobs = jobs
  }

  /** @throws SealiftError `KEY_FINGERPRINT_INVALID`, `USAGE`, `JOB_CONFLICT` */
  async start(request: ImportRequest): Promise<Job> {
    const trust = new Set((request.trust ?? []).map(parseFingerprint))
    const rebind = new Map((request.rebind ?? []).map(parseRebinding))
    return this.#jobs.start({
      kind: 'import',
      title: `import ${request.path}`,
      request,
      // One import at a time: two that carry the same release would both decide on its sequence.
      exclusive: ['imports'],
      run: (context) => this.#import(request, trust, rebind, context),
    })
  }

  async #import(request: ImportRequest, trust: ReadonlySet<Fingerprint>, rebind: ReadonlyMap<string, Fingerprint>, context: JobContext): Promise<Imported> {
    const accepted = new Map<Digest, { release: Release; known: boolean }>()
    const bound = new Map<string, Fingerprint>()
    const newlyTrusted = new Set<Fingerprint>()
    context.progress('Reading the head of the bundle')
    const imported = await importBundle(request.path, {
      store: this.#store,
      allowUnsigned: request.allowUnsigned === true,
      trusted: async (fingerprint) => {
        if (await this.#keys.isTrusted(fingerprint)) return true
        // Told at once, rather than that it should be passed to --trust, which would not help.
        await this.#keys.refuseRevoked(fingerprint)
        if (!trust.has(fingerprint)) return false
        newlyTrusted.add(fingerprint)
        return true
      },
      contentOf: async (verified) => {
        const release = parseRelease(verified.document)
        const known = await this.#library.holds(verified.digest)
        if (!known) await this.#accept(release, verified, request, rebind, bound)
        accepted.set(verified.digest, { release, known })
        return contentOf(release, carriedPlatforms(verified, release, request.path)).map(({ digest }) => digest)
      },
      hasRelease: (digest) => this.#library.holds(digest),
      freeBytes: async () => {
        const { bavail, bsize } = await statfs(this.#folder)
        return bavail * bsize
      },
      progress: bundleProgress(context),
      signal: context.signal,
    })
    context.progress('Checking the images')
    const releases: NewRelease[] = []
    for (const verified of imported.releases) {
      const { release, known } = accepted.get(verified.digest) as { release: Release; known: boolean }
      const carried = carriedPlatforms(verified, release, request.path)
      for (const { reference, platforms } of Object.values(release.images)) {
        for (const image of platforms) {
          if (carried !== undefined && !carried.some((platform) => platformMatches(image.platform, platform))) continue
          await verifyImage(this.#store, image, `image ${reference}`, { signal: context.signal })
        }
      }
      // What was here before changes nothing; above all its version's label does not move back to it, unless that was asked for.
      if (known && request.allowOlder !== true && !rebind.has(release.application)) continue
      releases.push({
        digest: verified.digest,
        release,
        signature: verified.signature,
        signer: verified.publisher.fingerprint,
        origin: 'imported',
        rebind: rebind.get(release.application) === verified.publisher.fingerprint,
      })
    }
    context.signal.throwIfAborted()
    await this.#library.add(releases, (tx) => this.#keys.recordTrust(newlyTrusted, `trusted with ${request.path}`, tx))
    return {
      bundleId: imported.bundleId,
      signer: imported.signer ? formatFingerprint(imported.signer.fingerprint) : '',
      releases: imported.releases.map(({ application, version, digest, publisher }) => ({
        application,
        version,
        digest,
        signer: formatFingerprint(publisher.fingerprint),
        known: accepted.get(digest)?.known === true,
      })),
      stored: imported.stored,
      present: imported.present,
    }
  }

  /** Refuses a release that must not come in, before anything is written. */
  async #accept(
    release: Release,
    verified: VerifiedRelease,
    request: ImportRequest,
    rebind: ReadonlyMap<string, Fingerprint>,
    bound: Map<string, Fingerprint>,
  ): Promise<void> {
    const { application, version, sequence } = release
    if (application !== verified.application || version !== verified.version || sequence !== verified.sequence) {
      throw new SealiftError(
        'BUNDLE_INVALID',
        `${request.path}: the index names ${verified.application}@${verified.version}, its document ${application}@${version}`,
      )
    }
    const here = await this.#library.application(application)
    const publisher = verified.publisher.fingerprint
    // Of an application that is new here, the first release in the bundle binds those after it.
    const boundKey = here?.boundKey ?? bound.get(application) ?? publisher
    bound.set(application, publisher)
    if (boundKey !== publisher && rebind.get(application) !== publisher) {
      throw new SealiftError(
        'APPLICATION_BOUND',
        `${application} came first from the vendor key ${formatFingerprint(boundKey as Fingerprint)}; this release is signed by ${formatFingerprint(publisher)}`,
        { hint: `If the vendor confirms its new key by another way, pass --rebind ${application}=${formatFingerprint(publisher)}` },
      )
    }
    if (here !== undefined && sequence <= here.lastSequence && request.allowOlder !== true) {
      throw new SealiftError(
        'RELEASE_OLDER',
        `${application} ${version} has the sequence number ${sequence}, while the newest release here has ${here.lastSequence}: it is older`,
      )
    }
  }
}

/** The platforms whose images a bundle says that it brings; undefined where it brings all. @throws SealiftError `BUNDLE_INVALID` */
function carriedPlatforms({ platforms }: VerifiedRelease, release: Release, path: string): readonly Platform[] | undefined {
  if (platforms === undefined) return undefined
  const there = Object.values(release.images).flatMap((image) => image.platforms.map(({ platform }) => formatPlatform(platform)))
  const unknown = platforms.find((platform) => !there.includes(platform))
  if (unknown !== undefined) {
    throw new SealiftError(
      'BUNDLE_INVALID',
      `${path}: the index names the platform ${unknown}, for which ${release.application} ${release.version} has no image`,
    )
  }
  return platforms.map((text) => parsePlatform(text)).filter((platform) => platform !== undefined)
}

function parseRebinding(text: string): [string, Fingerprint] {
  const [application, fingerprint, ...rest] = text.split('=')
  if (!application || !fingerprint || rest.length > 0) throw new SealiftError('USAGE', `--rebind ${text}: expected APP=FINGERPRINT`)
  return [application, parseFingerprint(fingerprint)]
}

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
import { ImportTrust } from './import-trust.ts'
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
    const accepted = new Map<Digest, Accepted>()
    const bound: Acceptance['bound'] = new Map()
    const keys = new ImportTrust(this.#keys, { trust, allowExpiredRoot: request.allowExpiredRoot === true }, (message) => context.log(message))
    context.progress('Reading the head of the bundle')
    const imported = await importBundle(request.path, {
      store: this.#store,
      allowUnsigned: request.allowUnsigned === true,
      roots: (chains) => keys.consider(chains),
      trusted: (fingerprint) => keys.isTrusted(fingerprint),
      contentOf: async (verified) => {
        const release = parseRelease(verified.document)
        const known = await this.#library.holds(verified.digest)
        // What was here before changes nothing, unless it is to be the current one again.
        const changes = !known || request.allowOlder === true
        const rebound = changes && (await this.#accept(release, verified, request, { rebind, bound, keys }))
        accepted.set(verified.digest, { release, known, changes, rebound })
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
    const renewed: { digest: Digest; signature: Digest; signer: Fingerprint }[] = []
    const replacements = new Map<Digest, Digest>()
    for (const verified of imported.releases) {
      const { release, known, changes, rebound } = accepted.get(verified.digest) as Accepted
      const carried = carriedPlatforms(verified, release, request.path)
      for (const { reference, platforms } of Object.values(release.images)) {
        for (const image of platforms) {
          if (carried !== undefined && !carried.some((platform) => platformMatches(image.platform, platform))) continue
          await verifyImage(this.#store, image, `image ${reference}`, { signal: context.signal })
        }
      }
      const signature = { digest: verified.digest, signature: verified.signature, signer: verified.publisher.fingerprint }
      if (known && !(await this.#keys.isTrusted((await this.#library.signerOf(verified.digest)) as Fingerprint))) renewed.push(signature)
      if (!changes) continue
      const replaced = await this.#library.labelled(release.application, release.version)
      if (replaced !== undefined && replaced !== verified.digest) replacements.set(verified.digest, replaced)
      releases.push({
        ...signature,
        release,
        origin: 'imported',
        // What got here is of the application's key, of another one of the same vendor, or of one that was named.
        rebind: rebound ? 'other-vendor' : 'same-vendor',
      })
    }
    context.signal.throwIfAborted()
    await this.#library.add(releases, async (tx) => {
      await keys.record(`trusted with ${request.path}`, tx)
      await this.#library.resign(renewed, tx)
    })
    return {
      bundleId: imported.bundleId,
      signer: imported.signer ? formatFingerprint(imported.signer.fingerprint) : '',
      releases: imported.releases.map(({ application, version, digest, publisher }) => ({
        application,
        version,
        digest,
        signer: formatFingerprint(publisher.fingerprint),
        known: accepted.get(digest)?.known === true,
        ...(replacements.has(digest) ? { replaced: replacements.get(digest) as Digest } : {}),
      })),
      stored: imported.stored,
      present: imported.present,
    }
  }

  /** Refuses a release that must not come in, before anything is written. Returns whether it binds its application to another vendor. */
  async #accept(release: Release, verified: VerifiedRelease, request: ImportRequest, { rebind, bound, keys }: Acceptance): Promise<boolean> {
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
    const before = bound.get(application)
    const boundKey = before?.key ?? here?.boundKey ?? publisher
    const isOther = boundKey !== publisher && !(await keys.areOfOneVendor(boundKey, publisher))
    if (isOther && rebind.get(application) !== publisher) {
      throw new SealiftError(
        'APPLICATION_BOUND',
        `${application} came first from the vendor key ${formatFingerprint(boundKey as Fingerprint)}; this release is signed by ${formatFingerprint(publisher)}`,
        { hint: `If the vendor confirms its new key by another way, pass --rebind ${application}=${formatFingerprint(publisher)}` },
      )
    }
    // Another vendor's numbers have begun anew, and say nothing beside those of the one before.
    const anew = isOther || before?.anew === true
    bound.set(application, { key: publisher, anew })
    if (!anew && here !== undefined && sequence <= here.lastSequence && request.allowOlder !== true) {
      throw new SealiftError(
        'RELEASE_OLDER',
        `${application} ${version} has the sequence number ${sequence}, while the newest release here has ${here.lastSequence}: it is older`,
      )
    }
    return isOther
  }
}

/** What was decided about a release. */
interface Accepted {
  readonly release: Release
  /** It was here before. */
  readonly known: boolean
  /** It becomes what its version's label points to. */
  readonly changes: boolean
  readonly rebound: boolean
}

/** What it is decided by whether a release may come in. */
interface Acceptance {
  readonly rebind: ReadonlyMap<string, Fingerprint>
  /** What the releases before in the same bundle bind their applications to, and whether that is another vendor than until now. */
  readonly bound: Map<string, { readonly key: Fingerprint; readonly anew: boolean }>
  readonly keys: ImportTrust
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

import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Exported } from '@sealift/api/exported.ts'
import type { Job } from '@sealift/api/job.ts'
import type { RouteInput } from '@sealift/api/route.ts'
import type { releaseRoutes } from '@sealift/api/routes/releases.ts'
import { type Fingerprint, formatFingerprint } from '@sealift/bundle/signature/fingerprint.ts'
import type { KeyPair } from '@sealift/bundle/signature/key-pair.ts'
import { PayloadType } from '@sealift/bundle/signature/payload-type.ts'
import { sign } from '@sealift/bundle/signature/signature.ts'
import type { RootChain } from '@sealift/bundle/trust/root-chain.ts'
import type { RootToBundle } from '@sealift/bundle/write/bundle-contents.ts'
import { writeBundle } from '@sealift/bundle/write/write-bundle.ts'
import type { ContentStore } from '@sealift/content/content-store.ts'
import { readBlob, writeBlob } from '@sealift/content/read-blob.ts'
import type { Digest } from '@sealift/oci/digest.ts'
import { formatPlatform, type Platform } from '@sealift/oci/platform.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { contentOf } from '@sealift/template/release.ts'
import type { JobQueue } from '../jobs/job-queue.ts'
import type { JobContext } from '../jobs/job-work.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import { shownVendor } from '../keys/trust-roots.ts'
import { CREATOR } from '../version.ts'
import { bundleProgress } from './bundle-progress.ts'
import { choosePlatforms, type ExportBase, requireHeld, resolveBase } from './export-scope.ts'
import type { HeldRelease, ReleaseLibrary } from './release-library.ts'

type ExportRequest = RouteInput<typeof releaseRoutes.exportBundle>['body']

/** Writes bundles of the library's releases. */
export class Exporter {
  readonly #store: ContentStore
  readonly #library: ReleaseLibrary
  readonly #keys: KeyRing
  readonly #jobs: JobQueue

  constructor({ store, library, keys, jobs }: { store: ContentStore; library: ReleaseLibrary; keys: KeyRing; jobs: JobQueue }) {
    this.#store = store
    this.#library = library
    this.#keys = keys
    this.#jobs = jobs
  }

  /** @throws SealiftError `RELEASE_NOT_FOUND`, `FILE_EXISTS`, `RELEASE_UNSIGNED`, `IMAGE_PLATFORM_MISSING`, `CONTENT_MISSING`, `USAGE` */
  async start(asked: ExportRequest): Promise<Job> {
    const held = await this.#library.find(asked.application, asked.version)
    const request = { ...asked, out: await outputFile(asked.out, held) }
    if (request.overwrite !== true && (await exists(request.out))) throw new SealiftError('FILE_EXISTS', `${request.out} exists already`)
    const platforms = choosePlatforms(asked.platforms ?? [], held.release)
    await requireHeld(held.release, platforms, this.#store)
    const base = await resolveBase(asked.since ?? [], held, this.#library, platforms)
    return this.#jobs.start({
      kind: 'export',
      title: `export ${held.row.application} ${held.row.version}`,
      request,
      exclusive: [`file ${request.out}`],
      run: (context) => this.#export(held, { base, platforms }, request, context),
    })
  }

  async #export({ row, release }: HeldRelease, { base, platforms }: ExportScope, request: ExportRequest, context: JobContext): Promise<Exported> {
    if (row.signature === null) throw new SealiftError('RELEASE_UNSIGNED', `release ${row.application} ${row.version} has no publisher's signature`)
    const own = await this.#keys.signingKey()
    const key = request.unsigned === true ? 'unsigned' : own
    const publication = await this.#acceptable(row, row.signature, own)
    const chains = await this.#keys.roots.chainsOf([own.fingerprint, publication.signer])
    context.progress('Collecting content')
    const content = contentOf(release, platforms)
    const only = platforms === undefined ? {} : { platforms: platforms.map(formatPlatform) }
    const { index, size, omitted } = await writeBundle({
      store: this.#store,
      releases: [
        {
          application: row.application,
          version: row.version,
          sequence: row.sequence,
          digest: row.digest,
          signature: publication.signature,
          content: content.map(({ digest }) => digest),
          ...only,
        },
      ],
      roots: await this.#storeRoots(chains),
      base: base.releases,
      omit: (digest) => base.blobs.has(digest),
      out: request.out,
      key,
      creator: CREATOR,
      progress: bundleProgress(context),
      signal: context.signal,
    })
    return {
      application: row.application,
      version: row.version,
      digest: row.digest,
      file: request.out,
      size,
      content: content.reduce((sum, { size: plain }) => sum + plain, 0) - index.requires.reduce((sum, { size: plain }) => sum + plain, 0),
      base: [...index.base],
      omitted,
      ...only,
      bundleId: index.bundleId,
      signer: key === 'unsigned' ? '' : formatFingerprint(key.fingerprint),
      vendor: shownVendor((chains[0] as RootChain).vendor),
    }
  }

  /** A release of our own that a key signed which was revoked since is signed anew: no site would take it otherwise. */
  async #acceptable(
    { digest, signer, origin }: HeldRelease['row'],
    signature: Digest,
    own: KeyPair,
  ): Promise<{ readonly signature: Digest; readonly signer: string }> {
    if (origin !== 'published' || (await this.#keys.isTrusted(signer as Fingerprint))) return { signature, signer }
    const renewed = await writeBlob(this.#store, sign(own, PayloadType.release, await readBlob(this.#store, digest)))
    await this.#library.resign([{ digest, signature: renewed, signer: own.fingerprint }])
    return { signature: renewed, signer: own.fingerprint }
  }

  /** Roots live in the database; they travel as blobs like everything else. */
  async #storeRoots(chains: readonly RootChain[]): Promise<readonly (readonly RootToBundle[])[]> {
    const stored: RootToBundle[][] = []
    for (const { roots } of chains) {
      const chain: RootToBundle[] = []
      for (const { digest, document, signatures } of roots) {
        await writeBlob(this.#store, document)
        const written: Digest[] = []
        for (const signature of signatures) written.push(await writeBlob(this.#store, signature))
        chain.push({ digest, signatures: written })
      }
      stored.push(chain)
    }
    return stored
  }
}

/** What of a release is written. */
interface ExportScope {
  readonly base: ExportBase
  readonly platforms: readonly Platform[] | undefined
}

/** The file to write; in a folder it is named after the release. */
async function outputFile(out: string, { row }: HeldRelease): Promise<string> {
  const there = await stat(out).catch(() => undefined)
  return there?.isDirectory() === true ? join(out, `${row.application}-${row.version}.sealift`) : out
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

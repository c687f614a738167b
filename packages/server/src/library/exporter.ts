import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Exported } from '@sealift/api/exported.ts'
import type { Job } from '@sealift/api/job.ts'
import type { RouteInput } from '@sealift/api/route.ts'
import type { releaseRoutes } from '@sealift/api/routes/releases.ts'
import { formatFingerprint } from '@sealift/bundle/signature/fingerprint.ts'
import { writeBundle } from '@sealift/bundle/write/write-bundle.ts'
import type { ContentStore } from '@sealift/content/content-store.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { contentOf } from '@sealift/template/release.ts'
import type { JobQueue } from '../jobs/job-queue.ts'
import type { JobContext } from '../jobs/job-work.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import { CREATOR } from '../version.ts'
import { bundleProgress } from './bundle-progress.ts'
import { type HeldRelease, type ReleaseLibrary, releaseSize } from './release-library.ts'

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

  /** @throws SealiftError `RELEASE_NOT_FOUND`, `FILE_EXISTS`, `RELEASE_UNSIGNED` */
  async start(asked: ExportRequest): Promise<Job> {
    const held = await this.#library.find(asked.application, asked.version)
    const request = { ...asked, out: await outputFile(asked.out, held) }
    if (request.overwrite !== true && (await exists(request.out))) throw new SealiftError('FILE_EXISTS', `${request.out} exists already`)
    return this.#jobs.start({
      kind: 'export',
      title: `export ${held.row.application} ${held.row.version}`,
      request,
      exclusive: [`file ${request.out}`],
      run: (context) => this.#export(held, request, context),
    })
  }

  async #export({ row, release }: HeldRelease, request: ExportRequest, context: JobContext): Promise<Exported> {
    if (row.signature === null) throw new SealiftError('RELEASE_UNSIGNED', `release ${row.application} ${row.version} has no publisher's signature`)
    const key = request.unsigned === true ? 'unsigned' : await this.#keys.signingKey()
    context.progress('Collecting content')
    const { index, size } = await writeBundle({
      store: this.#store,
      releases: [
        {
          application: row.application,
          version: row.version,
          sequence: row.sequence,
          digest: row.digest,
          signature: row.signature,
          content: contentOf(release).map(({ digest }) => digest),
        },
      ],
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
      content: releaseSize(release),
      bundleId: index.bundleId,
      signer: key === 'unsigned' ? '' : formatFingerprint(key.fingerprint),
    }
  }
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

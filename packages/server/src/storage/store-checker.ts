import { setTimeout as sleep } from 'node:timers/promises'
import type { Checked } from '@sealift/api/checked.ts'
import type { Job } from '@sealift/api/job.ts'
import type { RouteInput } from '@sealift/api/route.ts'
import type { storageRoutes } from '@sealift/api/routes/storage.ts'
import { takeBlobs } from '@sealift/bundle/take-blobs.ts'
import type { BlobInfo, ContentStore } from '@sealift/content/content-store.ts'
import type { Digest } from '@sealift/oci/digest.ts'
import { isSealiftError } from '@sealift/oci/sealift-error.ts'
import type { Release } from '@sealift/template/release.ts'
import type { Database } from '../database/open-database.ts'
import type { JobQueue } from '../jobs/job-queue.ts'
import type { JobContext } from '../jobs/job-work.ts'
import type { ReleaseLibrary } from '../library/release-library.ts'
import { COLLECTION } from './collector.ts'
import type { ContentRoot } from './content-root.ts'
import { neededContent } from './needed-content.ts'

type CheckRequest = RouteInput<typeof storageRoutes.checkStore>['body']

/** Holds the digest after which a check that was cut off goes on. */
const PROGRESS = 'store-check'
/** How often that is recorded, in milliseconds. */
const RECORD_EVERY = 5000
/** While other work is under way, a check rests after each blob for as long as the blob took, but at most so long. */
const LONGEST_REST = 2000

/** What checking needs. */
export interface StoreCheckerParts {
  readonly store: ContentStore
  readonly db: Database
  /** The file of the database. */
  readonly database: string
  readonly library: ReleaseLibrary
  readonly roots: readonly ContentRoot[]
  readonly jobs: JobQueue
}

/** Reads all content against its digests, and brings back what is lacking from bundles. */
export class StoreChecker {
  readonly #parts: StoreCheckerParts

  constructor(parts: StoreCheckerParts) {
    this.#parts = parts
  }

  /** @throws SealiftError `JOB_CONFLICT` */
  async start(request: CheckRequest): Promise<Job> {
    return this.#parts.jobs.start({
      kind: 'check',
      title: request.from === undefined ? 'check the content' : `check the content, and repair it from ${request.from.join(', ')}`,
      request,
      exclusive: [COLLECTION],
      run: (context) => this.#check(request, context),
    })
  }

  async #check({ from = [], restart }: CheckRequest, context: JobContext): Promise<Checked> {
    const { store } = this.#parts
    const started = performance.now()
    const after = restart === true ? undefined : await this.#readProgress()
    const checked = await this.#readAll(after, context)
    const seconds = Math.round((performance.now() - started) / 100) / 10
    context.progress('Finding out what is lacking')
    const repaired: Digest[] = []
    let lacking = await this.#lacking()
    for (const path of from) {
      // A release that was brought back tells what else it needs, which the same bundle may have.
      for (let taken = 1; taken > 0 && lacking.size > 0; ) {
        context.progress(`Taking what is lacking from ${path}`)
        const brought = await this.#take(path, lacking, context)
        repaired.push(...brought)
        taken = brought.size
        lacking = await this.#lacking()
      }
    }
    const damaged = new Set(await store.damaged())
    return {
      checked,
      continued: after !== undefined,
      seconds,
      repaired,
      lacking: [...lacking].map(([digest, neededBy]) => ({ digest, damaged: damaged.has(digest), neededBy: [...neededBy] })),
    }
  }

  #take(path: string, lacking: ReadonlyMap<Digest, unknown>, context: JobContext): Promise<ReadonlySet<Digest>> {
    const damaged = (digest: Digest): void => context.log(`${path} has the blob ${digest} too, but damaged.`, 'warning')
    return takeBlobs(path, { store: this.#parts.store, wanted: new Set(lacking.keys()), damaged, signal: context.signal })
  }

  /** Reads every blob, those after one digest only. */
  async #readAll(after: string | undefined, context: JobContext): Promise<Checked['checked']> {
    const { store, jobs } = this.#parts
    context.progress('Listing the content')
    const all: BlobInfo[] = []
    for await (const info of store.list()) all.push(info)
    all.sort((a, b) => (a.digest < b.digest ? -1 : 1))
    const blobs = after === undefined ? all : all.filter(({ digest }) => digest > after)
    const total = blobs.reduce((sum, { size }) => sum + size, 0)
    let bytes = 0
    let recorded = performance.now()
    for (const { digest, size } of blobs) {
      context.signal.throwIfAborted()
      const began = performance.now()
      try {
        await store.check(digest)
      } catch (thrown) {
        // Someone may have removed it meanwhile; if it is needed it shows as lacking.
        if (!isSealiftError(thrown, 'CONTENT_CORRUPT') && !isSealiftError(thrown, 'CONTENT_MISSING')) throw thrown
        context.log(thrown.message, 'error')
      }
      context.progress('Reading the content', (bytes += size), total, 'bytes')
      const now = performance.now()
      if (now - recorded > RECORD_EVERY) {
        await this.#writeProgress(digest)
        recorded = now
      }
      if (jobs.running().some(({ id }) => id !== context.id)) await sleep(Math.min(LONGEST_REST, now - began), undefined, { signal: context.signal })
    }
    await this.#writeProgress(undefined)
    return { count: blobs.length, bytes }
  }

  /** What is needed and not there, with who needs it. */
  async #lacking(): Promise<Map<Digest, ReadonlySet<string>>> {
    const { store, database, library, roots } = this.#parts
    const needs = new Map<Digest, Set<string>>()
    // A release whose document is lacking hides what else it needs; once it is back, that shows.
    const isThere = async (digest: Digest): Promise<boolean> => (await store.info(digest)) !== undefined
    const release = async (digest: Digest): Promise<Release | undefined> => ((await isThere(digest)) ? library.open(digest) : undefined)
    const readable = roots.map((root): ContentRoot => ({ name: root.name, content: () => root.content().catch(noneWhereLacking) }))
    for await (const { digest, by, certain } of neededContent({ database, roots: readable, release })) {
      if (certain) needs.set(digest, (needs.get(digest) ?? new Set()).add(by))
    }
    for (const digest of needs.keys()) if (await isThere(digest)) needs.delete(digest)
    return needs
  }

  async #readProgress(): Promise<string | undefined> {
    return (await this.#parts.db.selectFrom('setting').select('value').where('name', '=', PROGRESS).executeTakeFirst())?.value
  }

  async #writeProgress(digest: Digest | undefined): Promise<void> {
    const { db } = this.#parts
    if (digest === undefined) {
      await db.deleteFrom('setting').where('name', '=', PROGRESS).execute()
      return
    }
    const value: string = digest
    await db
      .insertInto('setting')
      .values({ name: PROGRESS, value })
      .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }))
      .execute()
  }
}

function noneWhereLacking(thrown: unknown): readonly Digest[] {
  if (isSealiftError(thrown, 'CONTENT_MISSING') || isSealiftError(thrown, 'CONTENT_CORRUPT')) return []
  throw thrown
}

import type { Collected } from '@sealift/api/collected.ts'
import type { Job } from '@sealift/api/job.ts'
import type { RouteInput } from '@sealift/api/route.ts'
import type { storageRoutes } from '@sealift/api/routes/storage.ts'
import type { ContentStore } from '@sealift/content/content-store.ts'
import type { Digest } from '@sealift/oci/digest.ts'
import { giveReserve, makeReserve } from '../data/reserve.ts'
import type { JobQueue } from '../jobs/job-queue.ts'
import type { JobContext } from '../jobs/job-work.ts'
import type { ReleaseLibrary } from '../library/release-library.ts'
import type { ContentRoot, Waste } from './content-root.ts'
import { neededContent } from './needed-content.ts'
import type { SiteClock } from './site-clock.ts'

const SECOND = 1000
const DAY = 24 * 60 * 60 * SECOND
/** Whoever pulls an image asks for its parts one after another. */
const REST = 10 * 60 * SECOND

/** Claimed by whatever must not see content go: no two of them at once. */
export const COLLECTION = 'the collection of content'

type CollectRequest = RouteInput<typeof storageRoutes.collect>['body']

/** What collecting needs. */
export interface CollectorParts {
  /** The data folder. */
  readonly path: string
  readonly store: ContentStore
  /** The file of the database. */
  readonly database: string
  readonly library: ReleaseLibrary
  readonly roots: readonly ContentRoot[]
  readonly wastes: readonly Waste[]
  readonly clock: SiteClock
  readonly jobs: JobQueue
}

/** Removes what nothing needs: mark and sweep over the content, and what else is over. */
export class Collector {
  readonly #parts: CollectorParts

  constructor(parts: CollectorParts) {
    this.#parts = parts
  }

  /** @throws SealiftError `JOB_CONFLICT` while another collection, or a backup, is at work */
  async start(request: CollectRequest): Promise<Job> {
    // On a full disk not even the beginning of a job could be recorded; what is removed makes the room again.
    if (request.dryRun !== true) await giveReserve(this.#parts.path)
    return this.#parts.jobs.start({
      kind: 'gc',
      title: request.dryRun === true ? 'look for what nothing needs' : 'remove what nothing needs',
      request,
      exclusive: [COLLECTION],
      run: async (context) => {
        try {
          return await this.#collect(request, context)
        } finally {
          await makeReserve(this.#parts.path)
        }
      },
    })
  }

  async #collect({ dryRun = false, minAge: seconds }: CollectRequest, context: JobContext): Promise<Collected> {
    const { store, clock, wastes } = this.#parts
    const minAge = seconds === undefined ? DAY : seconds * SECOND
    const isAgo = await clock.ages()
    const steady = isAgo(Number.NEGATIVE_INFINITY, minAge)
    const removed: Collected['removed'] = []
    // First, since content may be what is over by then.
    for (const waste of wastes) {
      context.signal.throwIfAborted()
      context.progress(`Looking at ${waste.kind}`)
      removed.push({ kind: waste.kind, ...(await waste.clear({ dryRun, isAgo, signal: context.signal })) })
    }
    const content = await store.collect({
      needed: () => this.#needed(context),
      isOld: (changedAt) => isAgo(changedAt, minAge),
      minAge,
      rest: Math.min(REST, minAge),
      dryRun,
      signal: context.signal,
      progress: (done, total) => context.progress(dryRun ? 'Looking at the content' : 'Removing content', done, total),
    })
    removed.unshift({ kind: 'content', ...content.blobs }, { kind: 'temporary', ...content.temporary }, { kind: 'damaged', ...content.damaged })
    return {
      dryRun,
      removed: removed.filter(({ count }) => count > 0),
      freed: removed.reduce((sum, { bytes }) => sum + bytes, 0),
      needed: content.needed,
      waiting: content.waiting,
      steady,
    }
  }

  async #needed(context: JobContext): Promise<ReadonlySet<Digest>> {
    const { database, library, roots } = this.#parts
    context.progress('Finding out what is needed')
    const needed = new Set<Digest>()
    for await (const { digest } of neededContent({ database, roots, release: (release) => library.open(release) })) {
      context.signal.throwIfAborted()
      needed.add(digest)
    }
    return needed
  }
}

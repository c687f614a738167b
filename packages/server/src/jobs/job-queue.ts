import { toErrorDocument } from '@sealift/api/error-document.ts'
import { hasEnded, type Job, type JobEvent } from '@sealift/api/job.ts'
import type { JobKind } from '@sealift/api/job-results.ts'
import { isSealiftError, SealiftError, toSealiftError } from '@sealift/oci/sealift-error.ts'
import type { Selectable } from 'kysely'
import type { Database } from '../database/open-database.ts'
import type { JobRow } from '../database/tables.ts'
import { type Claimant, Claims } from './claims.ts'
import { type JobContext, JobSuspended, type JobWork } from './job-work.ts'
import { RunningJob } from './running-job.ts'

/** How a job came out. */
type Outcome = Pick<Job, 'state'> & Partial<Pick<Job, 'endedAt' | 'result' | 'error'>>

/** Runs jobs, records them, and lets others follow. */
export class JobQueue {
  readonly #db: Database
  readonly #running = new Map<number, RunningJob>()
  readonly #claims = new Claims()
  readonly #lease: (() => Disposable) | undefined
  #closing = false

  /** @param lease begins a lease that each job holds from its start until its end is recorded, so that it finds what it found once */
  constructor(db: Database, lease?: () => Disposable) {
    this.#db = db
    this.#lease = lease
  }

  /** Marks the jobs that a killed process left running; returns their ids. */
  async recover(): Promise<readonly number[]> {
    const left = await this.#db.updateTable('job').set({ state: 'interrupted' }).where('state', 'in', ['queued', 'running']).returning('id').execute()
    return left.map(({ id }) => id)
  }

  /**
   * Starts a job and returns at once.
   * @throws SealiftError `JOB_CONFLICT` where a running job works on the same thing, `SERVER_STOPPING`
   */
  async start<Kind extends JobKind>(work: JobWork<Kind>): Promise<Job> {
    return this.#claimed(work, async () => {
      const createdAt = new Date().toISOString()
      const { kind, title } = work
      const { id } = await this.#db
        .insertInto('job')
        .values({
          kind,
          title,
          state: 'running',
          created_at: createdAt,
          ended_at: null,
          request_json: JSON.stringify(work.request),
          result_json: null,
          error_json: null,
        })
        .returning('id')
        .executeTakeFirstOrThrow()
      return { id, kind, title, state: 'running', stage: '', done: 0, total: 0, unit: 'steps', createdAt }
    })
  }

  /**
   * Runs an interrupted job again under its own number, so that its log and journal go on.
   * @throws SealiftError `JOB_NOT_FOUND`, `JOB_NOT_INTERRUPTED`, `JOB_CONFLICT`, `SERVER_STOPPING`
   */
  async restart<Kind extends JobKind>(id: number, work: JobWork<Kind>): Promise<Job> {
    return this.#claimed(work, async () => {
      const { error: _error, endedAt: _endedAt, ...job } = await this.get(id)
      if (job.state !== 'interrupted') throw new SealiftError('JOB_NOT_INTERRUPTED', `job ${id} is ${job.state}; only an interrupted job can be resumed`)
      await this.#db.updateTable('job').set({ state: 'running', ended_at: null, error_json: null }).where('id', '=', id).execute()
      return { ...job, state: 'running' }
    })
  }

  /** What was asked of a job. */
  async requestOf(id: number): Promise<{ kind: string; request: unknown }> {
    const row = await this.#row(id)
    return { kind: row.kind, request: JSON.parse(row.request_json) as unknown }
  }

  /** @throws SealiftError `JOB_NOT_FOUND` */
  async get(id: number): Promise<Job> {
    return this.#running.get(id)?.job ?? jobOf(await this.#row(id))
  }

  /** The latest jobs, newest first. */
  async list(limit: number): Promise<Job[]> {
    const rows = await this.#db.selectFrom('job').selectAll().orderBy('id', 'desc').limit(limit).execute()
    return rows.map((row) => this.#running.get(row.id)?.job ?? jobOf(row))
  }

  /**
   * What a job has logged, its present state, and what it reports from now on until it ends.
   * @param gone aborted when nobody listens any more
   * @throws SealiftError `JOB_NOT_FOUND`
   */
  async follow(id: number, gone?: AbortSignal): Promise<AsyncGenerator<JobEvent>> {
    await this.get(id)
    return this.#events(id, gone)
  }

  async *#events(id: number, gone: AbortSignal | undefined): AsyncGenerator<JobEvent> {
    const running = this.#running.get(id)
    // Listening begins before the recorded lines are read, so that none falls between.
    const live = running?.follow(gone)
    const rows = await this.#db.selectFrom('job_log').selectAll().where('job', '=', id).orderBy('id').execute()
    for (const { time, level, message } of rows) yield { type: 'log', time, level, message }
    const job = running?.job ?? (await this.get(id))
    // One that has ended meanwhile says so at the end of what it reported.
    if (live === undefined || !hasEnded(job)) yield { type: 'job', job }
    const seen = rows.at(-1)?.id ?? 0
    for await (const [event, recorded] of live ?? []) {
      if (event.type === 'job' || recorded > seen) yield event
    }
  }

  /** Asks a running job to stop; one that has ended stays as it is. */
  async cancel(id: number): Promise<Job> {
    this.#running.get(id)?.abort.abort(new SealiftError('JOB_CANCELLED', `job ${id} was cancelled`))
    return this.get(id)
  }

  /** Runs work that is no job on something that no job works on: see {@link Claims.whileFree}. */
  async whileFree<T>(name: string, work: (signal: AbortSignal) => Promise<T>): Promise<T | undefined> {
    return this.#closing ? undefined : this.#claims.whileFree(name, work)
  }

  /** The jobs that are at work. */
  running(): readonly Job[] {
    return [...this.#running.values()].map(({ job }) => job)
  }

  /** Waits until no job is at work. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all([...this.#running.values()].map(({ ended }) => ended))
  }

  /** Starts no job any more, stops those that run, and waits until all have ended. */
  async close(): Promise<void> {
    this.#closing = true
    for (const { abort, suspend, resumable, job } of this.#running.values()) {
      if (resumable) suspend.abort()
      else abort.abort(new SealiftError('JOB_CANCELLED', `job ${job.id} was stopped with the program`))
    }
    await this.idle()
  }

  async #claimed<Kind extends JobKind>(work: JobWork<Kind>, begin: () => Promise<Job>): Promise<Job> {
    const claimant: Claimant = { title: work.title, id: undefined }
    await this.#claims.clear(work.exclusive)
    this.#claims.take(work.exclusive, claimant)
    try {
      const job = await begin()
      if (this.#closing) {
        await this.#record(job.id, { state: 'interrupted' })
        throw new SealiftError('SERVER_STOPPING', `${work.title}: the server is about to end`)
      }
      claimant.id = job.id
      const running = new RunningJob(job, work.resumable === true)
      this.#running.set(job.id, running)
      void this.#run(running, work, claimant)
      return job
    } catch (thrown) {
      this.#claims.release(claimant)
      throw thrown
    }
  }

  async #row(id: number): Promise<Selectable<JobRow>> {
    const row = await this.#db.selectFrom('job').selectAll().where('id', '=', id).executeTakeFirst()
    if (row === undefined) throw new SealiftError('JOB_NOT_FOUND', `there is no job ${id}`)
    return row
  }

  /** Never rejects: whatever goes wrong is the job's outcome. */
  async #run<Kind extends JobKind>(running: RunningJob, work: JobWork<Kind>, claimant: Claimant): Promise<void> {
    using leases = new DisposableStack()
    if (this.#lease !== undefined) leases.use(this.#lease())
    const { id } = running.job
    const logging: Promise<void>[] = []
    let outcome = await this.#work(running, work, logging)
    await Promise.all(logging)
    try {
      await this.#record(id, outcome)
    } catch (thrown) {
      // Where the outcome can't be written (a full disk), the job is found as interrupted at the next start.
      if (outcome.state === 'done') outcome = { state: 'failed', error: toErrorDocument(toSealiftError(thrown, `recording the end of job ${id}`)) }
    }
    this.#running.delete(id)
    this.#claims.release(claimant)
    running.end(outcome)
  }

  async #work<Kind extends JobKind>(running: RunningJob, work: JobWork<Kind>, logging: Promise<void>[]): Promise<Outcome> {
    const { abort, suspend } = running
    const { id } = running.job
    const context: JobContext = {
      id,
      signal: abort.signal,
      suspend: suspend.signal,
      progress: (stage, done = 0, total = 0, unit = 'steps') => running.progress(stage, done, total, unit),
      log: (message, level = 'info') => {
        const line = { time: new Date().toISOString(), level, message }
        const recorded = this.#db
          .insertInto('job_log')
          .values({ job: id, ...line })
          .returning('id')
          .executeTakeFirstOrThrow()
        // A line that can't be recorded is still told to who follows.
        logging.push(
          recorded.then(
            (row) => running.log(line, row.id),
            () => running.log(line, Number.POSITIVE_INFINITY),
          ),
        )
      },
    }
    try {
      const result = await work.run(context)
      return { state: 'done', endedAt: new Date().toISOString(), result }
    } catch (thrown) {
      if (thrown instanceof JobSuspended) return { state: 'interrupted', ...(thrown.reason === undefined ? {} : { error: toErrorDocument(thrown.reason) }) }
      const error =
        abort.signal.aborted && work.resumable !== true ? cancelled(abort.signal.reason as SealiftError, thrown) : toSealiftError(thrown, work.title)
      const state = isSealiftError(error, 'JOB_CANCELLED') || isSealiftError(error, 'CHANGE_CANCELLED') ? 'cancelled' : 'failed'
      return { state, endedAt: new Date().toISOString(), error: toErrorDocument(error) }
    }
  }

  async #record(id: number, { state, endedAt = null, result, error }: { [Field in keyof Outcome]: Outcome[Field] | null }): Promise<void> {
    await this.#db
      .updateTable('job')
      .set({
        state: state as Job['state'],
        ended_at: endedAt,
        result_json: result == null ? null : JSON.stringify(result),
        error_json: error == null ? null : JSON.stringify(error),
      })
      .where('id', '=', id)
      .execute()
  }
}

/** Work that was told to stop ends in whatever its last operation threw; what counts is that it was told. */
function cancelled(reason: SealiftError, thrown: unknown): SealiftError {
  return thrown === reason ? reason : new SealiftError(reason.code, reason.message, { hint: reason.hint, cause: thrown })
}

function jobOf(row: Selectable<JobRow>): Job {
  return {
    id: row.id,
    kind: row.kind as JobKind,
    title: row.title,
    state: row.state as Job['state'],
    stage: '',
    done: 0,
    total: 0,
    unit: 'steps',
    createdAt: row.created_at,
    ...(row.ended_at === null ? {} : { endedAt: row.ended_at }),
    ...(row.result_json === null ? {} : { result: JSON.parse(row.result_json) as NonNullable<Job['result']> }),
    ...(row.error_json === null ? {} : { error: JSON.parse(row.error_json) as NonNullable<Job['error']> }),
  }
}

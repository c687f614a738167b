import { EventEmitter } from 'node:events'
import { toErrorDocument } from '@sealift/api/error-document.ts'
import { hasEnded, type Job, type JobEvent, type JobKind } from '@sealift/api/job.ts'
import { isSealiftError, SealiftError, toSealiftError } from '@sealift/oci/sealift-error.ts'
import type { Selectable } from 'kysely'
import type { Database } from '../database/open-database.ts'
import type { JobRow } from '../database/tables.ts'

/** Given to the code of a job. */
export interface JobContext {
  readonly id: number
  /** Aborts when someone cancels the job, and for work that can't be resumed also when the program ends. */
  readonly signal: AbortSignal
  /** Aborts when the program ends: resumable work puts itself down by throwing {@link JobSuspended}. */
  readonly suspend: AbortSignal
  /** Says what is being done now; `total` 0 where it can't be told. */
  progress(stage: string, done?: number, total?: number, unit?: 'bytes' | 'steps'): void
  /** Adds a line to the job's log. Never secrets. */
  log(message: string, level?: 'info' | 'warning' | 'error'): void
}

/** Thrown by resumable work that was put down: its job counts as interrupted. */
export class JobSuspended extends Error {
  override readonly name = 'JobSuspended'
}

/** A piece of work to run as a job. */
export interface JobWork {
  readonly kind: JobKind
  readonly title: string
  /** Kept with the job: what was asked for. Never secrets. */
  readonly request: unknown
  /** Names of the things that no other job may work on meanwhile. */
  readonly exclusive: readonly string[]
  /** Whether it goes on after an interruption with `jobs resume`. */
  readonly resumable?: true
  run(context: JobContext): Promise<unknown>
}

/** Progress is passed on to followers at most this often, in milliseconds. */
const PROGRESS_INTERVAL = 100

interface RunningJob {
  job: Job
  readonly exclusive: readonly string[]
  readonly resumable: boolean
  readonly abort: AbortController
  readonly suspend: AbortController
  readonly events: EventEmitter<{ event: [JobEvent] }>
  readonly ended: Promise<void>
}

/** Runs jobs, records them, and lets others follow. */
export class JobQueue {
  readonly #db: Database
  readonly #running = new Map<number, RunningJob>()

  constructor(db: Database) {
    this.#db = db
  }

  /** Marks the jobs that a killed process left running; returns their ids. */
  async recover(): Promise<readonly number[]> {
    const left = await this.#db.selectFrom('job').select('id').where('state', 'in', ['queued', 'running']).execute()
    await this.#db.updateTable('job').set({ state: 'interrupted' }).where('state', 'in', ['queued', 'running']).execute()
    return left.map(({ id }) => id)
  }

  /**
   * Starts a job and returns at once.
   * @throws SealiftError `JOB_CONFLICT` where a running job works on the same thing
   */
  async start(work: JobWork): Promise<Job> {
    this.#refuseConflict(work)
    const createdAt = new Date().toISOString()
    const { id } = await this.#db
      .insertInto('job')
      .values({
        kind: work.kind,
        title: work.title,
        state: 'running',
        created_at: createdAt,
        ended_at: null,
        request_json: JSON.stringify(work.request),
        result_json: null,
        error_json: null,
      })
      .returning('id')
      .executeTakeFirstOrThrow()
    return this.#launch({ id, kind: work.kind, title: work.title, state: 'running', stage: '', done: 0, total: 0, unit: 'steps', createdAt }, work)
  }

  /** Runs an interrupted job again under its own number, so that its log and journal go on. */
  async restart(id: number, work: JobWork): Promise<Job> {
    const job = await this.get(id)
    if (job.state !== 'interrupted') throw new SealiftError('JOB_NOT_INTERRUPTED', `job ${id} is ${job.state}; only an interrupted job can be resumed`)
    this.#refuseConflict(work)
    await this.#db.updateTable('job').set({ state: 'running' }).where('id', '=', id).execute()
    return this.#launch({ ...job, state: 'running' }, work)
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

  /** What a job has logged, its present state, and what it reports from now on until it ends. */
  async *follow(id: number): AsyncGenerator<JobEvent> {
    const running = this.#running.get(id)
    const live: JobEvent[] = []
    let wake = (): void => {}
    const listener = (event: JobEvent): void => {
      live.push(event)
      wake()
    }
    running?.events.on('event', listener)
    try {
      const rows = await this.#db.selectFrom('job_log').selectAll().where('job', '=', id).orderBy('id').execute()
      // Lines that arrived while the older ones were read stand in both; what was recorded is not repeated.
      const recorded = new Set(rows.map((row) => `${row.time} ${row.message}`))
      for (const { time, level, message } of rows) yield { type: 'log', time, level, message }
      const job = await this.get(id)
      yield { type: 'job', job }
      if (running === undefined || hasEnded(job)) return
      for (;;) {
        const event = live.shift()
        if (event === undefined) {
          await new Promise<void>((resolve) => {
            wake = resolve
          })
          continue
        }
        if (event.type === 'log' && recorded.has(`${event.time} ${event.message}`)) continue
        yield event
        if (event.type === 'job' && hasEnded(event.job)) return
      }
    } finally {
      running?.events.off('event', listener)
    }
  }

  /** Asks a running job to stop; one that has ended stays as it is. */
  async cancel(id: number): Promise<Job> {
    this.#running.get(id)?.abort.abort(new SealiftError('JOB_CANCELLED', `job ${id} was cancelled`))
    return this.get(id)
  }

  /** Stops every job and waits until all have ended. */
  async close(): Promise<void> {
    const running = [...this.#running.values()]
    for (const { abort, suspend, resumable, job } of running) {
      if (resumable) suspend.abort()
      else abort.abort(new SealiftError('JOB_CANCELLED', `job ${job.id} was stopped with the program`))
    }
    await Promise.all(running.map(({ ended }) => ended))
  }

  #refuseConflict({ title, exclusive }: JobWork): void {
    for (const other of this.#running.values()) {
      const shared = exclusive.find((name) => other.exclusive.includes(name))
      if (shared !== undefined) {
        throw new SealiftError('JOB_CONFLICT', `${title}: job ${other.job.id} (${other.job.title}) is at work on ${shared}`, {
          hint: `Wait for it with: sealift jobs show ${other.job.id} --follow`,
        })
      }
    }
  }

  async #row(id: number): Promise<Selectable<JobRow>> {
    const row = await this.#db.selectFrom('job').selectAll().where('id', '=', id).executeTakeFirst()
    if (row === undefined) throw new SealiftError('JOB_NOT_FOUND', `there is no job ${id}`)
    return row
  }

  #launch(first: Job, work: JobWork): Job {
    const abort = new AbortController()
    const suspend = new AbortController()
    const events = new EventEmitter<{ event: [JobEvent] }>()
    events.setMaxListeners(0)
    const { promise: ended, resolve: end } = Promise.withResolvers<void>()
    const running: RunningJob = { job: first, exclusive: work.exclusive, resumable: work.resumable === true, abort, suspend, events, ended }
    this.#running.set(first.id, running)
    let lastShown = 0
    let writing: Promise<unknown> = Promise.resolve()
    const change = (changes: Partial<Job>): void => {
      running.job = { ...running.job, ...changes }
    }
    const context: JobContext = {
      id: first.id,
      signal: abort.signal,
      suspend: suspend.signal,
      progress(stage, done = 0, total = 0, unit = 'steps') {
        const now = performance.now()
        const notable = stage !== running.job.stage || (total > 0 && done >= total)
        change({ stage, done, total, unit })
        if (!notable && now - lastShown < PROGRESS_INTERVAL) return
        lastShown = now
        events.emit('event', { type: 'job', job: running.job })
      },
      log: (message, level = 'info') => {
        const time = new Date().toISOString()
        const inserted = this.#db.insertInto('job_log').values({ job: first.id, time, level, message }).execute()
        writing = Promise.all([writing, inserted])
        writing.catch(() => {})
        events.emit('event', { type: 'log', time, level, message })
      },
    }
    const finish = async (changes: Pick<Job, 'state'> & Partial<Job>): Promise<void> => {
      const endedAt = new Date().toISOString()
      await writing.catch(() => {})
      await this.#db
        .updateTable('job')
        .set({
          state: changes.state,
          ended_at: endedAt,
          result_json: changes.result === undefined ? null : JSON.stringify(changes.result),
          error_json: changes.error === undefined ? null : JSON.stringify(changes.error),
        })
        .where('id', '=', first.id)
        .execute()
      change({ ...changes, endedAt })
    }
    const run = async (): Promise<void> => {
      try {
        const result = await work.run(context)
        await finish({ state: 'done', ...(result === undefined ? {} : { result }) })
      } catch (thrown) {
        if (thrown instanceof JobSuspended) {
          await this.#db.updateTable('job').set({ state: 'interrupted' }).where('id', '=', first.id).execute()
          change({ state: 'interrupted' })
          return
        }
        const error = toSealiftError(work.resumable !== true && abort.signal.aborted ? abort.signal.reason : thrown, work.title)
        const state = isSealiftError(error, 'JOB_CANCELLED') ? 'cancelled' : 'failed'
        // Where even the outcome can't be written (a full disk), the job is found as interrupted at the next start.
        await finish({ state, error: toErrorDocument(error) }).catch(() => change({ state, error: toErrorDocument(error) }))
      } finally {
        this.#running.delete(first.id)
        events.emit('event', { type: 'job', job: running.job })
        end()
      }
    }
    void run()
    return first
  }
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
    ...(row.result_json === null ? {} : { result: JSON.parse(row.result_json) as unknown }),
    ...(row.error_json === null ? {} : { error: JSON.parse(row.error_json) as NonNullable<Job['error']> }),
  }
}

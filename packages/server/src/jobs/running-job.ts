import { EventEmitter, on } from 'node:events'
import type { Job, JobEvent } from '@sealift/api/job.ts'

/** Progress is passed on to followers at most this often, in milliseconds. */
const PROGRESS_INTERVAL = 100

/** A job while it runs: how it is, what can be asked of it, and who follows it. */
export class RunningJob {
  readonly resumable: boolean
  readonly abort = new AbortController()
  readonly suspend = new AbortController()
  /** Resolves when it has ended and its outcome is recorded. */
  readonly ended: Promise<void>
  #job: Job
  #lastShown = 0
  readonly #end: () => void
  readonly #events = new EventEmitter<{ event: [event: JobEvent, recorded: number]; end: [] }>().setMaxListeners(0)

  constructor(job: Job, resumable: boolean) {
    this.#job = job
    this.resumable = resumable
    const { promise, resolve } = Promise.withResolvers<void>()
    this.ended = promise
    this.#end = resolve
  }

  get job(): Job {
    return this.#job
  }

  /** Tells what is being done now; followers hear of a new stage and of its end at once, of what lies between now and then. */
  progress(stage: string, done: number, total: number, unit: Job['unit']): void {
    const notable = stage !== this.#job.stage || (total > 0 && done >= total)
    this.#job = { ...this.#job, stage, done, total, unit }
    const now = performance.now()
    if (!notable && now - this.#lastShown < PROGRESS_INTERVAL) return
    this.#lastShown = now
    this.#events.emit('event', { type: 'job', job: this.#job }, 0)
  }

  /** @param recorded the number of the line in the recorded log */
  log(line: Omit<Extract<JobEvent, { type: 'log' }>, 'type'>, recorded: number): void {
    this.#events.emit('event', { type: 'log', ...line }, recorded)
  }

  /** Tells followers the outcome, and that nothing comes after it. */
  end(outcome: Partial<Job>): void {
    this.#job = { ...this.#job, ...outcome }
    this.#events.emit('event', { type: 'job', job: this.#job }, 0)
    this.#events.emit('end')
    this.#end()
  }

  /** All events from this very call on, until the end. Lines of the log come with their numbers. */
  follow(gone?: AbortSignal): AsyncIterable<[event: JobEvent, recorded: number]> {
    return on(this.#events, 'event', { close: ['end'], ...(gone === undefined ? {} : { signal: gone }) }) as AsyncIterable<[JobEvent, number]>
  }
}

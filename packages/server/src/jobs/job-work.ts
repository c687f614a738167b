import type { JobKind, JobResult } from '@sealift/api/job-results.ts'
import type { SealiftError } from '@sealift/oci/sealift-error.ts'

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
  /** What made it stop, where that was not the end of the program. */
  readonly reason: SealiftError | undefined

  constructor(reason?: SealiftError) {
    super('the job was put down', reason === undefined ? undefined : { cause: reason })
    this.reason = reason
  }
}

/** A piece of work to run as a job. */
export interface JobWork<Kind extends JobKind = JobKind> {
  readonly kind: Kind
  readonly title: string
  /** Kept with the job: what was asked for. Never secrets. */
  readonly request: unknown
  /** Names of the things that no other job may work on meanwhile. */
  readonly exclusive: readonly string[]
  /** Whether it goes on after an interruption with `jobs resume`. */
  readonly resumable?: true
  run(context: JobContext): Promise<JobResult<Kind>>
}

import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { type Static, Type } from 'typebox'
import { BackedUp } from './backed-up.ts'
import { InspectedBundle } from './bundle.ts'
import { Changed } from './changed.ts'
import { Checked } from './checked.ts'
import { Collected } from './collected.ts'
import { ErrorDocument } from './error-document.ts'
import { Exported } from './exported.ts'
import { Imported } from './imported.ts'
import { JOB_RESULTS, type JobKind, type JobResult } from './job-results.ts'
import { Operated } from './operated.ts'
import { Published } from './published.ts'
import { Unpacked } from './unpacked.ts'

export const JOB_STATES = ['queued', 'running', 'done', 'failed', 'cancelled', 'interrupted'] as const
export const JOB_KINDS = Object.keys(JOB_RESULTS) as readonly JobKind[]

/** A long piece of work with stages, progress, a log and an end. */
export const Job = Type.Object({
  id: Type.Integer(),
  kind: Type.Enum([...JOB_KINDS]),
  title: Type.String({ description: 'What it does, for people.' }),
  state: Type.Enum([...JOB_STATES]),
  stage: Type.String({ description: 'What it is doing now.' }),
  done: Type.Number({ description: 'Bytes or steps of the stage that are done.' }),
  total: Type.Number({ description: 'Bytes or steps of the stage; 0 where unknown.' }),
  unit: Type.Enum(['bytes', 'steps']),
  createdAt: Type.String(),
  endedAt: Type.Optional(Type.String()),
  result: Type.Optional(
    Type.Union([Published, Exported, Imported, InspectedBundle, Unpacked, Changed, Operated, Collected, Checked, BackedUp], {
      description: 'What a finished job has to tell; its shape depends on the kind.',
    }),
  ),
  error: Type.Optional(ErrorDocument),
})
export type Job = Static<typeof Job>

/** Something that a job reports while it runs. */
export const JobEvent = Type.Union([
  Type.Object({ type: Type.Literal('job'), job: Job }),
  Type.Object({ type: Type.Literal('log'), time: Type.String(), level: Type.Enum(['info', 'warning', 'error']), message: Type.String() }),
])
export type JobEvent = Static<typeof JobEvent>

/** Whether a job has ended. */
export function hasEnded(job: Job): boolean {
  return job.state !== 'queued' && job.state !== 'running'
}

/**
 * What a job that is done tells.
 * @throws SealiftError `INTERNAL` for a job of another kind, or that is not done
 */
export function resultOf<Kind extends JobKind>({ id, kind, state, result }: Job, ...kinds: readonly Kind[]): JobResult<Kind> {
  if (state === 'done' && result !== undefined && (kinds as readonly string[]).includes(kind)) return result as JobResult<Kind>
  throw new SealiftError('INTERNAL', `job ${id} (${kind}) is ${state}; expected the result of a finished ${kinds.join(' or ')}`)
}

import { type Static, Type } from 'typebox'
import { ErrorDocument } from './error-document.ts'

export const JOB_STATES = ['queued', 'running', 'done', 'failed', 'cancelled', 'interrupted'] as const
export const JOB_KINDS = ['publish', 'export', 'import', 'verify', 'unpack', 'install', 'configure', 'upgrade', 'rollback', 'uninstall'] as const

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
  result: Type.Optional(Type.Unknown({ description: 'What a finished job has to tell; its shape depends on the kind.' })),
  error: Type.Optional(ErrorDocument),
})
export type Job = Static<typeof Job>
export type JobKind = Job['kind']

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

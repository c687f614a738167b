import { Type } from 'typebox'
import { Input } from '../input.ts'
import { Job, JobEvent } from '../job.ts'
import { defineRoute } from '../route.ts'

const JobId = Input({ id: Type.Integer() })

/** Jobs. */
export const jobRoutes = {
  listJobs: defineRoute({
    id: 'listJobs',
    method: 'GET',
    path: '/jobs',
    summary: 'The latest jobs, newest first.',
    query: Input({ limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })) }),
    response: Type.Array(Job),
  }),
  getJob: defineRoute({ id: 'getJob', method: 'GET', path: '/jobs/:id', summary: 'One job.', params: JobId, response: Job }),
  followJob: defineRoute({
    id: 'followJob',
    method: 'GET',
    path: '/jobs/:id/events',
    summary: 'What a job has logged so far and reports from now on, until it ends.',
    params: JobId,
    response: JobEvent,
    stream: true,
  }),
  cancelJob: defineRoute({
    id: 'cancelJob',
    method: 'POST',
    path: '/jobs/:id/cancel',
    summary: 'Asks a running job to stop; a change that was interrupted goes back.',
    params: JobId,
    response: Job,
  }),
  resumeJob: defineRoute({
    id: 'resumeJob',
    method: 'POST',
    path: '/jobs/:id/resume',
    summary: 'Goes on with a job that was interrupted.',
    params: JobId,
    query: Input({
      hook: Type.Optional(
        Type.Enum(['rerun', 'skip'], { description: 'What becomes of a hook that cannot safely run twice and was cut off: it runs again, or counts as done.' }),
      ),
    }),
    response: Job,
  }),
}

import { jobRoutes } from '@sealift/api/routes/jobs.ts'
import type { Services } from '../services.ts'
import { type RouteGroup, routeGroup } from './api-server.ts'

const LIST_LIMIT = 20

/** Answers the routes about jobs. */
export function jobHandlers({ jobs, changes }: Services): RouteGroup {
  return routeGroup(jobRoutes, {
    listJobs: ({ query }) => jobs.list(query.limit ?? LIST_LIMIT),
    getJob: ({ params }) => jobs.get(params.id),
    followJob: ({ params }, gone) => jobs.follow(params.id, gone),
    cancelJob: ({ params }) => changes.cancel(params.id),
    resumeJob: ({ params, query }) => changes.resume(params.id, query),
  })
}

import { dataRoutes } from '@sealift/api/routes/data.ts'
import type { Services } from '../services.ts'
import { type RouteGroup, routeGroup } from './api-server.ts'

/** Answers the routes about snapshots and reports. */
export function dataHandlers({ snapshots, reports }: Services): RouteGroup {
  return routeGroup(dataRoutes, {
    listSnapshots: ({ params }) => snapshots.list(params.name),
    removeSnapshot: ({ params }) => snapshots.remove(params.name, params.number),
    listReports: ({ params }) => reports.list(params.name),
    getReport: ({ params, query }) => reports.get(params.name, query.revision),
    verifyReport: ({ body }) => reports.verify(Buffer.from(body.envelope), body.name),
  })
}

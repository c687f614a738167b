import { installationRoutes } from '@sealift/api/routes/installations.ts'
import { planDocument } from '../installations/plan-view.ts'
import type { Services } from '../services.ts'
import { type RouteGroup, routeGroup } from './api-server.ts'

/** Answers the routes about installations. */
export function installationHandlers({ planner, changes, view }: Services): RouteGroup {
  return routeGroup(installationRoutes, {
    async planChange({ body }) {
      const { plan, application, contents } = await changes.plan(body.change)
      return planDocument(plan, application, contents)
    },
    startChange: ({ body }) => changes.start(body.change, body.plan),
    listInstallations: () => view.list(),
    listNames: () => view.names(),
    getInstallation: ({ params }) => view.status(params.name),
    listRevisions: ({ params }) => view.revisions(params.name),
    diffRevisions: ({ params }) => planner.diff(params.name, params.a, params.b),
    readLogs: ({ params, query }, gone) => view.logs(params.name, query, gone),
  })
}

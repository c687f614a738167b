import { targetRoutes } from '@sealift/api/routes/targets.ts'
import type { Services } from '../services.ts'
import { type RouteGroup, routeGroup } from './api-server.ts'

/** Answers the routes about targets and environments. */
export function targetHandlers({ targets }: Services): RouteGroup {
  return routeGroup(targetRoutes, {
    listTargets: () => targets.list(),
    addTarget: ({ body }) => targets.add(body),
    removeTarget: ({ params }) => targets.remove(params.name),
    listEnvironments: () => targets.listEnvironments(),
    addEnvironment: ({ body }) => targets.addEnvironment(body),
    removeEnvironment: ({ params }) => targets.removeEnvironment(params.name),
  })
}

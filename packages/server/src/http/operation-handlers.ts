import { operationRoutes } from '@sealift/api/routes/operations.ts'
import type { Services } from '../services.ts'
import { type RouteGroup, routeGroup } from './api-server.ts'

/** Answers the routes about what is done to installations while their revision stays. */
export function operationHandlers({ operations, events }: Services): RouteGroup {
  return routeGroup(operationRoutes, {
    startComponents: ({ params, body }) => operations.start(params.name, body.components ?? []),
    stopComponents: ({ params, body }) => operations.stop(params.name, body.components ?? []),
    restartComponents: ({ params, body }) => operations.restart(params.name, body.components ?? []),
    exec: ({ params }, channel) => operations.exec(params.name, channel),
    listEvents: ({ query }) => events.list(query),
    followEvents: ({ query }, gone) => events.follow(query, gone),
  })
}

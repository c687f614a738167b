import { secretRoutes } from '@sealift/api/routes/secrets.ts'
import type { Services } from '../services.ts'
import { type RouteGroup, routeGroup } from './api-server.ts'

/** Answers the routes about secrets. */
export function secretHandlers({ secrets }: Services): RouteGroup {
  return routeGroup(secretRoutes, {
    listSecrets: ({ params }) => secrets.list(params.name),
    showSecret: ({ params, body }) => secrets.show(params.name, body.secret),
  })
}

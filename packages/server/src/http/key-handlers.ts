import { keyRoutes } from '@sealift/api/routes/keys.ts'
import type { Services } from '../services.ts'
import { type RouteGroup, routeGroup } from './api-server.ts'

/** Answers the routes about keys. */
export function keyHandlers({ keys }: Services): RouteGroup {
  return routeGroup(keyRoutes, {
    listKeys: () => keys.list(),
    generateKey: ({ body }) => keys.generate(body.name),
    trustKey: ({ body }) => keys.trust(body.fingerprint, body.name),
    revokeKey: ({ params }) => keys.revoke(params.fingerprint),
  })
}

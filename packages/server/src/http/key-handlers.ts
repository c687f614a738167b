import { keyRoutes, type TrustRoot } from '@sealift/api/routes/keys.ts'
import type { Services } from '../services.ts'
import { type RouteGroup, routeGroup } from './api-server.ts'

/** Answers the routes about keys. */
export function keyHandlers({ keys }: Services): RouteGroup {
  return routeGroup(keyRoutes, {
    listKeys: () => keys.list(),
    generateKey: ({ body }) => keys.generate(body.name),
    rotateKey: ({ body }) => keys.rotate(body.name),
    listRoots: () => keys.roots.list(),
    renewRoot: async ({ body }) => {
      await keys.renewRoot(body)
      return (await keys.roots.list())[0] as TrustRoot
    },
    trustKey: ({ body }) => keys.trust(body.fingerprint, body.name),
    revokeKey: ({ params }) => keys.revoke(params.fingerprint),
  })
}

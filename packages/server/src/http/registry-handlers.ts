import { registryRoutes } from '@sealift/api/routes/registry.ts'
import type { Services } from '../services.ts'
import { type RouteGroup, routeGroup } from './api-server.ts'

/** Answers the routes about the registry. */
export function registryHandlers({ registry }: Services): RouteGroup {
  return routeGroup(registryRoutes, {
    getRegistry: () => registry.state(),
    configureRegistry: ({ body }) => registry.configure(body),
    getAuthority: () => registry.authority(),
    removeFromRegistry: ({ params, query }) => registry.remove(params.repository, query.tag),
    listTokens: async () => [...(await registry.tokens()).list()],
    createToken: async ({ body: { name, pull, push, delete: mayDelete, expires } }) =>
      (await registry.tokens()).create({ name, pull, push, mayDelete, expires }),
    revokeToken: async ({ params }) => (await registry.tokens()).revoke(params.name),
  })
}

import { storageRoutes } from '@sealift/api/routes/storage.ts'
import type { Services } from '../services.ts'
import { type RouteGroup, routeGroup } from './api-server.ts'

/** Answers the routes about the data folder itself. */
export function storageHandlers({ collector, checker, backups }: Services): RouteGroup {
  return routeGroup(storageRoutes, {
    collect: ({ body }) => collector.start(body),
    backup: ({ body }) => backups.start(body),
    checkStore: ({ body }) => checker.start(body),
  })
}

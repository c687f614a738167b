import type { Services } from '../services.ts'
import type { RouteGroup } from './api-server.ts'
import { dataHandlers } from './data-handlers.ts'
import { installationHandlers } from './installation-handlers.ts'
import { jobHandlers } from './job-handlers.ts'
import { keyHandlers } from './key-handlers.ts'
import { operationHandlers } from './operation-handlers.ts'
import { registryHandlers } from './registry-handlers.ts'
import { releaseHandlers } from './release-handlers.ts'
import { secretHandlers } from './secret-handlers.ts'
import { storageHandlers } from './storage-handlers.ts'
import { targetHandlers } from './target-handlers.ts'

/** Every route of the API with what answers it. */
export function routeGroups(services: Services): readonly RouteGroup[] {
  return [
    releaseHandlers(services),
    keyHandlers(services),
    targetHandlers(services),
    installationHandlers(services),
    dataHandlers(services),
    jobHandlers(services),
    operationHandlers(services),
    secretHandlers(services),
    storageHandlers(services),
    registryHandlers(services),
  ]
}

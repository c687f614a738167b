import { rm } from 'node:fs/promises'
import { messageOf } from '@sealift/oci/sealift-error.ts'
import { createRegistryHandler } from '@sealift/registry/registry-handler.ts'
import { type DataFolder, openDataFolder } from './data/data-folder.ts'
import { socketPath } from './data/socket-path.ts'
import { createApiServer, listenOnSocket } from './http/api-server.ts'
import { serveRegistry } from './http/registry-server.ts'
import { routeGroups } from './http/route-groups.ts'
import { createLibraryCatalog } from './library/library-catalog.ts'
import { createServices } from './services.ts'

/** Where the registry answers unless something else is asked for. */
export const DEFAULT_LISTEN = '127.0.0.1:7070'

/** A server in this process. */
export interface HostedServer {
  /** The Unix socket on which it answers the API. */
  readonly socket: string
  /** `host:port` of the registry, empty where there is none. */
  readonly registryAddress: string
  /** Ends jobs, connections and the ownership of the data folder. */
  close(): Promise<void>
}

/** How to start a server. */
export interface ServerOptions {
  /** The data folder, made where it is missing. */
  readonly data: string
  /** Where the registry answers, `host:port`; without it there is none. */
  readonly listen?: string
}

/**
 * Starts a server on a data folder. Returns undefined where another process owns the folder.
 * @throws what {@link openDataFolder} throws
 */
export async function startServer({ data, listen }: ServerOptions): Promise<HostedServer | undefined> {
  const folder = await openDataFolder(data)
  if (folder === undefined) return undefined
  try {
    return await serve(folder, listen)
  } catch (thrown) {
    await folder.close()
    throw thrown
  }
}

async function serve(folder: DataFolder, listen: string | undefined): Promise<HostedServer> {
  const services = createServices(folder, { registryAddress: listen ?? DEFAULT_LISTEN, supervised: listen !== undefined })
  await services.jobs.recover()
  await services.targets.ensureDefaults()
  const registry =
    listen === undefined
      ? undefined
      : await serveRegistry(createRegistryHandler({ store: folder.store, catalog: createLibraryCatalog(services.library, folder.store) }), listen)
  const app = createApiServer(routeGroups(services))
  const socket = socketPath(folder.path)
  await listenOnSocket(app, socket)
  // A server goes on by itself with what a killed one left half done; a single command leaves it to `jobs resume`.
  if (listen !== undefined) {
    await services.starter.startAll()
    for (const job of await services.changes.interrupted()) {
      await services.changes.resume(job).catch((thrown: unknown) => process.emitWarning(`job ${job} could not be resumed: ${messageOf(thrown)}`))
    }
  }
  return {
    socket,
    registryAddress: registry?.address ?? '',
    async close() {
      await services.jobs.close()
      await registry?.close()
      await app.close()
      await services.targets.close()
      await rm(socket, { force: true })
      await folder.close()
    },
  }
}

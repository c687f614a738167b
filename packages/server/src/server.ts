import { rm } from 'node:fs/promises'
import type { Job } from '@sealift/api/job.ts'
import { messageOf } from '@sealift/oci/sealift-error.ts'
import { type DataFolder, openDataFolder } from './data/data-folder.ts'
import { socketPath } from './data/socket-path.ts'
import { createApiServer } from './http/api-server.ts'
import { listenOnSocket } from './http/listen-on-socket.ts'
import { routeGroups } from './http/route-groups.ts'
import { createServices, type Services } from './services.ts'
import { collectDaily } from './storage/daily-collection.ts'
import { DRIVERS, type DriverFactories, localTarget, type TargetAddress } from './targets/driver-factories.ts'

/** Where the registry answers unless something else is asked for. */
export const DEFAULT_LISTEN = '127.0.0.1:7070'

/** A server in this process. */
export interface HostedServer {
  /** The Unix socket on which it answers the API. */
  readonly socket: string
  /** `host:port` of the registry, empty where there is none. */
  readonly registryAddress: string
  /** The address of its API, with the scheme that other machines use. */
  readonly registryUrl: string
  /** The jobs that are at work, whoever started them. */
  jobs(): readonly Job[]
  /** Waits until no job is at work. */
  idle(): Promise<void>
  /** Ends jobs, connections and the ownership of the data folder. */
  close(): Promise<void>
}

/** How to start a server. */
export interface ServerOptions {
  /** The data folder, made where it is missing. */
  readonly data: string
  /** Where the registry answers, `host:port`; without it there is none. */
  readonly listen?: string
  /** Whether what nothing needs is collected once a day; without it so where the registry answers. */
  readonly collect?: boolean
  /** Without it those of this program. */
  readonly drivers?: DriverFactories
  /** What the target that a new data folder starts with points to; without it the engine of this machine. */
  readonly firstTarget?: TargetAddress
}

/**
 * Starts a server on a data folder. Returns undefined where another process owns the folder.
 * @throws SealiftError `ADDRESS_IN_USE`, and what {@link openDataFolder} throws
 */
export async function startServer(options: ServerOptions): Promise<HostedServer | undefined> {
  const folder = await openDataFolder(options.data)
  if (folder === undefined) return undefined
  // What was opened is closed in the opposite order, also where a later step of the start fails.
  await using opened = new AsyncDisposableStack()
  opened.defer(() => folder.close())
  return await serve(folder, options, opened)
}

async function serve(
  folder: DataFolder,
  { listen, drivers = DRIVERS, firstTarget = localTarget(), collect = listen !== undefined }: ServerOptions,
  opened: AsyncDisposableStack,
): Promise<HostedServer> {
  const services = createServices(folder, { drivers, registryAddress: listen ?? DEFAULT_LISTEN, supervised: listen !== undefined })
  const { jobs, targets, collector, siteClock } = services
  opened.defer(() => targets.close())
  await jobs.recover()
  await targets.ensureDefaults(firstTarget)
  const app = createApiServer(routeGroups(services))
  const socket = socketPath(folder.path)
  opened.defer(() => app.close())
  // First, so that nobody begins to ask a server that ends.
  opened.defer(() => rm(socket, { force: true }))
  await listenOnSocket(app.http, socket)
  let registryAddress = ''
  let registryUrl = ''
  if (listen !== undefined) {
    const { registry } = services
    const onFault = (fault: unknown): void => process.emitWarning(`the registry: ${messageOf(fault)}`)
    const listening = await registry.serve(listen, onFault)
    opened.defer(() => listening.close())
    registryAddress = listening.address
    registryUrl = listening.url
  }
  opened.defer(() => jobs.close())
  opened.defer(() => services.supervisor.close())
  opened.defer(() => services.cron.close())
  // A full disk hinders nobody from looking.
  await siteClock.look().catch(() => {})
  if (collect) opened.use(collectDaily({ db: folder.db, collector, clock: siteClock }))
  if (listen !== undefined) await goOn(services)
  const owned = opened.move()
  return { socket, registryAddress, registryUrl, jobs: () => jobs.running(), idle: () => jobs.idle(), close: () => owned.disposeAsync() }
}

/** A server goes on by itself with what a killed one left half done; a single command leaves it to `jobs resume`. */
async function goOn({ supervisor, cron, changes }: Services): Promise<void> {
  await changes.resumeInterrupted()
  supervisor.start()
  cron.start()
}

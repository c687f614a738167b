import { type Client, createClient } from '@sealift/api/client.ts'
import { VirtualClock } from '@sealift/deploy/pipeline/virtual-clock.ts'
import { MemoryDriver } from '@sealift/driver-memory/memory-driver.ts'
import { MemoryEngine } from '@sealift/driver-memory/memory-engine.ts'
import { temporaryFolder } from './data/data-folder-fixture.ts'
import { type HostedServer, type ServerOptions, startServer } from './server.ts'

/** A server for tests on a new data folder, with an engine in memory. */
export interface TestServer extends AsyncDisposable {
  readonly data: string
  readonly server: HostedServer
  readonly client: Client
  readonly engine: MemoryEngine
}

export async function startTestServer(options: Partial<ServerOptions> = {}): Promise<TestServer> {
  const folder = await temporaryFolder()
  const engine = new MemoryEngine(new VirtualClock())
  const drivers = { memory: () => new MemoryDriver(engine) }
  const server = await startServer({ data: folder.data, drivers, firstTarget: { driver: 'memory', address: 'here' }, ...options })
  if (server === undefined) throw new Error('a new data folder has an owner')
  return {
    data: folder.data,
    server,
    engine,
    client: createClient({ socketPath: server.socket }),
    async [Symbol.asyncDispose]() {
      await server.close()
      await folder[Symbol.asyncDispose]()
    },
  }
}

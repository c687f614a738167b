import { setTimeout as sleep } from 'node:timers/promises'
import { type Client, createClient, type ServerAddress } from '@sealift/api/client.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { socketPath } from '@sealift/server/data/socket-path.ts'
import { type HostedServer, startServer } from '@sealift/server/server.ts'

/** A connection to whoever owns the data folder, which may be this very process. */
export interface Connection extends AsyncDisposable {
  readonly client: Client
  /** Whether this command hosts the server itself, so that nothing goes on after it ends. */
  readonly hosted: boolean
}

/** How long a command waits for an owner that has the lock but does not answer yet, in milliseconds. */
const OWNER_STARTS = 10_000

/**
 * Connects to the server that `--server` names or that owns the data folder; where none runs, hosts one in this process.
 * @throws SealiftError `SERVER_UNREACHABLE`, and what opening a data folder throws
 */
export async function connect({ data, server }: { readonly data: string; readonly server?: string }): Promise<Connection> {
  if (server !== undefined) return toServer(parseServer(server))
  const deadline = performance.now() + OWNER_STARTS
  for (;;) {
    const hosted = await startServer({ data })
    if (hosted !== undefined) return toHosted(hosted)
    const connection = toServer({ socketPath: socketPath(data) })
    if (await answers(connection.client)) return connection
    if (performance.now() > deadline) {
      throw new SealiftError('SERVER_UNREACHABLE', `another process owns ${data}, but does not answer on ${socketPath(data)}`, {
        hint: 'Wait for the other command to end, or stop the process that uses this data folder.',
      })
    }
    await sleep(100)
  }
}

function parseServer(text: string): ServerAddress {
  if (text.startsWith('unix://')) return { socketPath: text.slice('unix://'.length) }
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol !== 'http:') throw new SealiftError('USAGE', `--server ${text}: expected unix:///path/of/the.sock or http://host:port`)
  return { host: url.hostname, port: Number(url.port || 80) }
}

function toServer(address: ServerAddress): Connection {
  return { client: createClient(address), hosted: false, [Symbol.asyncDispose]: async () => {} }
}

function toHosted(hosted: HostedServer): Connection {
  return { client: createClient({ socketPath: hosted.socket }), hosted: true, [Symbol.asyncDispose]: () => hosted.close() }
}

async function answers(client: Client): Promise<boolean> {
  const { jobRoutes } = await import('@sealift/api/routes/jobs.ts')
  return client.call(jobRoutes.listJobs, { query: { limit: 1 } }).then(
    () => true,
    () => false,
  )
}

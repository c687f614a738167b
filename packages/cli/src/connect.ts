import { setTimeout as sleep } from 'node:timers/promises'
import { type Client, createClient, type ServerAddress } from '@sealift/api/client.ts'
import type { Job } from '@sealift/api/job.ts'
import { jobRoutes } from '@sealift/api/routes/jobs.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { socketPath } from '@sealift/server/data/socket-path.ts'
import { type ServerOptions, startServer } from '@sealift/server/server.ts'
import { createResilientClient } from './resilient-client.ts'

/** A connection to whoever owns the data folder, which may be this very process. */
export interface Connection extends AsyncDisposable {
  readonly client: Client
  /**
   * Waits until what other commands run through a server in this process has come to its end.
   * @param say told what is being waited for, once
   */
  leave(say: (jobs: readonly Job[]) => void): Promise<void>
}

/** How long a command waits for an owner that has the lock but does not answer yet, in milliseconds. */
const OWNER_STARTS = 10_000

/**
 * Connects to the server that `--server` names or that owns the data folder; where none runs, hosts
 * one in this process. Commands that start meanwhile become its clients; where it has ended before
 * they are through, one of them hosts the next.
 * @throws SealiftError `SERVER_UNREACHABLE`, and what opening a data folder throws
 */
export async function connect({ server, ...options }: ServerOptions & { readonly server?: string }): Promise<Connection> {
  if (server !== undefined) return { client: createClient(parseServer(server)), leave: async () => {}, [Symbol.asyncDispose]: async () => {} }
  const owned = new AsyncDisposableStack()
  const waits: (() => readonly Job[])[] = []
  let idle = async (): Promise<void> => {}
  const find = async (): Promise<Client> => {
    const deadline = performance.now() + OWNER_STARTS
    for (;;) {
      const hosted = await startServer(options)
      if (hosted !== undefined) {
        owned.defer(() => hosted.close())
        waits.push(() => hosted.jobs())
        idle = () => hosted.idle()
        return createClient({ socketPath: hosted.socket })
      }
      const socket = socketPath(options.data)
      const client = createClient({ socketPath: socket })
      if (await answers(client)) return client
      if (performance.now() > deadline) {
        throw new SealiftError('SERVER_UNREACHABLE', `another process owns ${options.data}, but does not answer on ${socket}`, {
          hint: 'Wait for the other command to end, or stop the process that uses this data folder.',
        })
      }
      await sleep(100)
    }
  }
  return {
    client: createResilientClient(await find(), find),
    async leave(say) {
      const jobs = waits.flatMap((running) => running())
      if (jobs.length > 0) say(jobs)
      await idle()
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

function parseServer(text: string): ServerAddress {
  if (text.startsWith('unix://')) return { socketPath: text.slice('unix://'.length) }
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol !== 'http:') throw new SealiftError('USAGE', `--server ${text}: expected unix:///path/of/the.sock or http://host:port`)
  return { host: url.hostname, port: Number(url.port || 80) }
}

async function answers(client: Client): Promise<boolean> {
  return client.call(jobRoutes.listJobs, { query: { limit: 1 } }).then(
    () => true,
    () => false,
  )
}

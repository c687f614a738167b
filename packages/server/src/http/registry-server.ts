import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { messageOf, SealiftError } from '@sealift/oci/sealift-error.ts'
import type { RegistryHandler } from '@sealift/registry/registry-handler.ts'

/** Milliseconds without a byte after which a connection is given up. Clients that unpack while they pull pause for minutes. */
const IDLE = 15 * 60 * 1000

/** Milliseconds for which an idle connection is kept: longer than clients keep theirs, so that they rarely meet one that just closed. */
const KEEP_ALIVE = 95_000

/** The registry, answering on a TCP address. */
export interface RegistryServer {
  /** `host:port`, as image references name it. */
  readonly address: string
  close(): Promise<void>
}

/**
 * Answers the registry on a TCP address.
 * @param listen `host:port` or a port; port 0 takes a free one
 * @throws SealiftError `ADDRESS_INVALID`, `ADDRESS_IN_USE`
 */
export async function serveRegistry(handler: RegistryHandler, listen: string): Promise<RegistryServer> {
  const { host, port } = parseListen(listen)
  const server = createServer((request, response) => {
    if (request.url?.startsWith('/v2') === true) return void handler(request, response)
    response.writeHead(404, { 'content-type': 'text/plain' }).end('This is the registry of Sealift. Images are below /v2/.\n')
  })
  // A request lasts as long as its body comes: a large layer over a slow line takes hours.
  server.requestTimeout = 0
  server.timeout = IDLE
  server.keepAliveTimeout = KEEP_ALIVE
  try {
    server.listen(port, host)
    await once(server, 'listening')
  } catch (cause) {
    throw new SealiftError('ADDRESS_IN_USE', `can't listen on ${listen}: ${messageOf(cause)}`, { cause })
  }
  const { port: taken } = server.address() as AddressInfo
  return { address: `${host.includes(':') ? `[${host}]` : host}:${taken}`, close: () => close(server) }
}

function parseListen(listen: string): { readonly host: string; readonly port: number } {
  const match = /^(?:(?<host>\[[0-9a-fA-F:]+\]|[^:]*):)?(?<port>\d{1,5})$/.exec(listen)
  const port = Number(match?.groups?.port)
  if (match === null || port > 65_535) throw new SealiftError('ADDRESS_INVALID', `${JSON.stringify(listen)}: expected host:port, like 127.0.0.1:7070`)
  return { host: (match.groups?.host ?? '127.0.0.1').replaceAll(/[[\]]/g, '') || '0.0.0.0', port }
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections()
  await new Promise<void>((resolve) => {
    server.close(() => resolve())
  })
}

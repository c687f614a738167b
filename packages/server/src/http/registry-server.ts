import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { messageOf, SealiftError } from '@sealift/oci/sealift-error.ts'
import type { RegistryHandler } from '@sealift/registry/registry-handler.ts'

/** Milliseconds without a byte after which a connection is given up. Clients that unpack while they pull pause for minutes. */
const IDLE = 15 * 60 * 1000

/** Milliseconds for which an idle connection is kept: longer than clients keep theirs, so that they rarely meet one that just closed. */
const KEEP_ALIVE = 95_000

/** How a connection that speaks TLS begins. */
const TLS_HANDSHAKE = 0x16

const LOOPBACK = /^(?:::ffff:)?127\.|^::1$/

const PLAIN_REFUSED = 'This registry speaks TLS: use https.\n'

/** The registry, answering on a TCP address. */
export interface RegistryServer {
  /** `host:port`, as image references name it. */
  readonly address: string
  /**
   * Speaks TLS from the next connection on, or, without a certificate, no longer. On the same port this
   * machine itself may go on without it; others may not.
   */
  useTls(certificate: { readonly certificate: string; readonly privateKey: string } | undefined): void
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
  const sockets = new Set<Socket>()
  const useTls = offerTls(server, sockets)
  try {
    server.listen(port, host)
    await once(server, 'listening')
  } catch (cause) {
    throw new SealiftError('ADDRESS_IN_USE', `can't listen on ${listen}: ${messageOf(cause)}`, { cause })
  }
  const { port: taken } = server.address() as AddressInfo
  return { address: `${host.includes(':') ? `[${host}]` : host}:${taken}`, useTls, close: () => close(server, sockets) }
}

/**
 * Reads `host:port` or a port.
 * @throws SealiftError `ADDRESS_INVALID`
 */
export function parseListen(listen: string): { readonly host: string; readonly port: number } {
  const match = /^(?:(?<host>\[[0-9a-fA-F:]+\]|[^:]*):)?(?<port>\d{1,5})$/.exec(listen)
  const port = Number(match?.groups?.port)
  if (match === null || port > 65_535) throw new SealiftError('ADDRESS_INVALID', `${JSON.stringify(listen)}: expected host:port, like 127.0.0.1:7070`)
  return { host: (match.groups?.host ?? '127.0.0.1').replaceAll(/[[\]]/g, '') || '0.0.0.0', port }
}

/** Lets one port speak both: the first byte of a connection tells which it is. */
function offerTls(server: Server, sockets: Set<Socket>): RegistryServer['useTls'] {
  const [accept] = server.listeners('connection') as ((socket: Socket) => void)[]
  const tls = createTlsServer({ ALPNProtocols: ['http/1.1'] })
  let isOn = false
  // Both kinds end in the one HTTP server, which so knows and closes all of them.
  tls.on('secureConnection', (socket) => accept?.call(server, socket))
  // A client that does not trust the certificate, or is none.
  tls.on('tlsClientError', (_error, socket) => void socket.destroy())
  server.removeAllListeners('connection')
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    if (!isOn) return accept?.call(server, socket)
    const waiting = setTimeout(() => socket.destroy(), server.headersTimeout)
    socket.on('error', () => socket.destroy())
    socket.once('close', () => clearTimeout(waiting))
    socket.once('readable', () => {
      clearTimeout(waiting)
      const first = socket.read() as Buffer | null
      if (first === null) return void socket.destroy()
      socket.unshift(first)
      if (first[0] === TLS_HANDSHAKE) tls.emit('connection', socket)
      else if (LOOPBACK.test(socket.remoteAddress ?? '')) accept?.call(server, socket)
      else
        socket.end(
          `HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\ncontent-length: ${PLAIN_REFUSED.length}\r\nconnection: close\r\n\r\n${PLAIN_REFUSED}`,
        )
    })
  })
  return (certificate) => {
    if (certificate !== undefined) tls.setSecureContext({ cert: certificate.certificate, key: certificate.privateKey, minVersion: 'TLSv1.2' })
    isOn = certificate !== undefined
  }
}

/** Connections of which the server does not know yet that they speak HTTP end too. */
async function close(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  for (const socket of sockets) socket.destroy()
  await closed
}

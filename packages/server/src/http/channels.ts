import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { CHANNEL_PROTOCOL, writeFrame } from '@sealift/api/channel.ts'
import { toErrorDocument } from '@sealift/api/error-document.ts'
import { API_PREFIX, type Route } from '@sealift/api/route.ts'
import { toSealiftError } from '@sealift/oci/sealift-error.ts'
import type { FastifyInstance } from 'fastify'
import type { RouteGroup } from './api-server.ts'
import { inputReader, type RawInput } from './request-input.ts'

interface ChannelRoute {
  readonly route: Route
  readonly pattern: RegExp
  readonly read: (raw: RawInput) => unknown
  readonly handle: (input: unknown, channel: Duplex) => Promise<void>
}

/** Answers the routes with `duplex`: upgrades their connections, and ends them with the server. */
export function openChannels(app: FastifyInstance, groups: readonly RouteGroup[]): void {
  const routes = groups.flatMap(({ routes, handlers }) =>
    Object.entries(routes).flatMap(([id, route]): ChannelRoute[] => {
      if (!route.duplex) return []
      const pattern = new RegExp(`^${(API_PREFIX + route.path).replaceAll(/:(\w+)/g, '(?<$1>[^/]+)')}$`)
      return [{ route, pattern, read: inputReader(route), handle: handlers[id] as ChannelRoute['handle'] }]
    }),
  )
  const open = new Set<Duplex>()
  app.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    open.add(socket)
    socket.on('close', () => open.delete(socket))
    // Who opened it goes away when it likes.
    socket.on('error', () => {})
    if (head.length > 0) socket.unshift(head)
    void answer(routes, request, socket)
  })
  app.addHook('preClose', async () => {
    for (const socket of open) socket.destroy()
  })
}

async function answer(routes: readonly ChannelRoute[], request: IncomingMessage, socket: Duplex): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://server')
  const found = routes.find(({ pattern, route }) => route.method === request.method && pattern.test(url.pathname))
  if (found === undefined || request.headers.upgrade !== CHANNEL_PROTOCOL) {
    socket.end(`HTTP/1.1 ${found === undefined ? '404 Not Found' : '426 Upgrade Required'}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
    return
  }
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${CHANNEL_PROTOCOL}\r\n\r\n`)
  try {
    const params = Object.fromEntries(Object.entries(found.pattern.exec(url.pathname)?.groups ?? {}).map(([name, text]) => [name, decodeURIComponent(text)]))
    await found.handle(found.read({ params, query: Object.fromEntries(url.searchParams) }), socket)
  } catch (thrown) {
    await writeFrame(socket, 'error', JSON.stringify(toErrorDocument(toSealiftError(thrown, 'the channel'))))
  }
  socket.end()
}

import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { CHANNEL_PROTOCOL, writeFrame } from '@sealift/api/channel.ts'
import { toErrorDocument } from '@sealift/api/error-document.ts'
import { toSealiftError } from '@sealift/oci/sealift-error.ts'
import type { RouteGroup } from './api-server.ts'
import { inputReader, type RawInput } from './request-input.ts'
import { RouteTable } from './route-table.ts'

interface ChannelRoute {
  readonly read: (raw: RawInput) => unknown
  readonly handle: (input: unknown, channel: Duplex) => Promise<void>
}

/** Answers the routes with `duplex`: upgrades their connections. */
export function openChannels(http: Server, groups: readonly RouteGroup[]): { closeAll(): void } {
  const table = new RouteTable<ChannelRoute>()
  for (const { routes, handlers } of groups) {
    for (const [id, route] of Object.entries(routes)) {
      if (route.duplex) table.add(route, { read: inputReader(route), handle: handlers[id] as ChannelRoute['handle'] })
    }
  }
  const open = new Set<Duplex>()
  http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    open.add(socket)
    socket.on('close', () => open.delete(socket))
    // Who opened it goes away when it likes.
    socket.on('error', () => {})
    if (head.length > 0) socket.unshift(head)
    answer(table, request, socket).catch(() => socket.destroy())
  })
  return {
    closeAll() {
      for (const socket of open) socket.destroy()
    },
  }
}

async function answer(table: RouteTable<ChannelRoute>, request: IncomingMessage, socket: Duplex): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://server')
  const found = table.find(request.method ?? '', url.pathname)
  if (found === undefined || request.headers.upgrade !== CHANNEL_PROTOCOL) {
    socket.end(`HTTP/1.1 ${found === undefined ? '404 Not Found' : '426 Upgrade Required'}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
    return
  }
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${CHANNEL_PROTOCOL}\r\n\r\n`)
  try {
    const { value, params } = found
    await value.handle(value.read({ params, query: Object.fromEntries(url.searchParams) }), socket)
  } catch (thrown) {
    await writeFrame(socket, 'error', JSON.stringify(toErrorDocument(toSealiftError(thrown, 'the channel'))))
  }
  socket.end()
}

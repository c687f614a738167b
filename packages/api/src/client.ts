import { type IncomingMessage, request } from 'node:http'
import type { Duplex } from 'node:stream'
import { messageOf, SealiftError } from '@sealift/oci/sealift-error.ts'
import { Check } from 'typebox/value'
import { CHANNEL_PROTOCOL } from './channel.ts'
import { ErrorDocument, fromErrorDocument, StreamFailure } from './error-document.ts'
import { API_PREFIX, type Route, type RouteInput, type RouteOutput } from './route.ts'

/** Where a server listens. */
export type ServerAddress = { readonly socketPath: string } | { readonly host: string; readonly port: number }

/**
 * A typed client of the API. Every call throws the coded error that the server answered with, or
 * `SERVER_UNREACHABLE` where no answer came, where it broke off, or where something else answered.
 */
export interface Client {
  /** Calls a route and returns its answer. */
  call<R extends Route>(route: R, input: RouteInput<R>): Promise<RouteOutput<R>>
  /** Follows a route that streams, until the server ends it or the loop is left. */
  stream<R extends Route & { readonly stream: true }>(route: R, input: RouteInput<R>): AsyncGenerator<RouteOutput<R>>
  /** Opens the channel of a route that goes both ways; whoever opens it ends it. */
  open<R extends Route & { readonly duplex: true }>(route: R, input: RouteInput<R>): Promise<Duplex>
}

interface Parts {
  readonly params?: Readonly<Record<string, unknown>>
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>
  readonly body?: unknown
}

function pathOf(route: Route, { params, query }: Parts): string {
  const path = route.path.replaceAll(/:(\w+)/g, (_, name: string) => encodeURIComponent(String(params?.[name])))
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query ?? {})) if (value !== undefined) search.set(name, String(value))
  return `${API_PREFIX}${path}${search.size > 0 ? `?${search.toString()}` : ''}`
}

/** A client of the server at an address. */
export function createClient(address: ServerAddress): Client {
  const where = 'socketPath' in address ? address.socketPath : `${address.host}:${address.port}`

  const send = (route: Route, parts: Parts): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const body = parts.body === undefined ? undefined : Buffer.from(JSON.stringify(parts.body))
      const headers = body ? { 'content-type': 'application/json', 'content-length': body.length } : {}
      // Each call connects anew: a kept connection may be closed by the server at the moment of its next use.
      const sent = request({ ...address, agent: false, method: route.method, path: pathOf(route, parts), headers }, resolve)
      sent.on('error', (cause) => reject(new SealiftError('SERVER_UNREACHABLE', `the Sealift server at ${where} does not answer: ${cause.message}`, { cause })))
      sent.end(body)
    })

  const lines = async function* (response: IncomingMessage): AsyncGenerator<string> {
    let rest = ''
    try {
      for await (const piece of response.setEncoding('utf8') as AsyncIterable<string>) {
        const whole = (rest + piece).split('\n')
        rest = whole.pop() ?? ''
        yield* whole.filter((line) => line !== '')
      }
    } catch (cause) {
      throw new SealiftError('SERVER_UNREACHABLE', `the Sealift server at ${where} went away before its answer was complete: ${messageOf(cause)}`, { cause })
    }
    if (rest !== '') yield rest
  }

  const parse = (text: string): unknown => {
    try {
      return JSON.parse(text) as unknown
    } catch (cause) {
      throw new SealiftError('SERVER_UNREACHABLE', `what answers at ${where} is not the API of Sealift: ${JSON.stringify(text.slice(0, 100))}`, { cause })
    }
  }

  const readAll = async (response: IncomingMessage): Promise<unknown> => {
    const all: string[] = []
    for await (const line of lines(response)) all.push(line)
    return parse(all.join('\n'))
  }

  const refuseFailure = async (response: IncomingMessage): Promise<void> => {
    if (response.statusCode === 200) return
    const answer = await readAll(response)
    if (Check(ErrorDocument, answer)) throw fromErrorDocument(answer)
    throw new SealiftError('SERVER_UNREACHABLE', `what answers at ${where} is not the API of Sealift: it said ${response.statusCode}`)
  }

  return {
    async call(route, input) {
      const response = await send(route, input as Parts)
      await refuseFailure(response)
      return (await readAll(response)) as RouteOutput<typeof route>
    },
    async *stream(route, input) {
      const response = await send(route, input as Parts)
      try {
        await refuseFailure(response)
        for await (const line of lines(response)) {
          const value = parse(line)
          if (Check(StreamFailure, value)) throw fromErrorDocument(value.error)
          yield value as RouteOutput<typeof route>
        }
      } finally {
        response.destroy()
      }
    },
    open: (route, input) =>
      new Promise((resolve, reject) => {
        const headers = { connection: 'Upgrade', upgrade: CHANNEL_PROTOCOL }
        const sent = request({ ...address, agent: false, method: route.method, path: pathOf(route, input as Parts), headers })
        sent.on('upgrade', (_response, channel, head) => {
          if (head.length > 0) channel.unshift(head)
          resolve(channel)
        })
        sent.on('response', (response) => {
          const refused = new SealiftError('SERVER_UNREACHABLE', `what answers at ${where} is not the API of Sealift: it opens no channel`)
          refuseFailure(response).then(() => reject(refused), reject)
        })
        sent.on('error', (cause) =>
          reject(new SealiftError('SERVER_UNREACHABLE', `the Sealift server at ${where} does not answer: ${cause.message}`, { cause })),
        )
        sent.end()
      }),
  }
}

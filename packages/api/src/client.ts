import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import { createInterface } from 'node:readline'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { type ErrorDocument, fromErrorDocument } from './error-document.ts'
import { API_PREFIX, type Route, type RouteInput, type RouteOutput } from './route.ts'

/** Where a server listens. */
export type ServerAddress = { readonly socketPath: string } | { readonly host: string; readonly port: number }

/** A typed client of the API. Every call throws the coded error that the server answered with. */
export interface Client {
  /** Calls a route and returns its answer. */
  call<R extends Route>(route: R, input: RouteInput<R>): Promise<RouteOutput<R>>
  /** Follows a route that streams, until the server ends it or the loop is left. */
  stream<R extends Route & { readonly stream: true }>(route: R, input: RouteInput<R>): AsyncGenerator<RouteOutput<R>>
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

/**
 * A client of the server at an address.
 * @throws SealiftError `SERVER_UNREACHABLE` from calls when nothing answers there
 */
export function createClient(address: ServerAddress): Client {
  const where = 'socketPath' in address ? address.socketPath : `${address.host}:${address.port}`

  const send = (route: Route, parts: Parts): Promise<{ response: IncomingMessage; sent: ClientRequest }> =>
    new Promise((resolve, reject) => {
      const body = parts.body === undefined ? undefined : Buffer.from(JSON.stringify(parts.body))
      const headers = body ? { 'content-type': 'application/json', 'content-length': body.length } : {}
      const sent = request({ ...address, method: route.method, path: pathOf(route, parts), headers }, (response) => resolve({ response, sent }))
      sent.on('error', (cause) => reject(new SealiftError('SERVER_UNREACHABLE', `the Sealift server at ${where} does not answer: ${cause.message}`, { cause })))
      sent.end(body)
    })

  const fail = async (response: IncomingMessage): Promise<never> => {
    const text = await readText(response)
    let document: ErrorDocument
    try {
      document = JSON.parse(text) as ErrorDocument
    } catch {
      throw new SealiftError('INTERNAL', `the server at ${where} answered ${response.statusCode}: ${text.slice(0, 200)}`)
    }
    throw fromErrorDocument(document)
  }

  return {
    async call(route, input) {
      const { response } = await send(route, input as Parts)
      if ((response.statusCode ?? 500) >= 400) await fail(response)
      return JSON.parse(await readText(response)) as RouteOutput<typeof route>
    },
    async *stream(route, input) {
      const { response, sent } = await send(route, input as Parts)
      if ((response.statusCode ?? 500) >= 400) await fail(response)
      try {
        for await (const line of createInterface({ input: response, crlfDelay: Number.POSITIVE_INFINITY })) {
          if (line !== '') yield JSON.parse(line) as RouteOutput<typeof route>
        }
      } finally {
        sent.destroy()
      }
    },
  }
}

async function readText(response: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = []
  for await (const piece of response) pieces.push(piece as Buffer)
  return Buffer.concat(pieces).toString('utf8')
}

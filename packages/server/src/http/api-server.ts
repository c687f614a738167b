import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type Duplex, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setImmediate } from 'node:timers/promises'
import { type StreamFailure, toErrorDocument } from '@sealift/api/error-document.ts'
import type { Route, RouteInput, RouteOutput } from '@sealift/api/route.ts'
import { SealiftError, toSealiftError } from '@sealift/oci/sealift-error.ts'
import { openChannels } from './channels.ts'
import { readBody } from './request-body.ts'
import { inputReader, type RawInput } from './request-input.ts'
import { RouteTable } from './route-table.ts'

/** Answers one route. A handler of a `stream` route returns the lines, and is told when the client goes away; one of a `duplex` route works on the channel. */
export type Handler<R extends Route> = R extends { readonly duplex: true } ? ChannelHandler<R> : AnsweringHandler<R>

type ChannelHandler<R extends Route> = (input: RouteInput<R>, channel: Duplex) => Promise<void>

type AnsweringHandler<R extends Route> = (
  input: RouteInput<R>,
  gone: AbortSignal,
) => R extends { readonly stream: true } ? AsyncIterable<RouteOutput<R>> | Promise<AsyncIterable<RouteOutput<R>>> : Promise<RouteOutput<R>>

/** A handler for each of a group of routes. */
export type Handlers<Group extends Readonly<Record<string, Route>>> = { readonly [Id in keyof Group]: Handler<Group[Id]> }

const HTTP_STATUS = { 1: 500, 2: 400, 3: 409, 4: 404 } as const

/** How long a server that ends waits for the requests that are at work, in milliseconds. */
const PATIENCE = 5000

/** A group of routes with the code that answers them. */
export interface RouteGroup {
  readonly routes: Readonly<Record<string, Route>>
  readonly handlers: Readonly<Record<string, (input: never, gone: never) => unknown>>
}

/** Binds handlers to routes; the compiler checks that every route has one of its type. */
export function routeGroup<Group extends Readonly<Record<string, Route>>>(routes: Group, handlers: Handlers<Group>): RouteGroup {
  return { routes, handlers }
}

/** The API, ready to listen. */
export interface ApiServer {
  readonly http: Server
  /**
   * Ends. Requests that are at work are answered, those that come now are told that another server is
   * to be asked, and streams are cut off.
   */
  close(): Promise<void>
}

interface Answering {
  readonly route: Route
  readonly read: (raw: RawInput) => RawInput
  readonly handler: (input: unknown, gone: AbortSignal) => unknown
}

/** The API as a server that does not listen yet. */
export function createApiServer(groups: readonly RouteGroup[]): ApiServer {
  const table = new RouteTable<Answering>()
  for (const { routes, handlers } of groups) {
    for (const [id, route] of Object.entries(routes)) {
      if (!route.duplex) table.add(route, { route, read: inputReader(route), handler: handlers[id] as Answering['handler'] })
    }
  }
  const streams = new Set<ServerResponse>()
  let closing = false
  const http = createServer((request, response) => {
    if (closing) return sendError(response, new SealiftError('SERVER_STOPPING', 'the server is about to end'))
    answer(table, request, response, streams).catch((thrown: unknown) => {
      if (response.headersSent) return void response.destroy()
      const error = toSealiftError(thrown, 'the request')
      // What is left of a request that was refused is not read any more.
      if (!request.complete) response.setHeader('connection', 'close')
      sendError(response, error)
    })
  })
  const channels = openChannels(http, groups)
  return {
    http,
    async close() {
      closing = true
      channels.closeAll()
      for (const response of streams) response.destroy()
      if (!http.listening) return
      // Who has connected already is let in, so that it is answered rather than cut off.
      await setImmediate()
      await setImmediate()
      const closed = once(http, 'close')
      http.close()
      const patience = setTimeout(() => http.closeAllConnections(), PATIENCE)
      await closed
      clearTimeout(patience)
    },
  }
}

async function answer(table: RouteTable<Answering>, request: IncomingMessage, response: ServerResponse, streams: Set<ServerResponse>): Promise<void> {
  const { method = '', url = '/' } = request
  const { pathname, searchParams } = new URL(url, 'http://server')
  const found = table.find(method, pathname)
  if (found === undefined) return sendJson(response, 404, toErrorDocument(new SealiftError('USAGE', `there is no ${method} ${url}`)))
  const { route, read, handler } = found.value
  const gone = new AbortController()
  response.on('close', () => gone.abort())
  const body = await readBody(request)
  const result = await handler(read({ params: found.params, query: Object.fromEntries(searchParams), body }), gone.signal)
  if (!route.stream) return sendJson(response, 200, result ?? null)
  streams.add(response)
  response.on('close', () => streams.delete(response))
  response.writeHead(200, { 'content-type': 'application/x-ndjson' })
  // A client that goes away in the middle is no fault.
  await pipeline(Readable.from(linesOf(result as AsyncIterable<unknown>, gone.signal), { objectMode: false }), response).catch(() => {})
}

function sendError(response: ServerResponse, error: SealiftError): void {
  sendJson(response, HTTP_STATUS[error.exitCode], toErrorDocument(error))
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  const bytes = Buffer.from(JSON.stringify(value))
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'content-length': bytes.length }).end(bytes)
}

/** Values as lines; a failure on the way is the last of them, so that its reason is not lost. */
async function* linesOf(values: AsyncIterable<unknown>, gone: AbortSignal): AsyncGenerator<string> {
  try {
    for await (const value of values) yield `${JSON.stringify(value)}\n`
  } catch (thrown) {
    if (gone.aborted) return
    const failure: StreamFailure = { error: toErrorDocument(toSealiftError(thrown, 'the request')) }
    yield `${JSON.stringify(failure)}\n`
  }
}

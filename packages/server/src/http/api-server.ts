import { type Duplex, Readable } from 'node:stream'
import { type StreamFailure, toErrorDocument } from '@sealift/api/error-document.ts'
import { API_PREFIX, type Route, type RouteInput, type RouteOutput } from '@sealift/api/route.ts'
import { SealiftError, toSealiftError } from '@sealift/oci/sealift-error.ts'
import fastify, { type FastifyInstance } from 'fastify'
import { openChannels } from './channels.ts'
import { inputReader } from './request-input.ts'

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

/** Bytes that a request may have; a values file's worth. */
const BODY_LIMIT = 16 * 1024 * 1024

/** A group of routes with the code that answers them. */
export interface RouteGroup {
  readonly routes: Readonly<Record<string, Route>>
  readonly handlers: Readonly<Record<string, (input: never, gone: never) => unknown>>
}

/** Binds handlers to routes; the compiler checks that every route has one of its type. */
export function routeGroup<Group extends Readonly<Record<string, Route>>>(routes: Group, handlers: Handlers<Group>): RouteGroup {
  return { routes, handlers }
}

/** The API as a Fastify server that does not listen yet. */
export function createApiServer(groups: readonly RouteGroup[]): FastifyInstance {
  const app = fastify({ bodyLimit: BODY_LIMIT, forceCloseConnections: true })
  app.setErrorHandler((thrown, _request, reply) => {
    const error = errorOf(thrown)
    void reply.status(HTTP_STATUS[error.exitCode]).send(toErrorDocument(error))
  })
  app.setNotFoundHandler((request, reply) => {
    void reply.status(404).send(toErrorDocument(new SealiftError('USAGE', `there is no ${request.method} ${request.url}`)))
  })
  for (const { routes, handlers } of groups) {
    for (const [id, route] of Object.entries(routes)) {
      if (route.duplex) continue
      const handler = handlers[id] as (input: unknown, gone: AbortSignal) => unknown
      const read = inputReader(route)
      app.route({
        method: route.method,
        url: API_PREFIX + route.path,
        async handler({ params, query, body }, reply) {
          const gone = new AbortController()
          reply.raw.on('close', () => gone.abort())
          const answer = await handler(read({ params, query, body }), gone.signal)
          if (!route.stream) return reply.type('application/json').send(JSON.stringify(answer ?? null))
          return reply.type('application/x-ndjson').send(Readable.from(linesOf(answer as AsyncIterable<unknown>, gone.signal), { objectMode: false }))
        },
      })
    }
  }
  openChannels(app, groups)
  return app
}

/** What Fastify refuses by itself (broken JSON, a body too large) is the caller's fault. */
function errorOf(thrown: unknown): SealiftError {
  const status = thrown instanceof Error && 'statusCode' in thrown ? Number(thrown.statusCode) : 500
  if (thrown instanceof Error && status >= 400 && status < 500) return new SealiftError('USAGE', `the request: ${thrown.message}`, { cause: thrown })
  return toSealiftError(thrown, 'the request')
}

/** Values as lines; a failure on the way is the last of them, so that its reason is not lost. */
async function* linesOf(values: AsyncIterable<unknown>, gone: AbortSignal): AsyncGenerator<string> {
  try {
    for await (const value of values) yield `${JSON.stringify(value)}\n`
  } catch (thrown) {
    if (gone.aborted) return
    const failure: StreamFailure = { error: toErrorDocument(errorOf(thrown)) }
    yield `${JSON.stringify(failure)}\n`
  }
}

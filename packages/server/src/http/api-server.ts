import { rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { toErrorDocument } from '@sealift/api/error-document.ts'
import { API_PREFIX, type Route, type RouteInput, type RouteOutput } from '@sealift/api/route.ts'
import { SealiftError, toSealiftError } from '@sealift/oci/sealift-error.ts'
import fastify, { type FastifyInstance } from 'fastify'

/** Answers one route. A handler of a `stream` route returns the lines, and is told when the client goes away. */
export type Handler<R extends Route> = (
  input: RouteInput<R>,
  gone: AbortSignal,
) => R extends { readonly stream: true } ? AsyncIterable<RouteOutput<R>> | Promise<AsyncIterable<RouteOutput<R>>> : Promise<RouteOutput<R>>

/** A handler for each of a group of routes. */
export type Handlers<Group extends Readonly<Record<string, Route>>> = { readonly [Id in keyof Group]: Handler<Group[Id]> }

const HTTP_STATUS = { 1: 500, 2: 400, 3: 409, 4: 404 } as const

/** A group of routes with the code that answers them. */
export interface RouteGroup {
  readonly routes: Readonly<Record<string, Route>>
  readonly handlers: Readonly<Record<string, (input: never, gone: AbortSignal) => unknown>>
}

/** Binds handlers to routes; the compiler checks that every route has one of its type. */
export function routeGroup<Group extends Readonly<Record<string, Route>>>(routes: Group, handlers: Handlers<Group>): RouteGroup {
  return { routes, handlers }
}

/** The API as a Fastify server that does not listen yet. */
export function createApiServer(groups: readonly RouteGroup[]): FastifyInstance {
  const app = fastify({ bodyLimit: 16 * 1024 * 1024, forceCloseConnections: true, ajv: { customOptions: { removeAdditional: false } } })
  app.setErrorHandler((thrown, _request, reply) => {
    const invalid = thrown instanceof Error && 'validation' in thrown && thrown.validation !== undefined
    const error = invalid ? new SealiftError('USAGE', thrown.message) : toSealiftError(thrown, 'the request')
    void reply.status(HTTP_STATUS[error.exitCode]).send(toErrorDocument(error))
  })
  app.setNotFoundHandler((request, reply) => {
    void reply.status(404).send(toErrorDocument(new SealiftError('USAGE', `there is no ${request.method} ${request.url}`)))
  })
  for (const { routes, handlers } of groups) {
    for (const [id, route] of Object.entries(routes)) {
      const handler = handlers[id] as (input: unknown, gone: AbortSignal) => unknown
      app.route({
        method: route.method,
        url: API_PREFIX + route.path,
        schema: {
          ...(route.params ? { params: route.params } : {}),
          ...(route.query ? { querystring: route.query } : {}),
          ...(route.body ? { body: route.body } : {}),
        },
        async handler(request, reply) {
          const gone = new AbortController()
          reply.raw.on('close', () => gone.abort())
          const answer = await handler({ params: request.params, query: request.query, body: request.body }, gone.signal)
          if (!route.stream) return reply.type('application/json').send(JSON.stringify(answer ?? null))
          return reply.type('application/x-ndjson').send(Readable.from(linesOf(answer as AsyncIterable<unknown>), { objectMode: false }))
        },
      })
    }
  }
  return app
}

async function* linesOf(values: AsyncIterable<unknown>): AsyncGenerator<string> {
  for await (const value of values) yield `${JSON.stringify(value)}\n`
}

/** Listens on a Unix socket that only the owner may use; a socket left by a killed process is replaced. */
export async function listenOnSocket(app: FastifyInstance, path: string): Promise<void> {
  await rm(path, { force: true })
  const before = process.umask(0o177)
  try {
    await app.listen({ path })
  } finally {
    process.umask(before)
  }
}

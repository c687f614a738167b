import type { Static, TSchema } from 'typebox'

/** One operation of the HTTP API: the single source from which the server validates and the client is typed. */
export interface Route {
  /** Unique name, the operation's id in documents made from the routes. */
  readonly id: string
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** Below `/api/v1`, with `:name` for parameters. */
  readonly path: string
  readonly summary: string
  readonly params?: TSchema
  readonly query?: TSchema
  readonly body?: TSchema
  /** Schema of the answer; of each line for a `stream`. */
  readonly response: TSchema
  /** Answered as lines of JSON (`application/x-ndjson`) for as long as there is something to say. One that fails on the way ends with the line of a {@link ./error-document.ts | StreamFailure}. */
  readonly stream?: true
  /** Upgrades the connection to a channel of frames that goes both ways: see {@link ./channel.ts}. */
  readonly duplex?: true
}

/** Path below which every route stands. */
export const API_PREFIX = '/api/v1'

/** Keeps a route's exact types. */
export function defineRoute<const R extends Route>(route: R): R {
  return route
}

type Part<R extends Route, K extends 'params' | 'query' | 'body'> = R extends { readonly [Key in K]: infer S extends TSchema }
  ? { readonly [Key in K]: Static<S> }
  : unknown

/** What a call of the route takes. */
export type RouteInput<R extends Route> = Part<R, 'params'> & Part<R, 'query'> & Part<R, 'body'>

/** What a call of the route answers with (for a `stream`, each line). */
export type RouteOutput<R extends Route> = Static<R['response']>

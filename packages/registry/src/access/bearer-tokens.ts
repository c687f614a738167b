import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Digest } from '@sealift/oci/digest.ts'

/** Seconds that a bearer token lasts: an upload of a large blob takes longer, so clients ask for the next one on the way. */
export const BEARER_SECONDS = 600

/** Whom a bearer token stands for: a token, or nobody in particular. */
export type Bearer = { readonly name: string; readonly secretDigest: Digest } | 'anonymous'

/**
 * Makes and reads the short-lived tokens that clients turn a login into. They hold no rights and no secret,
 * only for whom they were made; a restart ends them all, and clients then log in again by themselves.
 */
export class BearerTokens {
  readonly #key = randomBytes(32)
  readonly #now: () => number

  /** @param now a clock in milliseconds that is never set back */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  issue(bearer: Bearer): string {
    const body = Buffer.from(JSON.stringify({ bearer, until: Math.floor(this.#now()) + BEARER_SECONDS * 1000 })).toString('base64url')
    return `${body}.${this.#sign(body).toString('base64url')}`
  }

  /** Whom a token stands for; undefined for one that was not made here, or is over. */
  read(token: string): Bearer | undefined {
    const [body = '', signature = '', ...rest] = token.split('.')
    const expected = this.#sign(body)
    const given = Buffer.from(signature, 'base64url')
    if (rest.length > 0 || given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined
    const { bearer, until } = JSON.parse(Buffer.from(body, 'base64url').toString('utf8')) as { bearer: Bearer; until: number }
    return this.#now() < until ? bearer : undefined
  }

  #sign(body: string): Buffer {
    return createHmac('sha256', this.#key).update(body).digest()
  }
}

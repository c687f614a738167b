import { timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { digestOf } from '@sealift/oci/digest.ts'
import { sendJson } from '../pull/send-lists.ts'
import { RegistryError } from '../registry-error.ts'
import { TOKEN_PATH } from '../registry-route.ts'
import { BEARER_SECONDS, BearerTokens } from './bearer-tokens.ts'
import type { Caller, RegistryAccess, RegistryAction } from './caller.ts'
import { FailedLogins } from './failed-logins.ts'
import { allows, type RegistryToken } from './registry-token.ts'

/** The tokens that a registry knows, and what it lets happen without one. */
export interface TokenBook {
  find(name: string): RegistryToken | undefined
  /** Whether any token is known. */
  readonly isEmpty: boolean
  /** Whether everybody may read. */
  readonly anonymousPull: boolean
}

const SERVICE = 'sealift'

/** Compared with where there is no token of a name, so that its lack takes as long. */
const NOBODY = digestOf('')

/**
 * Lets callers in by the tokens of a book: with name and secret (HTTP Basic), or with a bearer token that they
 * turned these into as the distribution specification's token flow has it. What a token allows is looked up at
 * each request, so that a revocation holds at once.
 */
export function createTokenAccess(book: TokenBook, now: () => number = () => performance.now()): RegistryAccess {
  const bearers = new BearerTokens(now)
  const failures = new FailedLogins(now)
  const anonymous: Caller = { may: (action) => action === 'pull' && book.anonymousPull }

  const callerWith = (token: RegistryToken): Caller => ({
    name: token.name,
    may: (action, repository) => allows(token, action, repository) || anonymous.may(action, repository),
  })

  const isOver = ({ expiresAt }: RegistryToken): boolean => expiresAt !== undefined && Date.now() >= expiresAt

  const refuse = (request: IncomingMessage, why: string): RegistryError => {
    const wait = failures.failed(request.socket.remoteAddress ?? '')
    if (wait > 0) {
      return new RegistryError('TOOMANYREQUESTS', `too many wrong logins from this address: wait ${wait} s`, { headers: { 'retry-after': String(wait) } })
    }
    return new RegistryError('UNAUTHORIZED', why)
  }

  const login = (request: IncomingMessage, encoded: string): RegistryToken => {
    const text = Buffer.from(encoded, 'base64').toString('utf8')
    const colon = text.indexOf(':')
    const token = book.find(text.slice(0, Math.max(0, colon)))
    const isRight = sameText(digestOf(text.slice(colon + 1)), token?.secretDigest ?? NOBODY)
    if (colon <= 0 || token === undefined || !isRight) throw refuse(request, 'wrong name or token')
    if (isOver(token)) throw refuse(request, `the token ${token.name} has expired`)
    failures.succeeded(request.socket.remoteAddress ?? '')
    return token
  }

  const callerOf = (request: IncomingMessage): Caller => {
    const { authorization } = request.headers
    if (authorization === undefined) return anonymous
    const [, scheme = '', credentials = ''] = /^(\S+) +(\S+)$/.exec(authorization) ?? []
    switch (scheme.toLowerCase()) {
      case 'basic':
        return callerWith(login(request, credentials))
      case 'bearer': {
        const bearer = bearers.read(credentials)
        if (bearer === 'anonymous') return anonymous
        const token = bearer && book.find(bearer.name)
        // A token that was made anew under its old name is another one.
        if (token === undefined || token.secretDigest !== bearer?.secretDigest || isOver(token)) {
          throw new RegistryError('UNAUTHORIZED', 'the login is over')
        }
        return callerWith(token)
      }
      default:
        throw new RegistryError('UNAUTHORIZED', 'expected a login by Basic or Bearer')
    }
  }

  const challenge = (request: IncomingMessage, scope?: { readonly action: RegistryAction; readonly repository: string }): string => {
    const wanted = scope === undefined ? '' : `,scope="repository:${scope.repository}:${scope.action === 'push' ? 'pull,push' : scope.action}"`
    return `Bearer realm="${originOf(request)}${TOKEN_PATH}",service="${SERVICE}"${wanted}`
  }

  return {
    callerOf,
    challenge,
    // Where nobody can log in, and where reading needs no login, a client is not sent through one.
    invitesLogin: (caller) => caller.name === undefined && !(book.anonymousPull && book.isEmpty),
    sendToken(request: IncomingMessage, response: ServerResponse) {
      const { authorization } = request.headers
      if (authorization === undefined && !book.anonymousPull) throw basicOnly('this needs a login')
      const encoded = /^basic +(\S+)$/i.exec(authorization ?? '')?.[1]
      if (authorization !== undefined && encoded === undefined) throw basicOnly('expected name and token by Basic')
      const bearer = encoded === undefined ? 'anonymous' : login(request, encoded)
      const token = bearers.issue(bearer === 'anonymous' ? bearer : { name: bearer.name, secretDigest: bearer.secretDigest })
      const issued = { token, access_token: token, expires_in: BEARER_SECONDS, issued_at: new Date().toISOString() }
      sendJson(request, response, issued, { 'cache-control': 'no-store' })
    },
  }
}

/** Where bearer tokens are made, none is asked for. */
function basicOnly(why: string): RegistryError {
  return new RegistryError('UNAUTHORIZED', why, { headers: { 'www-authenticate': 'Basic realm="Sealift"' } })
}

function sameText(one: string, other: string): boolean {
  return one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other))
}

/** The address that the client itself used. It comes back to nobody else, and only what can stand in an address is taken. */
function originOf({ headers, socket }: IncomingMessage): string {
  const forwarded = headers['x-forwarded-proto']
  const scheme = forwarded === 'https' || forwarded === 'http' ? forwarded : 'encrypted' in socket ? 'https' : 'http'
  const host = /^[a-zA-Z0-9.:[\]_-]+$/.exec(headers.host ?? '')?.[0] ?? `${socket.localAddress ?? 'localhost'}:${socket.localPort ?? ''}`
  return `${scheme}://${host}`
}

import { randomBytes } from 'node:crypto'
import { type Digest, digestOf } from '@sealift/oci/digest.ts'
import type { RegistryAction } from './caller.ts'
import { coversRepository } from './repository-pattern.ts'

/** Random bytes of a token: nothing that could be guessed, so that a plain hash is enough at rest. */
const SECRET_BYTES = 32

/** Says in a leak what leaked. */
const PREFIX = 'slt_'

/** Lets whoever has its secret do something in some repositories. */
export interface RegistryToken {
  /** What clients give as user name. */
  readonly name: string
  /** The digest of the secret that clients give as password. */
  readonly secretDigest: Digest
  /** Patterns of repositories that it may read. */
  readonly pull: readonly string[]
  /** Patterns of repositories that it may push to, and so read. */
  readonly push: readonly string[]
  /** Whether it may delete where it may push. */
  readonly mayDelete: boolean
  /** When it ends, in milliseconds since 1970; undefined for never. */
  readonly expiresAt?: number
}

/** A new secret, to be shown once, and what is kept of it. */
export function generateSecret(): { readonly secret: string; readonly secretDigest: Digest } {
  const secret = PREFIX + randomBytes(SECRET_BYTES).toString('base64url')
  return { secret, secretDigest: digestOf(secret) }
}

/** Whether a token allows something. */
export function allows({ pull, push, mayDelete }: RegistryToken, action: RegistryAction, repository: string): boolean {
  const covers = (patterns: readonly string[]): boolean => patterns.some((pattern) => coversRepository(pattern, repository))
  switch (action) {
    case 'pull':
      return covers(pull) || covers(push)
    case 'push':
      return covers(push)
    case 'delete':
      return mayDelete && covers(push)
  }
}

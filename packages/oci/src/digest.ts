import { createHash, hash } from 'node:crypto'
import { SealiftError } from './sealift-error.ts'

declare const brand: unique symbol

/** The name of content: `sha256:` and 64 lower-case hexadecimal digits. Only {@link parseDigest} and the functions here make one. */
export type Digest = `sha256:${string}` & { readonly [brand]: 'Digest' }

const PATTERN = /^sha256:[0-9a-f]{64}$/

/** Whether a text is a well-formed digest. */
export function isDigest(text: unknown): text is Digest {
  return typeof text === 'string' && PATTERN.test(text)
}

/**
 * Reads a digest that came from outside.
 * @throws SealiftError `DIGEST_INVALID`
 */
export function parseDigest(text: unknown, what = 'digest'): Digest {
  if (isDigest(text)) return text
  throw new SealiftError('DIGEST_INVALID', `${what}: expected sha256: and 64 hexadecimal digits, found ${JSON.stringify(text)}`)
}

/** The digest of bytes in memory. */
export function digestOf(bytes: Uint8Array | string): Digest {
  return `sha256:${hash('sha256', bytes, 'hex')}` as Digest
}

/** The 64 hexadecimal digits, as they name files. */
export function hexOf(digest: Digest): string {
  return digest.slice('sha256:'.length)
}

/** The first twelve digits, for people. */
export function shortDigest(digest: Digest): string {
  return hexOf(digest).slice(0, 12)
}

/** Hashes a stream piece by piece. */
export interface Digester {
  update(bytes: Uint8Array): void
  /** Ends the hashing; the digester can't be used afterwards. */
  digest(): Digest
}

/** A fresh {@link Digester}. */
export function createDigester(): Digester {
  const sha256 = createHash('sha256')
  return {
    update: (bytes) => void sha256.update(bytes),
    digest: () => `sha256:${sha256.digest('hex')}` as Digest,
  }
}

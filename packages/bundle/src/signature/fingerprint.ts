import { hash } from 'node:crypto'
import { SealiftError } from '@sealift/oci/sealift-error.ts'

declare const brand: unique symbol

/** The name of a public key: sha256 over its 32 raw bytes, 64 lower-case hexadecimal digits, never shortened. */
export type Fingerprint = string & { readonly [brand]: 'Fingerprint' }

const PATTERN = /^[0-9a-f]{64}$/

/** Whether a value is a fingerprint as it is kept (without separators, lower case). */
export function isFingerprint(value: unknown): value is Fingerprint {
  return typeof value === 'string' && PATTERN.test(value)
}

/** The fingerprint of an Ed25519 public key of 32 raw bytes. */
export function fingerprintOf(publicKey: Uint8Array): Fingerprint {
  return hash('sha256', publicKey, 'hex') as Fingerprint
}

/** Eight groups of eight digits, as a person compares them. */
export function formatFingerprint(fingerprint: Fingerprint): string {
  return fingerprint.replaceAll(/.{8}(?=.)/g, '$&-')
}

/**
 * Reads a fingerprint that a person gave: any case, with `-`, `:` or spaces between the digits or without.
 * A part of a fingerprint is never enough, since a key that matches a part can be made.
 * @throws SealiftError `KEY_FINGERPRINT_INVALID`
 */
export function parseFingerprint(text: string): Fingerprint {
  const digits = text.replaceAll(/[-:\s]/g, '').toLowerCase()
  if (isFingerprint(digits)) return digits
  const found = /^[0-9a-f]*$/.test(digits) ? `${digits.length} hexadecimal digits` : JSON.stringify(text)
  throw new SealiftError('KEY_FINGERPRINT_INVALID', `fingerprint: expected all 64 hexadecimal digits, found ${found}`)
}

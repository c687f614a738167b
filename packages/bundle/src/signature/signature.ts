import { sign as signEd25519, verify as verifyEd25519 } from 'node:crypto'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { type Fingerprint, fingerprintOf } from './fingerprint.ts'
import { type KeyPair, PUBLIC_KEY_BYTES, publicKeyObject } from './key-pair.ts'
import type { PayloadType } from './payload-type.ts'

/** The largest signature file that is read; a real one has some 400 bytes. */
export const MAX_SIGNATURE_BYTES = 4096

const SIGNATURE_BYTES = 64
const FIELDS = 'keyid,payloadType,publicKey,sig'

/** Who signed, once a signature has proved it. */
export interface Signer {
  readonly fingerprint: Fingerprint
  /** 32 raw bytes. */
  readonly publicKey: Buffer
}

/** The bytes that are signed: DSSE's pre-authentication encoding of type and payload. */
export function preAuthenticationEncoding(payloadType: string, payload: Uint8Array): Buffer {
  const type = Buffer.from(payloadType)
  return Buffer.concat([Buffer.from(`DSSEv1 ${type.length} `), type, Buffer.from(` ${payload.length} `), payload])
}

/** Signs bytes that travel beside the signature; returns the signature file. */
export function sign(key: KeyPair, payloadType: PayloadType, payload: Uint8Array): Buffer {
  const sig = signEd25519(null, preAuthenticationEncoding(payloadType, payload), key.privateKey)
  return Buffer.from(JSON.stringify({ payloadType, keyid: key.fingerprint, publicKey: key.publicKey.toString('base64'), sig: sig.toString('base64') }))
}

/**
 * Checks a signature file over a payload. Says only who signed; whether that key is trusted is the caller's to decide.
 * @param what names the payload in errors
 * @throws SealiftError `SIGNATURE_INVALID`
 */
export function verify(signature: Uint8Array, payloadType: PayloadType, payload: Uint8Array, what: string): Signer {
  const invalid = (why: string, cause?: unknown): SealiftError => new SealiftError('SIGNATURE_INVALID', `${what}: ${why}`, { cause })
  if (signature.length > MAX_SIGNATURE_BYTES) throw invalid(`the signature file has ${signature.length} bytes, more than ${MAX_SIGNATURE_BYTES}`)
  let json: unknown
  try {
    json = JSON.parse(Buffer.from(signature).toString('utf8'))
  } catch (cause) {
    throw invalid('the signature file is no JSON', cause)
  }
  if (typeof json !== 'object' || json === null || Object.keys(json).toSorted().join() !== FIELDS) {
    throw invalid('the signature file does not have exactly the fields payloadType, keyid, publicKey and sig')
  }
  const fields = json as Record<string, unknown>
  if (fields.payloadType !== payloadType) throw invalid(`the signature is over ${JSON.stringify(fields.payloadType)}, expected ${payloadType}`)
  const publicKey = exactBase64(fields.publicKey, PUBLIC_KEY_BYTES)
  const sig = exactBase64(fields.sig, SIGNATURE_BYTES)
  if (publicKey === undefined || sig === undefined) throw invalid('public key or signature is not base64 of the right length')
  const fingerprint = fingerprintOf(publicKey)
  if (fields.keyid !== fingerprint) throw invalid(`the key's fingerprint is ${fingerprint}, the signature file says ${JSON.stringify(fields.keyid)}`)
  if (!verifyEd25519(null, preAuthenticationEncoding(payloadType, payload), publicKeyObject(publicKey), sig)) {
    throw invalid(`the bytes are not those that the key ${fingerprint} signed`)
  }
  return { fingerprint, publicKey }
}

/** Decodes base64 of so many bytes that is written in its one canonical way; undefined where it is not. */
export function exactBase64(value: unknown, length: number): Buffer | undefined {
  if (typeof value !== 'string') return undefined
  const bytes = Buffer.from(value, 'base64')
  return bytes.length === length && bytes.toString('base64') === value ? bytes : undefined
}

import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { type Fingerprint, fingerprintOf } from './fingerprint.ts'

/** Bytes of a raw Ed25519 public key. */
export const PUBLIC_KEY_BYTES = 32

/** An Ed25519 key that can sign. */
export interface KeyPair {
  readonly privateKey: KeyObject
  /** 32 raw bytes. */
  readonly publicKey: Buffer
  readonly fingerprint: Fingerprint
}

/** A new Ed25519 key pair. */
export function generateKeyPair(): KeyPair {
  return keyPairOf(generateKeyPairSync('ed25519').privateKey)
}

/** The private key as PKCS #8 PEM, unencrypted: whoever writes it to a file gives that file mode 0600. */
export function formatPrivateKey({ privateKey }: KeyPair): string {
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}

/**
 * Reads a key pair from PKCS #8 PEM.
 * @param what names the key in errors, usually its file
 * @throws SealiftError `KEY_INVALID`
 */
export function parsePrivateKey(pem: string, what: string): KeyPair {
  let privateKey: KeyObject
  try {
    privateKey = createPrivateKey(pem)
  } catch (cause) {
    throw new SealiftError('KEY_INVALID', `${what}: holds no private key in PEM form`, { cause })
  }
  if (privateKey.asymmetricKeyType !== 'ed25519') {
    throw new SealiftError('KEY_INVALID', `${what}: holds a key of type ${privateKey.asymmetricKeyType}, expected ed25519`)
  }
  return keyPairOf(privateKey)
}

/** A public key from its 32 raw bytes. */
export function publicKeyObject(raw: Uint8Array): KeyObject {
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(raw).toString('base64url') }, format: 'jwk' })
}

function keyPairOf(privateKey: KeyObject): KeyPair {
  const { x } = createPublicKey(privateKey).export({ format: 'jwk' })
  const publicKey = Buffer.from(x ?? '', 'base64url')
  return { privateKey, publicKey, fingerprint: fingerprintOf(publicKey) }
}

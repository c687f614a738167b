import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { SealiftError } from '@sealift/oci/sealift-error.ts'

const KEY_BYTES = 32
const NONCE_BYTES = 12
/** 128 MiB and a third of a second: guessing a passphrase costs as much each time. */
const COST = 2 ** 17
const BLOCK = 8
/** What a backup may ask for at most, so that none takes all memory of who looks into it. */
const MAX_COST = 2 ** 20

/** The shortest passphrase that is taken. */
export const MIN_PASSPHRASE = 8

/** A data folder's key as it lies in a backup: it opens with the passphrase alone. Bytes are base64. */
export interface SealedKey {
  readonly kdf: 'scrypt'
  readonly cost: number
  readonly salt: string
  readonly nonce: string
  /** Cipher text and its tag, AES-256-GCM. */
  readonly sealed: string
}

/** @param context what the sealed key belongs to: it opens nowhere else */
export async function sealKey(key: Buffer, passphrase: string, context: string): Promise<SealedKey> {
  const salt = randomBytes(16)
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', await derive(passphrase, salt, COST), nonce).setAAD(Buffer.from(context))
  const sealed = Buffer.concat([cipher.update(key), cipher.final(), cipher.getAuthTag()])
  return { kdf: 'scrypt', cost: COST, salt: salt.toString('base64'), nonce: nonce.toString('base64'), sealed: sealed.toString('base64') }
}

/** @throws SealiftError `BACKUP_PASSPHRASE_WRONG`, `BACKUP_DAMAGED` */
export async function unsealKey({ cost, salt, nonce, sealed }: SealedKey, passphrase: string, context: string, what: string): Promise<Buffer> {
  const bytes = Buffer.from(sealed, 'base64')
  const iv = Buffer.from(nonce, 'base64')
  const isPossible = Number.isInteger(Math.log2(cost)) && cost >= 2 && cost <= MAX_COST && iv.length === NONCE_BYTES && bytes.length === KEY_BYTES + 16
  if (!isPossible) throw new SealiftError('BACKUP_DAMAGED', `${what}: the sealed key in it is of no possible form`)
  const decipher = createDecipheriv('aes-256-gcm', await derive(passphrase, Buffer.from(salt, 'base64'), cost), iv, { authTagLength: 16 })
  decipher.setAAD(Buffer.from(context)).setAuthTag(bytes.subarray(KEY_BYTES))
  try {
    return Buffer.concat([decipher.update(bytes.subarray(0, KEY_BYTES)), decipher.final()])
  } catch (cause) {
    throw new SealiftError('BACKUP_PASSPHRASE_WRONG', `${what}: the passphrase does not open it`, { cause })
  }
}

/** What proves that a manifest was written by who has the data folder's key. */
export function macOf(manifest: Uint8Array, key: Buffer): Buffer {
  return createHmac('sha256', Buffer.from(hkdfSync('sha256', key, Buffer.alloc(0), 'sealift backup manifest', KEY_BYTES)))
    .update(manifest)
    .digest()
}

/** Whether a manifest is the one that the code was made for. */
export function isMacOf(mac: Uint8Array, manifest: Uint8Array, key: Buffer): boolean {
  const expected = macOf(manifest, key)
  return mac.length === expected.length && timingSafeEqual(mac, expected)
}

function derive(passphrase: string, salt: Buffer, cost: number): Promise<Buffer> {
  const options = { N: cost, r: BLOCK, p: 1, maxmem: 129 * BLOCK * cost }
  return new Promise((resolve, reject) => {
    // The same letters may reach us composed differently from another keyboard.
    scrypt(passphrase.normalize('NFKC'), salt, KEY_BYTES, options, (failure, key) => {
      if (failure === null) resolve(key)
      else reject(failure)
    })
  })
}

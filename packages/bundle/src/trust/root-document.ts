import { type Digest, isDigest } from '@sealift/oci/digest.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { type Fingerprint, fingerprintOf } from '../signature/fingerprint.ts'
import { PUBLIC_KEY_BYTES } from '../signature/key-pair.ts'
import { exactBase64 } from '../signature/signature.ts'

/** The largest root document, in bytes. */
export const MAX_ROOT_BYTES = 64 * 1024

/** The most keys that a root names, old ones too. */
export const MAX_ROOT_KEYS = 100

/** What every root document calls itself. */
const ROOT_FORMAT = 'sealift-root'
const ROOT_FORMAT_VERSION = 1

/** What a key may sign: later roots, or releases and bundles. */
export const KEY_ROLES = ['release', 'root'] as const
export type KeyRole = (typeof KEY_ROLES)[number]

/**
 * What has become of a key. Retired: what it signs is still good, but it signs no root any more.
 * Revoked: nothing of it comes in again. A key only ever goes from left to right.
 */
export const KEY_STATES = ['active', 'retired', 'revoked'] as const
export type KeyState = (typeof KEY_STATES)[number]

/** A key as a root names it. */
export interface RootKey {
  readonly fingerprint: Fingerprint
  /** 32 raw bytes. */
  readonly publicKey: Buffer
  /** At least one, in the order of {@link KEY_ROLES}. */
  readonly roles: readonly KeyRole[]
  readonly state: KeyState
}

/** A vendor's statement of which keys are its own. */
export interface Root {
  /** 1 for the first, one more for each that replaces another. */
  readonly number: number
  /** The digest of the document that it replaces; the first has none. */
  readonly previous?: Digest
  /** What the vendor calls itself, for people. */
  readonly name: string
  /** ISO 8601, UTC, milliseconds. */
  readonly createdAt: string
  /** When it shall no longer be relied on without a newer one. */
  readonly expires?: string
  /** How many root keys must sign the next one. */
  readonly threshold: number
  /** Every key that the vendor ever had, ordered by fingerprint. */
  readonly keys: readonly RootKey[]
}

const FIELDS = ['createdAt', 'expires', 'format', 'formatVersion', 'keys', 'name', 'number', 'previous', 'threshold']
const KEY_FIELDS = 'publicKey,roles,state'
/** No control characters, nor what is invisible or turns the direction of a text: it is shown beside what decides on trust. */
const NAME = /^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]{0,100}$/u

/** The bytes of a root document, as they are signed: equal roots have equal bytes. */
export function encodeRoot({ number, previous, name, createdAt, expires, threshold, keys }: Root): Buffer {
  const document = {
    format: ROOT_FORMAT,
    formatVersion: ROOT_FORMAT_VERSION,
    number,
    ...(previous === undefined ? {} : { previous }),
    name,
    createdAt,
    ...(expires === undefined ? {} : { expires }),
    threshold,
    keys: sorted(keys).map(({ publicKey, roles, state }) => ({
      publicKey: publicKey.toString('base64'),
      roles: KEY_ROLES.filter((role) => roles.includes(role)),
      state,
    })),
  }
  return Buffer.from(JSON.stringify(document))
}

/**
 * Reads a root document. Proves nothing: who signed it is for `verifyChain` to say.
 * @param what names it in errors
 * @throws SealiftError `TRUST_ROOT_INVALID`
 */
export function parseRoot(bytes: Uint8Array, what: string): Root {
  const invalid = (why: string, cause?: unknown): SealiftError => new SealiftError('TRUST_ROOT_INVALID', `${what}: ${why}`, { cause })
  if (bytes.length > MAX_ROOT_BYTES) throw invalid(`has ${bytes.length} bytes, more than ${MAX_ROOT_BYTES}`)
  let json: unknown
  try {
    json = JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch (cause) {
    throw invalid('is no JSON', cause)
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw invalid('is no object')
  const fields = json as Readonly<Record<string, unknown>>
  if (fields.format !== ROOT_FORMAT || fields.formatVersion !== ROOT_FORMAT_VERSION) {
    throw invalid(`is not of the format ${ROOT_FORMAT} ${ROOT_FORMAT_VERSION}, the only one that this version of Sealift reads`)
  }
  const unknown = Object.keys(fields).find((field) => !FIELDS.includes(field))
  if (unknown !== undefined) throw invalid(`has the unknown field ${JSON.stringify(unknown.slice(0, 40))}`)
  const { number, previous, name, createdAt, expires, threshold } = fields
  if (!isCount(number, 1_000_000)) throw invalid('its number is none from 1 on')
  if (previous !== undefined && !isDigest(previous)) throw invalid('what it replaces is no digest')
  if ((previous === undefined) !== (number === 1)) throw invalid(`number ${number} ${previous === undefined ? 'names none' : 'names one'} that it replaces`)
  if (typeof name !== 'string' || !NAME.test(name)) throw invalid('its name is longer than 100 characters, or has some that are not to be shown')
  if (!isTime(createdAt)) throw invalid('createdAt is no UTC time')
  if (expires !== undefined && !isTime(expires)) throw invalid('expires is no UTC time')
  if (!isCount(threshold, MAX_ROOT_KEYS)) throw invalid('its threshold is no number of keys')
  const keys = parseKeys(fields.keys, invalid)
  const able = keys.filter(({ state, roles }) => state === 'active' && roles.includes('root')).length
  if (able < threshold) throw invalid(`${able} keys could sign the next one, ${threshold} would have to`)
  const root: Root = {
    number,
    name,
    createdAt,
    threshold,
    keys,
    ...(previous === undefined ? {} : { previous }),
    ...(expires === undefined ? {} : { expires }),
  }
  // A field given twice, or another spelling, would be read differently by different programs.
  if (!encodeRoot(root).equals(bytes)) throw invalid('is not written in the one way that the format has')
  return root
}

function parseKeys(value: unknown, invalid: (why: string) => SealiftError): readonly RootKey[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_ROOT_KEYS) throw invalid(`does not have 1 to ${MAX_ROOT_KEYS} keys`)
  const keys = value.map((item: unknown, position): RootKey => {
    if (typeof item !== 'object' || item === null || Object.keys(item).toSorted().join() !== KEY_FIELDS) {
      throw invalid(`keys[${position}] does not have exactly the fields ${KEY_FIELDS}`)
    }
    const { publicKey: text, roles, state } = item as Readonly<Record<string, unknown>>
    const publicKey = exactBase64(text, PUBLIC_KEY_BYTES)
    if (publicKey === undefined) throw invalid(`keys[${position}] is no public key`)
    const known = Array.isArray(roles) ? KEY_ROLES.filter((role) => roles.includes(role)) : []
    if (known.length === 0) throw invalid(`keys[${position}] has no role`)
    const found = KEY_STATES.find((name) => name === state)
    if (found === undefined) throw invalid(`keys[${position}] has no state`)
    return { fingerprint: fingerprintOf(publicKey), publicKey, roles: known, state: found }
  })
  if (new Set(keys.map(({ fingerprint }) => fingerprint)).size !== keys.length) throw invalid('names a key twice')
  return keys
}

const sorted = (keys: readonly RootKey[]): readonly RootKey[] => keys.toSorted((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1))

function isCount(value: unknown, most: number): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 1 && value <= most
}

function isTime(value: unknown): value is string {
  if (typeof value !== 'string' || value.length !== '2026-01-31T12:00:00.000Z'.length) return false
  const time = new Date(value)
  return !Number.isNaN(time.getTime()) && time.toISOString() === value
}

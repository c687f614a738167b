import type { Fingerprint } from '../signature/fingerprint.ts'
import type { KeyPair } from '../signature/key-pair.ts'
import { PayloadType } from '../signature/payload-type.ts'
import { sign } from '../signature/signature.ts'
import { type VerifiedRoot, verifyNext } from './root-chain.ts'
import { encodeRoot, KEY_ROLES, KEY_STATES, type KeyState, type Root, type RootKey } from './root-document.ts'

/** How a root differs from the one before. */
export interface RootChange {
  readonly name?: string
  /** Keys that come in; each signs. */
  readonly add?: readonly KeyPair[]
  /** What becomes of keys that are there. One that went further already stays as it is. */
  readonly states?: ReadonlyMap<Fingerprint, KeyState>
  /** ISO 8601, UTC, milliseconds; null for a root that does not expire. What stays away is as before. */
  readonly expires?: string | null
}

/**
 * The first root of a vendor, signed by all its keys.
 * @throws SealiftError `TRUST_ROOT_INVALID`
 */
export function firstRoot(keys: readonly KeyPair[], { name = '', expires }: Pick<RootChange, 'name' | 'expires'> = {}): VerifiedRoot {
  const root: Root = { number: 1, name, createdAt: now(), threshold: 1, keys: keys.map(asActive), ...expiry(expires) }
  return signed(root, undefined, keys)
}

/**
 * The root that replaces another.
 * @param holders the key pairs at hand: those that may are made to sign
 * @throws SealiftError `TRUST_ROOT_INVALID` where too few of them may
 */
export function nextRoot(before: VerifiedRoot, { name, add = [], states, expires }: RootChange, holders: readonly KeyPair[]): VerifiedRoot {
  const kept = before.root.keys.map((key) => ({ ...key, state: further(key.state, states?.get(key.fingerprint)) }))
  const root: Root = {
    number: before.root.number + 1,
    previous: before.digest,
    name: name ?? before.root.name,
    createdAt: now(),
    threshold: before.root.threshold,
    keys: [...kept, ...add.map(asActive)],
    ...expiry(expires === undefined ? before.root.expires : expires),
  }
  return signed(root, before, [...holders, ...add])
}

function signed(root: Root, before: VerifiedRoot | undefined, keys: readonly KeyPair[]): VerifiedRoot {
  const document = encodeRoot(root)
  const signatures = keys.map((key) => sign(key, PayloadType.root, document))
  // What a site would refuse is not made at all.
  return verifyNext({ document, signatures }, before, `root ${root.number}`)
}

const asActive = ({ fingerprint, publicKey }: KeyPair): RootKey => ({ fingerprint, publicKey, roles: KEY_ROLES, state: 'active' })

const further = (is: KeyState, wanted: KeyState = is): KeyState => (KEY_STATES.indexOf(wanted) > KEY_STATES.indexOf(is) ? wanted : is)

const expiry = (expires: string | null | undefined): Pick<Root, 'expires'> => (expires == null ? {} : { expires })

const now = (): string => new Date().toISOString()

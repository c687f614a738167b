import { type Digest, digestOf } from '@sealift/oci/digest.ts'
import { isSealiftError, SealiftError } from '@sealift/oci/sealift-error.ts'
import { type Fingerprint, formatFingerprint } from '../signature/fingerprint.ts'
import { PayloadType } from '../signature/payload-type.ts'
import { verify } from '../signature/signature.ts'
import { KEY_STATES, parseRoot, type Root, type RootKey } from './root-document.ts'

/** The most roots in a chain. */
export const MAX_CHAIN = 1000

/** The most signatures beside a root. */
export const MAX_ROOT_SIGNATURES = 100

/** A root document with the signature files over it, as it travels. */
export interface SignedRoot {
  readonly document: Buffer
  readonly signatures: readonly Buffer[]
}

/** A root that its own keys and those of the one before have signed. */
export interface VerifiedRoot extends SignedRoot {
  readonly digest: Digest
  readonly root: Root
  /** The keys whose signature is over it; each is named in it, or was in the one before. */
  readonly signers: ReadonlySet<Fingerprint>
}

/** All roots of a vendor from the first to the newest. Proved to belong together, not trusted. */
export interface RootChain {
  /** The digest of the first root, which names the vendor for ever. */
  readonly vendor: Digest
  readonly roots: readonly VerifiedRoot[]
  readonly newest: VerifiedRoot
}

/**
 * Checks that roots follow each other: each names the one before by digest, and is signed by as many
 * root keys of the one before as that demands, and of its own; a key enters a root only by its own
 * signature, never leaves it, and never returns from retired or revoked.
 * @param what names the chain in errors
 * @throws SealiftError `TRUST_ROOT_INVALID`, `SIGNATURE_INVALID`
 */
export function verifyChain(signed: readonly SignedRoot[], what: string): RootChain {
  if (signed.length > MAX_CHAIN) throw invalid(what, `has ${signed.length} roots, more than ${MAX_CHAIN}`)
  const roots: VerifiedRoot[] = []
  for (const next of signed) roots.push(verifyNext(next, roots.at(-1), `${what}, root ${roots.length + 1}`))
  const [first] = roots
  const newest = roots.at(-1)
  if (first === undefined || newest === undefined) throw invalid(what, 'has no root')
  return { vendor: first.digest, roots, newest }
}

/**
 * Checks one root against the one that it replaces.
 * @param before undefined for the first
 * @throws SealiftError `TRUST_ROOT_INVALID`, `SIGNATURE_INVALID`
 */
export function verifyNext({ document, signatures }: SignedRoot, before: VerifiedRoot | undefined, what: string): VerifiedRoot {
  const root = parseRoot(document, what)
  const expected = (before?.root.number ?? 0) + 1
  if (root.number !== expected) throw invalid(what, `has the number ${root.number}, expected ${expected}`)
  if (root.previous !== before?.digest) throw invalid(what, `replaces ${root.previous}, expected ${before?.digest}`)
  const signers = readSigners(document, signatures, what)
  if (before !== undefined) {
    requireSigned(signers, before.root, what, 'of the root before')
    checkKeys(root, before.root, what)
  }
  requireSigned(signers, root, what, 'of its own')
  const known = new Set(before?.root.keys.map(({ fingerprint }) => fingerprint))
  for (const { fingerprint } of root.keys) {
    // Else a vendor could claim another's key, and revoke it.
    if (!known.has(fingerprint) && !signers.has(fingerprint)) throw invalid(what, `names the new key ${formatFingerprint(fingerprint)}, which did not sign it`)
  }
  const named = new Set([...known, ...root.keys.map(({ fingerprint }) => fingerprint)])
  return { document, signatures, digest: digestOf(document), root, signers: new Set([...signers].filter((signer) => named.has(signer))) }
}

/** The keys of a root that may sign the next one. */
export function rootSigners({ keys }: Root): readonly RootKey[] {
  return keys.filter(({ state, roles }) => state === 'active' && roles.includes('root'))
}

function readSigners(document: Buffer, signatures: readonly Buffer[], what: string): ReadonlySet<Fingerprint> {
  if (signatures.length > MAX_ROOT_SIGNATURES) throw invalid(what, `has ${signatures.length} signatures, more than ${MAX_ROOT_SIGNATURES}`)
  try {
    return new Set(signatures.map((signature) => verify(signature, PayloadType.root, document, what).fingerprint))
  } catch (cause) {
    if (isSealiftError(cause, 'SIGNATURE_INVALID')) throw invalid(what, 'a signature over it is not good', cause)
    throw cause
  }
}

function requireSigned(signers: ReadonlySet<Fingerprint>, root: Root, what: string, whose: string): void {
  const count = rootSigners(root).filter(({ fingerprint }) => signers.has(fingerprint)).length
  if (count < root.threshold) throw invalid(what, `is signed by ${count} keys ${whose}, expected ${root.threshold}`)
}

function checkKeys(root: Root, before: Root, what: string): void {
  const now = new Map(root.keys.map((key) => [key.fingerprint, key]))
  for (const key of before.keys) {
    const next = now.get(key.fingerprint)
    const shown = formatFingerprint(key.fingerprint)
    if (next === undefined) throw invalid(what, `no longer names the key ${shown}; keys are retired or revoked, never left out`)
    if (KEY_STATES.indexOf(next.state) < KEY_STATES.indexOf(key.state)) throw invalid(what, `the key ${shown} was ${key.state} and is ${next.state} again`)
  }
}

function invalid(what: string, why: string, cause?: unknown): SealiftError {
  return new SealiftError('TRUST_ROOT_INVALID', `${what}: ${why}`, { cause })
}

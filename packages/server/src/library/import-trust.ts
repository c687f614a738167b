import type { Fingerprint } from '@sealift/bundle/signature/fingerprint.ts'
import type { RootChain } from '@sealift/bundle/trust/root-chain.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import type { Kysely } from 'kysely'
import type { Tables } from '../database/tables.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import { revokedByVendor, shownVendor } from '../keys/trust-roots.ts'

/** What a person allows an import. */
export interface TrustRequest {
  /** Fingerprints of keys, or of trust roots, that are vouched for. */
  readonly trust: ReadonlySet<Fingerprint>
  readonly allowExpiredRoot: boolean
}

/**
 * Decides for one import which keys count. What a vendor that is known already says of its keys is
 * recorded at once, whatever becomes of the bundle: a revocation shall not wait. What is trusted for the
 * first time is recorded with the releases, by {@link record}.
 */
export class ImportTrust {
  readonly #keys: KeyRing
  readonly #request: TrustRequest
  readonly #log: (message: string) => void
  /** Chains of vendors that are new here. */
  readonly #first: RootChain[] = []
  readonly #newlyTrusted = new Set<Fingerprint>()

  constructor(keys: KeyRing, request: TrustRequest, log: (message: string) => void) {
    this.#keys = keys
    this.#request = request
    this.#log = log
  }

  /** Takes notice of the roots in the bundle. @throws SealiftError `TRUST_ROOT_FORKED`, `KEY_REVOKED` */
  async consider(chains: readonly RootChain[]): Promise<void> {
    for (const chain of chains) {
      const judgement = await this.#keys.roots.judge(chain, this.#request.trust)
      if (judgement === 'first') this.#first.push(chain)
      if (judgement !== 'newer') continue
      await this.#keys.adoptRoots(chain)
      this.#log(`The trust root of vendor ${shownVendor(chain.vendor)} is now number ${chain.newest.root.number}.`)
    }
  }

  /** Whether a key may have signed what comes in. @throws SealiftError `KEY_REVOKED`, `TRUST_ROOT_EXPIRED` */
  async isTrusted(fingerprint: Fingerprint): Promise<boolean> {
    // Told at once, rather than that it should be passed to --trust, which would not help.
    await this.#keys.refuseRevoked(fingerprint)
    const chain = this.#first.find((candidate) => stateIn(candidate, fingerprint) !== undefined) ?? (await this.#keys.roots.chainsOf([fingerprint]))[0]
    if (chain !== undefined) this.#refuseExpired(chain)
    const state = chain && stateIn(chain, fingerprint)
    if (chain !== undefined && state === 'revoked') throw revokedByVendor(fingerprint, chain)
    if (await this.#keys.isTrusted(fingerprint)) return true
    if (state === 'release') return true
    if (!this.#request.trust.has(fingerprint)) return false
    this.#newlyTrusted.add(fingerprint)
    return true
  }

  /** Whether two keys are of one vendor. */
  async areOfOneVendor(one: string, other: string): Promise<boolean> {
    const both = (chain: RootChain): boolean => [one, other].every((fingerprint) => stateIn(chain, fingerprint) !== undefined)
    return this.#first.some(both) || (await this.#keys.areOfOneVendor(one, other))
  }

  /** Records what is trusted from now on, as part of a transaction. */
  async record(name: string, tx: Kysely<Tables>): Promise<void> {
    await this.#keys.recordTrust(this.#newlyTrusted, name, tx)
    for (const chain of this.#first) await this.#keys.roots.adopt(chain, tx)
  }

  #refuseExpired({ vendor, newest: { root } }: RootChain): void {
    if (root.expires === undefined || this.#request.allowExpiredRoot || Date.parse(root.expires) > Date.now()) return
    throw new SealiftError(
      'TRUST_ROOT_EXPIRED',
      `root ${root.number} of vendor ${shownVendor(vendor)} was good until ${root.expires}; it is ${new Date().toISOString()}`,
    )
  }
}

/** What a chain says of a key: that it signs releases, only roots, or nothing any more; undefined where it does not name it. */
function stateIn({ newest }: RootChain, fingerprint: string): 'release' | 'root' | 'revoked' | undefined {
  const key = newest.root.keys.find((candidate) => candidate.fingerprint === fingerprint)
  if (key === undefined) return undefined
  if (key.state === 'revoked') return 'revoked'
  return key.roles.includes('release') ? 'release' : 'root'
}

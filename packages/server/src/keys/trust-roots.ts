import type { TrustRoot } from '@sealift/api/routes/keys.ts'
import { type Fingerprint, formatFingerprint } from '@sealift/bundle/signature/fingerprint.ts'
import { type RootChain, rootSigners, type SignedRoot, type VerifiedRoot, verifyChain } from '@sealift/bundle/trust/root-chain.ts'
import type { RootKey } from '@sealift/bundle/trust/root-document.ts'
import { type Digest, hexOf } from '@sealift/oci/digest.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import type { Kysely } from 'kysely'
import type { Database } from '../database/open-database.ts'
import type { KeyRow, Tables } from '../database/tables.ts'

/**
 * What a chain of roots from outside is to this side. `held`: nothing new in it. `newer`: it continues
 * the one that is held. `first`: of a vendor that is new here, and vouched for by a key that is trusted.
 * `unknown`: nobody here vouches for it, so that it counts for nothing.
 */
export type ChainJudgement = 'held' | 'newer' | 'first' | 'unknown'

/** The trust roots of the vendors that are known here, this side's own among them. They only ever grow. */
export class TrustRoots {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /** All roots of a vendor as they are held, undefined where it is not known. */
  async chain(vendor: Digest, db: Kysely<Tables> = this.#db): Promise<RootChain | undefined> {
    const rows = await db.selectFrom('trust_root').selectAll().where('vendor', '=', vendor).orderBy('number').execute()
    if (rows.length === 0) return undefined
    return verifyChain(rows.map(signedRootOf), `trust root of vendor ${shownVendor(vendor)}`)
  }

  /** The chains of the vendors that keys belong to, each once. */
  async chainsOf(fingerprints: Iterable<string>): Promise<readonly RootChain[]> {
    const vendors = new Set<Digest>()
    for (const fingerprint of fingerprints) {
      const vendor = (await keyRow(fingerprint, this.#db))?.vendor
      if (vendor != null) vendors.add(vendor)
    }
    return Promise.all([...vendors].map(async (vendor) => (await this.chain(vendor)) as RootChain))
  }

  /** The newest root of every vendor, this side's own first. */
  async list(): Promise<TrustRoot[]> {
    const rows = await this.#db.selectFrom('trust_root').select('vendor').distinct().execute()
    const roots: TrustRoot[] = []
    for (const { vendor } of rows) {
      const chain = (await this.chain(vendor)) as RootChain
      const own = await this.#db.selectFrom('key').select('fingerprint').where('vendor', '=', vendor).where('own', '=', 1).executeTakeFirst()
      roots.push(describe(chain, own !== undefined))
    }
    return roots.toSorted((a, b) => Number(b.own) - Number(a.own) || (a.vendor < b.vendor ? -1 : 1))
  }

  /**
   * Says what a proved chain is to this side, and changes nothing.
   * @param trust fingerprints that a person vouches for now: of keys, or of root documents
   * @throws SealiftError `TRUST_ROOT_FORKED`, `KEY_REVOKED`
   */
  async judge(chain: RootChain, trust: ReadonlySet<string>): Promise<ChainJudgement> {
    const held = await this.chain(chain.vendor)
    if (held !== undefined) {
      refuseFork(held, chain)
      if (chain.roots.length <= held.roots.length) return 'held'
      await this.#refuseRevokedSigners(held, chain, trust)
      return 'newer'
    }
    await this.#refuseClaimed(chain)
    for (const { fingerprint, state } of chain.newest.root.keys) {
      if (trust.has(fingerprint) && state === 'revoked') throw revokedByVendor(fingerprint, chain)
    }
    if (chain.roots.some(({ digest }) => trust.has(hexOf(digest)))) return 'first'
    for (const { fingerprint } of chain.newest.root.keys) {
      const use = (await keyRow(fingerprint, this.#db))?.use
      if (use === 'revoked') continue
      // Whoever is named in a chain has signed it, so that a trusted key vouches for all of it.
      if (use !== undefined || trust.has(fingerprint)) return 'first'
    }
    return 'unknown'
  }

  /**
   * Records a chain that was judged `first` or `newer`, and what has become of its keys, as part of a
   * transaction. A key that was revoked here stays so.
   * @throws SealiftError `TRUST_ROOT_FORKED` where another one was recorded meanwhile
   */
  async adopt(chain: RootChain, tx: Kysely<Tables>): Promise<void> {
    const held = await this.chain(chain.vendor, tx)
    if (held !== undefined) refuseFork(held, chain)
    const added = chain.roots.slice(held?.roots.length ?? 0)
    if (added.length === 0) return
    for (const root of added) await tx.insertInto('trust_root').values(rowOf(chain.vendor, root)).execute()
    for (const key of chain.newest.root.keys) await recordKey(key, chain, tx)
  }

  /** A key of another chain in this one: whoever holds the key has made two. */
  async #refuseClaimed(chain: RootChain): Promise<void> {
    for (const { fingerprint } of chain.newest.root.keys) {
      const vendor = (await keyRow(fingerprint, this.#db))?.vendor
      if (vendor == null || vendor === chain.vendor) continue
      throw new SealiftError(
        'TRUST_ROOT_FORKED',
        `the key ${formatFingerprint(fingerprint)} belongs here to the vendor ${shownVendor(vendor)}, and now also to ${shownVendor(chain.vendor)}`,
        { details: { vendors: [vendor, chain.vendor] } },
      )
    }
  }

  /** Keys that an administrator revoked here don't bring in new roots, unless a person vouches for the newest. */
  async #refuseRevokedSigners(held: RootChain, chain: RootChain, trust: ReadonlySet<string>): Promise<void> {
    const { newest } = chain
    const vouched =
      trust.has(hexOf(newest.digest)) || rootSigners(newest.root).some(({ fingerprint }) => trust.has(fingerprint) && newest.signers.has(fingerprint))
    if (vouched) return
    let before = held.newest.root
    for (const { root, signers } of chain.roots.slice(held.roots.length)) {
      const good: Fingerprint[] = []
      const revoked: Fingerprint[] = []
      for (const { fingerprint } of rootSigners(before)) {
        if (signers.has(fingerprint)) ((await keyRow(fingerprint, this.#db))?.use === 'revoked' ? revoked : good).push(fingerprint)
      }
      if (good.length < before.threshold) {
        const shown = revoked.map(formatFingerprint).join(', ')
        throw new SealiftError('KEY_REVOKED', `root ${root.number} of vendor ${shownVendor(chain.vendor)} is signed by ${shown}, which was revoked here`, {
          hint: `Ask the vendor by phone for the fingerprint of its current key, and pass it with --trust if it is one of ${rootSigners(newest.root)
            .map(({ fingerprint }) => formatFingerprint(fingerprint))
            .join(', ')}`,
        })
      }
      before = root
    }
  }
}

/** A vendor's name as people compare it: the digits of its first root. */
export function shownVendor(vendor: Digest): string {
  return formatFingerprint(hexOf(vendor) as Fingerprint)
}

/** The error for a key that its own vendor has revoked. */
export function revokedByVendor(fingerprint: Fingerprint, { vendor, newest }: RootChain): SealiftError {
  return new SealiftError(
    'KEY_REVOKED',
    `the key ${formatFingerprint(fingerprint)} was revoked by its vendor ${shownVendor(vendor)} (root ${newest.root.number} of ${newest.root.createdAt})`,
  )
}

function refuseFork(held: RootChain, chain: RootChain): void {
  for (const [index, { digest }] of chain.roots.entries()) {
    const here = held.roots[index]
    if (here === undefined || here.digest === digest) continue
    throw new SealiftError(
      'TRUST_ROOT_FORKED',
      `vendor ${shownVendor(held.vendor)} has two different roots ${index + 1}: here ${hexOf(here.digest)}, in the bundle ${hexOf(digest)}`,
      { details: { vendor: held.vendor, number: index + 1, here: here.digest, found: digest } },
    )
  }
}

async function recordKey(key: RootKey, { vendor, newest }: RootChain, tx: Kysely<Tables>): Promise<void> {
  const { fingerprint } = key
  const row = await keyRow(fingerprint, tx)
  const use = useOf(key, row?.use)
  await tx
    .insertInto('key')
    .values({ fingerprint, name: newest.root.name, use, private_sealed: null, created_at: new Date().toISOString(), vendor })
    .onConflict((conflict) => conflict.column('fingerprint').doUpdateSet({ use, vendor, ...(use === 'signing' ? {} : { private_sealed: null }) }))
    .execute()
}

function useOf({ state, roles }: RootKey, before: KeyRow['use'] | undefined): KeyRow['use'] {
  if (before === 'revoked' || state === 'revoked') return 'revoked'
  if (before === 'signing' && state === 'active') return 'signing'
  if (!roles.includes('release')) return 'root'
  return state === 'active' ? 'trusted' : 'retired'
}

async function keyRow(fingerprint: string, db: Kysely<Tables>): Promise<{ use: KeyRow['use']; vendor: Digest | null } | undefined> {
  return db.selectFrom('key').select(['use', 'vendor']).where('fingerprint', '=', fingerprint).executeTakeFirst()
}

function rowOf(vendor: Digest, { root, digest, document, signatures }: VerifiedRoot): Tables['trust_root'] {
  const signatures_json = JSON.stringify(signatures.map((signature) => signature.toString('base64')))
  return { vendor, number: root.number, digest, document, signatures_json, arrived_at: new Date().toISOString() }
}

function signedRootOf({ document, signatures_json }: Tables['trust_root']): SignedRoot {
  const signatures = JSON.parse(signatures_json) as string[]
  return { document: Buffer.from(document), signatures: signatures.map((text) => Buffer.from(text, 'base64')) }
}

function describe({ vendor, newest: { root, digest } }: RootChain, own: boolean): TrustRoot {
  return {
    vendor: shownVendor(vendor),
    name: root.name,
    own,
    number: root.number,
    digest,
    createdAt: root.createdAt,
    ...(root.expires === undefined ? {} : { expires: root.expires }),
    keys: root.keys.map(({ fingerprint, roles, state }) => ({ fingerprint: formatFingerprint(fingerprint), roles: [...roles], state })),
  }
}

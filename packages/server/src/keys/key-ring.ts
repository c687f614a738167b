import type { Key } from '@sealift/api/routes/keys.ts'
import { type Fingerprint, formatFingerprint, parseFingerprint } from '@sealift/bundle/signature/fingerprint.ts'
import { formatPrivateKey, generateKeyPair, type KeyPair, parsePrivateKey } from '@sealift/bundle/signature/key-pair.ts'
import { firstRoot, nextRoot, type RootChange } from '@sealift/bundle/trust/make-root.ts'
import type { RootChain, VerifiedRoot } from '@sealift/bundle/trust/root-chain.ts'
import type { KeyState } from '@sealift/bundle/trust/root-document.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { type Kysely, type Selectable, sql } from 'kysely'
import type { MasterKey } from '../data/master-key.ts'
import type { Database } from '../database/open-database.ts'
import type { KeyRow, Tables } from '../database/tables.ts'
import { shownVendor, TrustRoots } from './trust-roots.ts'

const context = (fingerprint: string): string => `key/${fingerprint}`

/** Uses of a key that something signed with it may come in by. */
const TRUSTED: readonly KeyRow['use'][] = ['signing', 'trusted', 'retired']

/**
 * The keys that this side signs with, trusts, or has revoked. What changes about its own keys becomes
 * a new root in the same transaction, so that sites learn of it with the next bundle.
 */
export class KeyRing {
  readonly roots: TrustRoots
  readonly #db: Database
  readonly #masterKey: MasterKey

  constructor(db: Database, masterKey: MasterKey) {
    this.#db = db
    this.#masterKey = masterKey
    this.roots = new TrustRoots(db)
  }

  /** All keys, newest first. */
  async list(): Promise<Key[]> {
    const rows = await this.#db.selectFrom('key').selectAll().orderBy(sql`rowid`, 'desc').execute()
    const bound = await this.#db.selectFrom('application').select(['name', 'bound_key']).orderBy('name').execute()
    return rows.map((row) => ({
      fingerprint: formatFingerprint(row.fingerprint as Fingerprint),
      name: row.name,
      use: row.use,
      own: row.own === 1,
      ...(row.vendor === null ? {} : { vendor: shownVendor(row.vendor) }),
      createdAt: row.created_at,
      applications: bound.filter(({ bound_key }) => bound_key === row.fingerprint).map(({ name }) => name),
    }))
  }

  /** Makes a key; what is signed from now on is signed with it. The keys before stay good, and may sign roots. */
  async generate(name: string): Promise<Key> {
    return this.#change(async (tx) => {
      const { fingerprint } = await this.#insertPair(name, tx)
      await this.#replaceRoot({}, tx)
      return fingerprint
    })
  }

  /** Makes a key that takes the place of all before: what they signed stays good, and they sign nothing any more. */
  async rotate(name: string): Promise<Key> {
    return this.#change(async (tx) => {
      const states = new Map((await this.#signingPairs(tx)).map((pair): [Fingerprint, KeyState] => [pair.fingerprint, 'retired']))
      const { fingerprint } = await this.#insertPair(name, tx)
      await this.#replaceRoot(states.size === 0 ? {} : { states }, tx)
      return fingerprint
    })
  }

  /**
   * Trusts a key no longer. Of an own key all sites learn with the next bundle; where it was the last
   * one, another takes its place.
   * @throws SealiftError `KEY_NOT_FOUND`
   */
  async revoke(text: string): Promise<Key> {
    const fingerprint = parseFingerprint(text)
    await this.#get(fingerprint)
    return this.#change(async (tx) => {
      const row = await rowOf(fingerprint, tx)
      if (row === undefined || row.use === 'revoked') return fingerprint
      if (row.own === 1) {
        const left = (await this.#signingPairs(tx)).filter((pair) => pair.fingerprint !== fingerprint)
        if (left.length === 0) await this.#insertPair('signing key', tx)
        await this.#replaceRoot({ states: new Map([[fingerprint, 'revoked']]) }, tx)
      }
      await tx.updateTable('key').set({ use: 'revoked', private_sealed: null }).where('fingerprint', '=', fingerprint).execute()
      return fingerprint
    })
  }

  /**
   * Gives this side's root out anew, under another name or with another time at which it expires.
   * @param change what stays away is as in the root before
   */
  async renewRoot(change: Pick<RootChange, 'name' | 'expires'>): Promise<void> {
    await this.signingKey()
    await this.#db.transaction().execute((tx) => this.#replaceRoot(change, tx))
  }

  /** The newest signing key; the first time that one is needed it is made, once, with the first root. */
  async signingKey(): Promise<KeyPair> {
    return this.#db.transaction().execute(async (tx) => {
      const [newest] = await this.#signingPairs(tx)
      const pair = newest ?? (await this.#insertPair('first signing key', tx))
      if ((await rowOf(pair.fingerprint, tx))?.vendor == null) await this.#replaceRoot({}, tx)
      return pair
    })
  }

  /** Whether something signed with this key is accepted: it is our own, trusted, or was until it was retired. */
  async isTrusted(fingerprint: Fingerprint): Promise<boolean> {
    const use = (await rowOf(fingerprint, this.#db))?.use
    return use !== undefined && TRUSTED.includes(use)
  }

  /** Whether a key is or was this side's own. */
  async isOwn(fingerprint: string): Promise<boolean> {
    return (await rowOf(fingerprint, this.#db))?.own === 1
  }

  /** Whether two keys belong to the same vendor by a root that is held here. */
  async areOfOneVendor(one: string, other: string): Promise<boolean> {
    const vendor = (await rowOf(one, this.#db))?.vendor
    return vendor != null && (await rowOf(other, this.#db))?.vendor === vendor
  }

  /**
   * Trusts a key by its full fingerprint.
   * @throws SealiftError `KEY_FINGERPRINT_INVALID`, `KEY_REVOKED` for one that was revoked
   */
  async trust(text: string, name = ''): Promise<Key> {
    const fingerprint = parseFingerprint(text)
    await this.#db.transaction().execute((tx) => this.recordTrust([fingerprint], name, tx))
    return this.#get(fingerprint)
  }

  /**
   * Trusts keys as part of a transaction. Those that are ours or trusted already stay as they are.
   * @throws SealiftError `KEY_REVOKED`
   */
  async recordTrust(fingerprints: Iterable<Fingerprint>, name: string, tx: Kysely<Tables>): Promise<void> {
    for (const fingerprint of fingerprints) {
      refuseRevoked(fingerprint, await rowOf(fingerprint, tx))
      await tx
        .insertInto('key')
        .values({ fingerprint, name, use: 'trusted', private_sealed: null, created_at: new Date().toISOString() })
        .onConflict((conflict) => conflict.column('fingerprint').doNothing())
        .execute()
    }
  }

  /** Records what a vendor that is known here says of its keys in newer roots. @throws SealiftError `TRUST_ROOT_FORKED` */
  async adoptRoots(chain: RootChain): Promise<void> {
    await this.#db.transaction().execute((tx) => this.roots.adopt(chain, tx))
  }

  /** @throws SealiftError `KEY_REVOKED` */
  async refuseRevoked(fingerprint: Fingerprint): Promise<void> {
    refuseRevoked(fingerprint, await rowOf(fingerprint, this.#db))
  }

  async #change(work: (tx: Kysely<Tables>) => Promise<Fingerprint>): Promise<Key> {
    return this.#get(await this.#db.transaction().execute(work))
  }

  /** Makes the root after the one that is held, or the first; keys that stand in none yet come in. All signing keys sign it, those too that it retires or revokes. */
  async #replaceRoot(change: Omit<RootChange, 'add'>, tx: Kysely<Tables>): Promise<void> {
    const pairs = await this.#signingPairs(tx)
    const held = await this.#ownChain(tx)
    const roots = held === undefined ? [firstRoot(pairs, change)] : [...held.roots]
    const [first] = roots as [VerifiedRoot]
    const before = roots.at(-1) ?? first
    const known = new Map(before.root.keys.map((key) => [key.fingerprint, key]))
    const holders = pairs.filter(({ fingerprint }) => known.get(fingerprint)?.state === 'active')
    if (holders.length === 0) {
      throw new SealiftError('KEY_REVOKED', `none of the keys here may sign for vendor ${shownVendor(first.digest)} any more`, {
        hint: 'They were retired or revoked on another copy of this data folder. Work with that one, or restore its backup.',
      })
    }
    // The first root names all keys that there are; only what becomes of them needs a second.
    if (held !== undefined || change.states !== undefined) {
      const add = pairs.filter(({ fingerprint }) => !known.has(fingerprint))
      roots.push(nextRoot(before, { ...change, add }, holders))
    }
    await this.roots.adopt({ vendor: first.digest, roots, newest: roots.at(-1) ?? first }, tx)
  }

  async #ownChain(tx: Kysely<Tables>): Promise<RootChain | undefined> {
    const row = await tx.selectFrom('key').select('vendor').where('own', '=', 1).where('vendor', 'is not', null).executeTakeFirst()
    return row?.vendor == null ? undefined : this.roots.chain(row.vendor, tx)
  }

  /** The key pairs that sign here, newest first: by the order in which they were made, whatever the clock said then. */
  async #signingPairs(db: Kysely<Tables>): Promise<readonly KeyPair[]> {
    const rows = await db.selectFrom('key').selectAll().where('use', '=', 'signing').orderBy(sql`rowid`, 'desc').execute()
    return rows.flatMap(({ fingerprint, name, private_sealed }) =>
      private_sealed === null ? [] : [parsePrivateKey(this.#masterKey.unseal(private_sealed, context(fingerprint)), `signing key ${name}`)],
    )
  }

  async #insertPair(name: string, db: Kysely<Tables>): Promise<KeyPair> {
    const pair = generateKeyPair()
    const sealed = this.#masterKey.seal(formatPrivateKey(pair), context(pair.fingerprint))
    await db
      .insertInto('key')
      .values({ fingerprint: pair.fingerprint, name, use: 'signing', own: 1, private_sealed: sealed, created_at: new Date().toISOString() })
      .execute()
    return pair
  }

  async #get(fingerprint: Fingerprint): Promise<Key> {
    const shown = formatFingerprint(fingerprint)
    const key = (await this.list()).find((candidate) => candidate.fingerprint === shown)
    if (key === undefined) throw new SealiftError('KEY_NOT_FOUND', `no key with the fingerprint ${shown} is known here`)
    return key
  }
}

async function rowOf(fingerprint: string, db: Kysely<Tables>): Promise<Pick<Selectable<KeyRow>, 'use' | 'vendor' | 'own'> | undefined> {
  return db.selectFrom('key').select(['use', 'vendor', 'own']).where('fingerprint', '=', fingerprint).executeTakeFirst()
}

function refuseRevoked(fingerprint: Fingerprint, row: Awaited<ReturnType<typeof rowOf>>): void {
  if (row?.use !== 'revoked') return
  const by = row.vendor === null ? 'here' : `by its vendor ${shownVendor(row.vendor)}, or here`
  throw new SealiftError('KEY_REVOKED', `the key ${formatFingerprint(fingerprint)}${row.own === 1 ? ', once this side’s own,' : ''} was revoked ${by}`)
}

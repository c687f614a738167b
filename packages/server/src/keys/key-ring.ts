import type { Key } from '@sealift/api/routes/keys.ts'
import { type Fingerprint, formatFingerprint, parseFingerprint } from '@sealift/bundle/signature/fingerprint.ts'
import { formatPrivateKey, generateKeyPair, type KeyPair, parsePrivateKey } from '@sealift/bundle/signature/key-pair.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { type Kysely, sql } from 'kysely'
import type { MasterKey } from '../data/master-key.ts'
import type { Database } from '../database/open-database.ts'
import type { KeyRow, Tables } from '../database/tables.ts'

const context = (fingerprint: string): string => `key/${fingerprint}`

/** The keys that this side signs with, trusts, or has revoked. */
export class KeyRing {
  readonly #db: Database
  readonly #masterKey: MasterKey

  constructor(db: Database, masterKey: MasterKey) {
    this.#db = db
    this.#masterKey = masterKey
  }

  /** All keys, newest first. */
  async list(): Promise<Key[]> {
    const rows = await this.#db.selectFrom('key').selectAll().orderBy('created_at', 'desc').orderBy(sql`rowid`, 'desc').execute()
    const bound = await this.#db.selectFrom('application').select(['name', 'bound_key']).orderBy('name').execute()
    return rows.map((row) => ({
      fingerprint: formatFingerprint(row.fingerprint as Fingerprint),
      name: row.name,
      use: row.use,
      createdAt: row.created_at,
      applications: bound.filter(({ bound_key }) => bound_key === row.fingerprint).map(({ name }) => name),
    }))
  }

  /** Makes a key; what is signed from now on is signed with it. */
  async generate(name: string): Promise<Key> {
    const { fingerprint } = await this.#generate(name, this.#db)
    return this.#get(fingerprint)
  }

  /** The newest signing key; the first time that one is needed it is made, once. */
  async signingKey(): Promise<KeyPair> {
    return this.#db.transaction().execute(async (tx) => {
      const row = await tx
        .selectFrom('key')
        .selectAll()
        .where('use', '=', 'signing')
        .orderBy('created_at', 'desc')
        .orderBy(sql`rowid`, 'desc')
        .executeTakeFirst()
      if (row?.private_sealed == null) return this.#generate('first signing key', tx)
      return parsePrivateKey(this.#masterKey.unseal(row.private_sealed, context(row.fingerprint)), `signing key ${row.name}`)
    })
  }

  /** Whether something signed with this key is accepted: it is our own or trusted, and not revoked. */
  async isTrusted(fingerprint: Fingerprint): Promise<boolean> {
    const use = await useOf(fingerprint, this.#db)
    return use !== undefined && use !== 'revoked'
  }

  /**
   * Trusts a key by its full fingerprint.
   * @throws SealiftError `KEY_FINGERPRINT_INVALID`, `KEY_REVOKED` for one that was revoked here
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
      refuseRevoked(fingerprint, await useOf(fingerprint, tx))
      await tx
        .insertInto('key')
        .values({ fingerprint, name, use: 'trusted', private_sealed: null, created_at: new Date().toISOString() })
        .onConflict((conflict) => conflict.column('fingerprint').doNothing())
        .execute()
    }
  }

  /** @throws SealiftError `KEY_REVOKED` */
  async refuseRevoked(fingerprint: Fingerprint): Promise<void> {
    refuseRevoked(fingerprint, await useOf(fingerprint, this.#db))
  }

  /**
   * Trusts a key no longer and signs nothing with it any more.
   * @throws SealiftError `KEY_NOT_FOUND`
   */
  async revoke(text: string): Promise<Key> {
    const fingerprint = parseFingerprint(text)
    await this.#get(fingerprint)
    await this.#db.updateTable('key').set({ use: 'revoked', private_sealed: null }).where('fingerprint', '=', fingerprint).execute()
    return this.#get(fingerprint)
  }

  async #generate(name: string, db: Kysely<Tables>): Promise<KeyPair> {
    const pair = generateKeyPair()
    const sealed = this.#masterKey.seal(formatPrivateKey(pair), context(pair.fingerprint))
    await db
      .insertInto('key')
      .values({ fingerprint: pair.fingerprint, name, use: 'signing', private_sealed: sealed, created_at: new Date().toISOString() })
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

async function useOf(fingerprint: Fingerprint, db: Kysely<Tables>): Promise<KeyRow['use'] | undefined> {
  return (await db.selectFrom('key').select('use').where('fingerprint', '=', fingerprint).executeTakeFirst())?.use
}

function refuseRevoked(fingerprint: Fingerprint, use: KeyRow['use'] | undefined): void {
  if (use === 'revoked') throw new SealiftError('KEY_REVOKED', `the key ${formatFingerprint(fingerprint)} was revoked here`)
}

import type { Key } from '@sealift/api/routes/keys.ts'
import { type Fingerprint, formatFingerprint, parseFingerprint } from '@sealift/bundle/signature/fingerprint.ts'
import { formatPrivateKey, generateKeyPair, type KeyPair, parsePrivateKey } from '@sealift/bundle/signature/key-pair.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import type { MasterKey } from '../data/master-key.ts'
import type { Database } from '../database/open-database.ts'

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
    const rows = await this.#db.selectFrom('key').selectAll().orderBy('created_at', 'desc').execute()
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
    const pair = generateKeyPair()
    const sealed = this.#masterKey.seal(formatPrivateKey(pair), context(pair.fingerprint))
    await this.#db
      .insertInto('key')
      .values({ fingerprint: pair.fingerprint, name, use: 'signing', private_sealed: sealed, created_at: new Date().toISOString() })
      .execute()
    return this.#get(pair.fingerprint)
  }

  /** The newest signing key; the first time that one is needed it is made. */
  async signingKey(): Promise<KeyPair> {
    const row = await this.#db.selectFrom('key').selectAll().where('use', '=', 'signing').orderBy('created_at', 'desc').executeTakeFirst()
    if (row?.private_sealed) return parsePrivateKey(this.#masterKey.unseal(row.private_sealed, context(row.fingerprint)), `signing key ${row.name}`)
    await this.generate('first signing key')
    return this.signingKey()
  }

  /** Whether something signed with this key is accepted: it is our own or trusted, and not revoked. */
  async isTrusted(fingerprint: Fingerprint): Promise<boolean> {
    const row = await this.#db.selectFrom('key').select('use').where('fingerprint', '=', fingerprint).executeTakeFirst()
    return row !== undefined && row.use !== 'revoked'
  }

  /**
   * Trusts a key by its full fingerprint.
   * @throws SealiftError `KEY_FINGERPRINT_INVALID`, `KEY_REVOKED` for one that was revoked here
   */
  async trust(text: string, name = ''): Promise<Key> {
    const fingerprint = parseFingerprint(text)
    await this.refuseRevoked(fingerprint)
    const row = await this.#db.selectFrom('key').select('use').where('fingerprint', '=', fingerprint).executeTakeFirst()
    if (row === undefined) {
      await this.#db.insertInto('key').values({ fingerprint, name, use: 'trusted', private_sealed: null, created_at: new Date().toISOString() }).execute()
    }
    return this.#get(fingerprint)
  }

  /** @throws SealiftError `KEY_REVOKED` */
  async refuseRevoked(fingerprint: Fingerprint): Promise<void> {
    const row = await this.#db.selectFrom('key').select('use').where('fingerprint', '=', fingerprint).executeTakeFirst()
    if (row?.use === 'revoked') throw new SealiftError('KEY_REVOKED', `the key ${formatFingerprint(fingerprint)} was revoked here`)
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

  async #get(fingerprint: Fingerprint): Promise<Key> {
    const shown = formatFingerprint(fingerprint)
    const key = (await this.list()).find((candidate) => candidate.fingerprint === shown)
    if (key === undefined) throw new SealiftError('KEY_NOT_FOUND', `no key with the fingerprint ${shown} is known here`)
    return key
  }
}

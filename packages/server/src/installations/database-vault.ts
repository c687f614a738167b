import { generateSecret, type SecretVault } from '@sealift/deploy/secret-vault.ts'
import type { GenerateSpec } from '@sealift/deploy/value.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import type { MasterKey } from '../data/master-key.ts'
import type { Database } from '../database/open-database.ts'

const context = (id: string): string => `secret/${id}`

/** Keeps the secrets of installations in the database, sealed with the master key. */
export class DatabaseVault implements SecretVault {
  readonly #db: Database
  readonly #masterKey: MasterKey

  constructor(db: Database, masterKey: MasterKey) {
    this.#db = db
    this.#masterKey = masterKey
  }

  async get(id: string): Promise<string> {
    const row = await this.#db.selectFrom('secret').select('sealed').where('id', '=', id).executeTakeFirst()
    if (row === undefined) throw new SealiftError('SECRET_MISSING', `secret ${id} is not in the vault`)
    return this.#masterKey.unseal(row.sealed, context(id))
  }

  async create(id: string, spec: GenerateSpec): Promise<void> {
    await this.#insert(id, generateSecret(spec))
  }

  async seal(scope: string, value: string): Promise<string> {
    // A keyed hash: the name must not let anyone try out values.
    const id = `${scope}/${this.#masterKey.authenticate(value).slice(0, 16)}`
    await this.#insert(id, value)
    return id
  }

  /** When each secret of an installation was put here. */
  async createdAt(installation: string): Promise<ReadonlyMap<string, string>> {
    const rows = await this.#db
      .selectFrom('secret')
      .select(['id', 'created_at'])
      .where('id', '>=', `${installation}/`)
      .where('id', '<', `${installation}0`)
      .execute()
    return new Map(rows.map(({ id, created_at }) => [id, created_at]))
  }

  async #insert(id: string, value: string): Promise<void> {
    await this.#db
      .insertInto('secret')
      .values({ id, sealed: this.#masterKey.seal(value, context(id)), created_at: new Date().toISOString() })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute()
  }
}

import type { CreatedToken, RegistryTokenSummary } from '@sealift/api/routes/registry.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { generateSecret, type RegistryToken } from '@sealift/registry/access/registry-token.ts'
import { isRepositoryPattern } from '@sealift/registry/access/repository-pattern.ts'
import { parseDuration } from '@sealift/template/duration.ts'
import type { Database } from '../database/open-database.ts'
import type { RegistryTokenRow } from '../database/tables.ts'

/** What a new token is to allow. */
export interface NewToken {
  readonly name: string
  readonly pull: readonly string[]
  readonly push: readonly string[]
  readonly mayDelete: boolean
  /** How long it is good, like `30d`; undefined for ever. */
  readonly expires?: string | undefined
}

/** The tokens of a registry. All are kept in memory too, since every request looks one up. */
export class RegistryTokens {
  readonly #db: Database
  readonly #rows = new Map<string, RegistryTokenRow>()
  readonly #tokens = new Map<string, RegistryToken>()

  private constructor(db: Database) {
    this.#db = db
  }

  static async open(db: Database): Promise<RegistryTokens> {
    const tokens = new RegistryTokens(db)
    for (const row of await db.selectFrom('registry_token').selectAll().orderBy('name').execute()) tokens.#keep(row)
    return tokens
  }

  get isEmpty(): boolean {
    return this.#tokens.size === 0
  }

  find(name: string): RegistryToken | undefined {
    return this.#tokens.get(name)
  }

  list(): readonly RegistryTokenSummary[] {
    return [...this.#rows.values()].map(summaryOf)
  }

  /**
   * Makes a token. Its secret is in the answer, and nowhere else.
   * @throws SealiftError `NAME_TAKEN`, `TOKEN_INVALID`, `QUANTITY_INVALID`
   */
  async create({ name, pull, push, mayDelete, expires }: NewToken): Promise<CreatedToken> {
    if (pull.length + push.length === 0) throw new SealiftError('TOKEN_INVALID', `token ${name}: it would allow nothing`)
    if (mayDelete && push.length === 0) throw new SealiftError('TOKEN_INVALID', `token ${name}: deleting goes with pushing, and it may push nowhere`)
    for (const pattern of [...pull, ...push]) {
      if (!isRepositoryPattern(pattern)) {
        throw new SealiftError('TOKEN_INVALID', `token ${name}: ${JSON.stringify(pattern)} is no pattern of repositories, like team/* or app`)
      }
    }
    if (this.#rows.has(name)) throw new SealiftError('NAME_TAKEN', `there is a token ${name} already`)
    const lifetime = expires === undefined ? undefined : parseDuration(expires, `token ${name}: how long it is good`)
    const { secret, secretDigest } = generateSecret()
    const now = Date.now()
    const row: RegistryTokenRow = {
      name,
      secret_digest: secretDigest,
      pull_json: JSON.stringify(pull),
      push_json: JSON.stringify(push),
      may_delete: mayDelete ? 1 : 0,
      created_at: new Date(now).toISOString(),
      expires_at: lifetime === undefined ? null : new Date(now + lifetime * 1000).toISOString(),
    }
    await this.#db.insertInto('registry_token').values(row).execute()
    this.#keep(row)
    return { ...summaryOf(row), secret }
  }

  /**
   * Ends a token at once.
   * @throws SealiftError `TOKEN_NOT_FOUND`
   */
  async revoke(name: string): Promise<RegistryTokenSummary> {
    const row = this.#rows.get(name)
    if (row === undefined) throw new SealiftError('TOKEN_NOT_FOUND', `there is no token ${name}`)
    // Nobody is let in with it from here on, also where the database then fails and it is back after a restart.
    this.#tokens.delete(name)
    await this.#db.deleteFrom('registry_token').where('name', '=', name).execute()
    this.#rows.delete(name)
    return summaryOf(row)
  }

  #keep(row: RegistryTokenRow): void {
    this.#rows.set(row.name, row)
    this.#tokens.set(row.name, {
      name: row.name,
      secretDigest: row.secret_digest,
      pull: JSON.parse(row.pull_json) as string[],
      push: JSON.parse(row.push_json) as string[],
      mayDelete: row.may_delete === 1,
      ...(row.expires_at === null ? {} : { expiresAt: Date.parse(row.expires_at) }),
    })
  }
}

function summaryOf(row: RegistryTokenRow): RegistryTokenSummary {
  return {
    name: row.name,
    pull: JSON.parse(row.pull_json) as string[],
    push: JSON.parse(row.push_json) as string[],
    delete: row.may_delete === 1,
    createdAt: row.created_at,
    ...(row.expires_at === null ? {} : { expiresAt: row.expires_at }),
  }
}

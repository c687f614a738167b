import type { Database } from '../database/open-database.ts'

const ANONYMOUS = 'registry.anonymous'
const RETENTION = 'registry.retention-days'

/** What an administrator decided about the registry. */
export class RegistrySettings {
  readonly #db: Database
  #anonymousPull = true
  #retentionDays: number | undefined

  private constructor(db: Database) {
    this.#db = db
  }

  static async open(db: Database): Promise<RegistrySettings> {
    const settings = new RegistrySettings(db)
    settings.#anonymousPull = (await settings.#read(ANONYMOUS)) !== 'none'
    const days = Number(await settings.#read(RETENTION))
    settings.#retentionDays = days > 0 ? days : undefined
    return settings
  }

  /** Whether reading needs no login. */
  get anonymousPull(): boolean {
    return this.#anonymousPull
  }

  /** Days after which pushed manifests go that no tag leads to and nothing refers to; undefined for never. */
  get retentionDays(): number | undefined {
    return this.#retentionDays
  }

  async setAnonymousPull(allowed: boolean): Promise<void> {
    await this.#write(ANONYMOUS, allowed ? 'pull' : 'none')
    this.#anonymousPull = allowed
  }

  async setRetentionDays(days: number | undefined): Promise<void> {
    await this.#write(RETENTION, String(days ?? 0))
    this.#retentionDays = days
  }

  async #read(name: string): Promise<string | undefined> {
    return (await this.#db.selectFrom('setting').select('value').where('name', '=', name).executeTakeFirst())?.value
  }

  async #write(name: string, value: string): Promise<void> {
    await this.#db
      .insertInto('setting')
      .values({ name, value })
      .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }))
      .execute()
  }
}

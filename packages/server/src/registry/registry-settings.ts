import type { Database } from '../database/open-database.ts'
import { readSetting, writeSetting } from './setting.ts'

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
    settings.#anonymousPull = (await readSetting(db, ANONYMOUS)) !== 'none'
    const days = Number(await readSetting(db, RETENTION))
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
    await writeSetting(this.#db, ANONYMOUS, allowed ? 'pull' : 'none')
    this.#anonymousPull = allowed
  }

  async setRetentionDays(days: number | undefined): Promise<void> {
    await writeSetting(this.#db, RETENTION, String(days ?? 0))
    this.#retentionDays = days
  }
}

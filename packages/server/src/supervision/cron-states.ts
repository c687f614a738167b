import type { Selectable } from 'kysely'
import type { Database } from '../database/open-database.ts'
import type { CronRow } from '../database/tables.ts'

/** What is known of a component that runs by a schedule. */
export type CronState = Selectable<CronRow>

/** Keeps of each schedule when it is due, its last run, and the times that it missed. */
export class CronStates {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /** Those of an installation, by component. */
  async of(installation: string): Promise<ReadonlyMap<string, CronState>> {
    const rows = await this.#db.selectFrom('cron').selectAll().where('installation', '=', installation).execute()
    return new Map(rows.map((row) => [row.component, row]))
  }

  /** Begins to keep one, or to keep it by another schedule. */
  async add(row: Pick<CronState, 'installation' | 'component' | 'schedule' | 'timezone' | 'next_at'>): Promise<void> {
    const { schedule, timezone, next_at } = row
    const fresh = { run: null, due_at: null, started_at: null, ended_at: null, outcome: null, exit_code: null, message: null, missed: 0, missed_since: null }
    await this.#db
      .insertInto('cron')
      .values({ ...row, ...fresh })
      .onConflict((conflict) => conflict.columns(['installation', 'component']).doUpdateSet({ schedule, timezone, next_at }))
      .execute()
  }

  async change({ installation, component }: Pick<CronState, 'installation' | 'component'>, change: Partial<CronState>): Promise<void> {
    await this.#db.updateTable('cron').set(change).where('installation', '=', installation).where('component', '=', component).execute()
  }

  /** Forgets those of an installation that run by no schedule any more. */
  async keepOnly(installation: string, components: readonly string[]): Promise<void> {
    let query = this.#db.deleteFrom('cron').where('installation', '=', installation)
    if (components.length > 0) query = query.where('component', 'not in', components)
    await query.execute()
  }
}

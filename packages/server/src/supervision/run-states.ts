import type { Database } from '../database/open-database.ts'

/**
 * Which components a person stopped. All others are to run: a component is noted here before it is
 * stopped and forgotten before it is started, so that whatever is cut off ends as it was wanted.
 */
export class RunStates {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /** The components of an installation that are to stay stopped. */
  async stopped(installation: string): Promise<ReadonlySet<string>> {
    const rows = await this.#db.selectFrom('stopped_component').select('component').where('installation', '=', installation).execute()
    return new Set(rows.map(({ component }) => component))
  }

  async stop(installation: string, components: readonly string[]): Promise<void> {
    if (components.length === 0) return
    const stopped_at = new Date().toISOString()
    await this.#db
      .insertInto('stopped_component')
      .values(components.map((component) => ({ installation, component, stopped_at })))
      .onConflict((conflict) => conflict.doNothing())
      .execute()
  }

  async start(installation: string, components: readonly string[]): Promise<void> {
    if (components.length === 0) return
    await this.#db.deleteFrom('stopped_component').where('installation', '=', installation).where('component', 'in', components).execute()
  }

  /** All of an installation is to run: a change brings up what it is made of. */
  async startAll(installation: string): Promise<void> {
    await this.#db.deleteFrom('stopped_component').where('installation', '=', installation).execute()
  }
}

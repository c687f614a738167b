import type { Journal } from '@sealift/deploy/pipeline/journal.ts'
import { currentRevision, type Revision } from '@sealift/deploy/revision.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { closest } from '@sealift/template/did-you-mean.ts'
import type { Database } from '../database/open-database.ts'
import type { InstallationRow } from '../database/tables.ts'

/** An installation with its recorded states. */
export interface KnownInstallation extends InstallationRow {
  /** Oldest first. */
  readonly history: readonly Revision[]
  /** Undefined before the first revision is reached and after an uninstall. */
  readonly current: Revision | undefined
}

/** Which installations there are. */
export class InstallationRegistry {
  readonly #db: Database
  readonly #journal: Journal

  constructor(db: Database, journal: Journal) {
    this.#db = db
    this.#journal = journal
  }

  /** All that are installed, or that failed to be. */
  async list(): Promise<KnownInstallation[]> {
    const rows = await this.#db.selectFrom('installation').selectAll().orderBy('name').execute()
    const known = await Promise.all(rows.map((row) => this.#known(row)))
    return known.filter(({ history }) => {
      const last = history.at(-1)
      // Without a revision it is one that is about to be installed, or whose installation was refused.
      return last !== undefined && (last.kind !== 'uninstall' || last.outcome !== 'done')
    })
  }

  /** The names of all that were ever installed and not forgotten, with their environments. */
  async places(): Promise<readonly { readonly name: string; readonly environment: string }[]> {
    return this.#db.selectFrom('installation').select(['name', 'environment']).orderBy('name').execute()
  }

  /** Whether a change of an installation was begun and has not ended: it runs, or it was interrupted. */
  async isChanging(name: string): Promise<boolean> {
    return (await this.#db.selectFrom('run').select('id').where('installation', '=', name).where('ended', '=', 0).executeTakeFirst()) !== undefined
  }

  /** Which revision an installation is at, without reading its states; undefined where it is not installed. */
  async currentNumber(name: string): Promise<{ readonly number: number; readonly createdAt: string } | undefined> {
    const newest = await this.#db
      .selectFrom('revision')
      .select(['number', 'kind', 'created_at as createdAt'])
      .where('installation', '=', name)
      .where('outcome', '=', 'done')
      .orderBy('number', 'desc')
      .limit(1)
      .executeTakeFirst()
    return newest === undefined || newest.kind === 'uninstall' ? undefined : newest
  }

  /** One by its name, also where it was uninstalled. */
  async find(name: string): Promise<KnownInstallation | undefined> {
    const row = await this.#db.selectFrom('installation').selectAll().where('name', '=', name).executeTakeFirst()
    return row && this.#known(row)
  }

  /**
   * One that is installed.
   * @throws SealiftError `INSTALLATION_NOT_FOUND`
   */
  async get(name: string): Promise<KnownInstallation & { readonly current: Revision }> {
    const known = await this.find(name)
    if (known?.current !== undefined) return { ...known, current: known.current }
    const names = (await this.list()).map((installation) => installation.name)
    const meant = closest(name, names)
    const hint = meant === undefined ? 'See: sealift status' : `Did you mean ${meant}?`
    throw new SealiftError('INSTALLATION_NOT_FOUND', `there is no installation ${name}${known === undefined ? '' : ' (any more)'}`, { hint })
  }

  /** Notes an installation, before its first revision. */
  async add(row: InstallationRow): Promise<void> {
    await this.#db
      .insertInto('installation')
      .values(row)
      .onConflict((conflict) => conflict.column('name').doUpdateSet({ environment: row.environment, application: row.application }))
      .execute()
  }

  /** Forgets an installation with its history. */
  async forget(name: string): Promise<void> {
    await this.#db.deleteFrom('installation').where('name', '=', name).execute()
  }

  /** Host ports that installations hold, but for one of them. */
  async takenPorts(but: string): Promise<ReadonlySet<number>> {
    const ports = new Set<number>()
    for (const { name, current } of await this.list()) {
      if (name !== but) for (const port of Object.values(current?.state.allocations.hostPorts ?? {})) ports.add(port)
    }
    return ports
  }

  async #known(row: InstallationRow): Promise<KnownInstallation> {
    const history = await this.#journal.history(row.name)
    return { ...row, history, current: currentRevision(history) }
  }
}

import type { Journal, RunRecord, StepProgress } from '@sealift/deploy/pipeline/journal.ts'
import type { Plan } from '@sealift/deploy/plan/plan.ts'
import type { Revision } from '@sealift/deploy/revision.ts'
import type { Transaction } from 'kysely'
import type { Database } from '../database/open-database.ts'
import type { Tables } from '../database/tables.ts'

/** Keeps runs and revisions in the database; each method is one transaction. The end of an uninstallation that deleted the data takes all else of the installation along. */
export class DatabaseJournal implements Journal {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  async begin(id: string, plan: Plan, revision: Revision): Promise<void> {
    await this.#db.transaction().execute(async (tx) => {
      const run: RunRecord = { id, plan, revision, steps: {}, ended: false }
      const { numInsertedOrUpdatedRows } = await tx
        .insertInto('run')
        .values({ id, installation: plan.installation, run_json: JSON.stringify(run), ended: 0 })
        .onConflict((conflict) => conflict.column('id').doNothing())
        .executeTakeFirstOrThrow()
      if (numInsertedOrUpdatedRows !== 0n) await record(tx, revision)
    })
  }

  async step(id: string, step: string, progress: StepProgress, way: boolean): Promise<void> {
    await this.#change(id, async (run) => {
      if (!way) return { ...run, steps: { ...run.steps, [step]: progress } }
      return run.way === undefined ? run : { ...run, way: { ...run.way, steps: { ...run.way.steps, [step]: progress } } }
    })
  }

  async turn(id: string, failed: Revision, reason: string, plan: Plan, revision: Revision): Promise<void> {
    await this.#change(id, async (run, tx) => {
      await record(tx, failed)
      await record(tx, revision)
      return { ...run, revision: failed, way: { reason, plan, revision, steps: {} } }
    })
  }

  async end(id: string, revisions: readonly Revision[]): Promise<void> {
    await this.#change(id, async (run, tx) => {
      for (const revision of revisions) await record(tx, revision)
      if (deletesData(run.plan)) await forget(tx, run.plan.installation)
      return { ...run, ended: true }
    })
  }

  async read(id: string): Promise<RunRecord | undefined> {
    const row = await this.#db.selectFrom('run').select('run_json').where('id', '=', id).executeTakeFirst()
    return row && (JSON.parse(row.run_json) as RunRecord)
  }

  async open(): Promise<readonly RunRecord[]> {
    const rows = await this.#db.selectFrom('run').select('run_json').where('ended', '=', 0).execute()
    return rows.map((row) => JSON.parse(row.run_json) as RunRecord)
  }

  async history(installation: string): Promise<readonly Revision[]> {
    const rows = await this.#db.selectFrom('revision').select('revision_json').where('installation', '=', installation).orderBy('number').execute()
    return rows.map((row) => JSON.parse(row.revision_json) as Revision)
  }

  async #change(id: string, change: (run: RunRecord, tx: Transaction<Tables>) => Promise<RunRecord>): Promise<void> {
    await this.#db.transaction().execute(async (tx) => {
      const row = await tx
        .selectFrom('run')
        .select('run_json')
        .where('id', '=', id)
        .executeTakeFirstOrThrow(() => new TypeError(`no run ${id} in the journal`))
      const run = await change(JSON.parse(row.run_json) as RunRecord, tx)
      await tx
        .updateTable('run')
        .set({ run_json: JSON.stringify(run), ended: run.ended ? 1 : 0 })
        .where('id', '=', id)
        .execute()
    })
  }
}

/** Of an uninstallation that deleted the data nothing is left to reinstall over. */
function deletesData({ kind, steps }: Plan): boolean {
  return kind === 'uninstall' && steps.some((step) => step.kind === 'uninstall' && step.deleteData)
}

/** In the transaction that ends the run: a program killed right after it must not leave an installation that is neither there nor gone. */
async function forget(tx: Transaction<Tables>, installation: string): Promise<void> {
  await tx.deleteFrom('secret').where('id', '>=', `${installation}/`).where('id', '<', `${installation}0`).execute()
  await tx.deleteFrom('installation').where('name', '=', installation).execute()
}

async function record(tx: Transaction<Tables>, revision: Revision): Promise<void> {
  const { installation, number, kind, outcome, createdAt } = revision
  const changing = { outcome, revision_json: JSON.stringify(revision) }
  await tx
    .insertInto('revision')
    .values({ installation, number, created_at: createdAt, kind, ...changing })
    .onConflict((conflict) => conflict.columns(['installation', 'number']).doUpdateSet(changing))
    .execute()
}

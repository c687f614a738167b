import type { CheckOutcome } from '@sealift/deploy/pipeline/check-outcome.ts'
import type { FailureRecord } from '@sealift/deploy/pipeline/failure-record.ts'
import type { Journal, ReturnRecord, RunRecord, StepEntry } from '@sealift/deploy/pipeline/journal.ts'
import { DATA_AS_IT_IS } from '@sealift/deploy/plan/data-choice.ts'
import type { Plan } from '@sealift/deploy/plan/plan.ts'
import type { Revision } from '@sealift/deploy/revision.ts'
import type { Transaction } from 'kysely'
import type { Database } from '../database/open-database.ts'
import type { Tables } from '../database/tables.ts'

/** What a run's row holds: plans and revisions. How far its steps have come stands in rows of their own. */
type StoredRun = Pick<RunRecord, 'id' | 'plan' | 'revision' | 'ended'> & {
  readonly way?: Pick<ReturnRecord, 'reason' | 'plan' | 'revision'> & Partial<Pick<ReturnRecord, 'steps'>>
  /** Only in rows of earlier versions. */
  readonly steps?: RunRecord['steps']
}

/** Keeps runs and revisions in the database; each method is one transaction. The end of an uninstallation that deleted the data takes all else of the installation along. */
export class DatabaseJournal implements Journal {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  async begin(id: string, plan: Plan, revision: Revision): Promise<void> {
    await this.#db.transaction().execute(async (tx) => {
      const run: StoredRun = { id, plan, revision, ended: false }
      const { numInsertedOrUpdatedRows } = await tx
        .insertInto('run')
        .values({ id, installation: plan.installation, run_json: JSON.stringify(run), ended: 0 })
        .onConflict((conflict) => conflict.column('id').doNothing())
        .executeTakeFirstOrThrow()
      if (numInsertedOrUpdatedRows !== 0n) await record(tx, revision)
    })
  }

  async step(id: string, { step, progress, way, check }: StepEntry): Promise<void> {
    await this.#db.transaction().execute(async (tx) => {
      const run = await tx.selectFrom('run').select('id').where('id', '=', id).executeTakeFirst()
      if (run === undefined) throw unknownRun(id)
      const changing = { progress, ...(check === undefined ? {} : { check_json: JSON.stringify(check) }) }
      await tx
        .insertInto('run_step')
        .values({ run: id, way: Number(way), step, check_json: null, ...changing })
        .onConflict((conflict) => conflict.columns(['run', 'way', 'step']).doUpdateSet(changing))
        .execute()
    })
  }

  async turn(id: string, failed: Revision, reason: FailureRecord, plan: Plan, revision: Revision): Promise<void> {
    await this.#change(id, async (run, tx) => {
      await record(tx, failed)
      await record(tx, revision)
      await tx.deleteFrom('run_step').where('run', '=', id).where('way', '=', 1).execute()
      return { ...run, revision: failed, way: { reason, plan, revision } }
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
    return row && this.#record(JSON.parse(row.run_json) as StoredRun)
  }

  async open(): Promise<readonly RunRecord[]> {
    const rows = await this.#db.selectFrom('run').select('run_json').where('ended', '=', 0).execute()
    return Promise.all(rows.map((row) => this.#record(JSON.parse(row.run_json) as StoredRun)))
  }

  async history(installation: string): Promise<readonly Revision[]> {
    const rows = await this.#db.selectFrom('revision').select('revision_json').where('installation', '=', installation).orderBy('number').execute()
    return rows.map((row) => JSON.parse(row.revision_json) as Revision)
  }

  async #record({ way, ...run }: StoredRun): Promise<RunRecord> {
    const rows = await this.#db.selectFrom('run_step').selectAll().where('run', '=', run.id).execute()
    const steps = (back: boolean): RunRecord['steps'] =>
      Object.fromEntries(rows.filter((row) => (row.way === 1) === back).map(({ step, progress }) => [step, progress]))
    const checks = rows.flatMap(({ step, check_json }) => (check_json === null ? [] : [[step, JSON.parse(check_json) as CheckOutcome] as const]))
    return {
      ...run,
      plan: whole(run.plan),
      steps: { ...run.steps, ...steps(false) },
      checks: Object.fromEntries(checks),
      ...(way === undefined ? {} : { way: { ...way, plan: whole(way.plan), steps: { ...way.steps, ...steps(true) } } }),
    }
  }

  async #change(id: string, change: (run: StoredRun, tx: Transaction<Tables>) => Promise<StoredRun>): Promise<void> {
    await this.#db.transaction().execute(async (tx) => {
      const row = await tx
        .selectFrom('run')
        .select('run_json')
        .where('id', '=', id)
        .executeTakeFirstOrThrow(() => unknownRun(id))
      const run = await change(JSON.parse(row.run_json) as StoredRun, tx)
      await tx
        .updateTable('run')
        .set({ run_json: JSON.stringify(run), ended: run.ended ? 1 : 0 })
        .where('id', '=', id)
        .execute()
    })
  }
}

/** Plans of earlier versions say nothing about data. */
function whole({ data = DATA_AS_IT_IS, ...plan }: Omit<Plan, 'data'> & Partial<Pick<Plan, 'data'>>): Plan {
  return { ...plan, data }
}

function unknownRun(id: string): TypeError {
  return new TypeError(`no run ${id} in the journal`)
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

import type { SnapshotCatalog, VolumeSnapshot } from '@sealift/deploy/snapshot.ts'
import type { Database } from '../database/open-database.ts'

/** Keeps the catalog of snapshots in the database; their data is at the target. */
export class DatabaseSnapshots implements SnapshotCatalog {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  async add(snapshot: VolumeSnapshot): Promise<void> {
    const { installation, target, number } = snapshot
    const changing = { number, snapshot_json: JSON.stringify(snapshot) }
    await this.#db
      .insertInto('snapshot')
      .values({ installation, target, ...changing })
      .onConflict((conflict) => conflict.columns(['installation', 'target']).doUpdateSet(changing))
      .execute()
  }

  async list(installation: string): Promise<readonly VolumeSnapshot[]> {
    const rows = await this.#db
      .selectFrom('snapshot')
      .select('snapshot_json')
      .where('installation', '=', installation)
      .orderBy('number', 'desc')
      .orderBy('target')
      .execute()
    return rows.map((row) => JSON.parse(row.snapshot_json) as VolumeSnapshot)
  }

  async remove(installation: string, target: string): Promise<void> {
    await this.#db.deleteFrom('snapshot').where('installation', '=', installation).where('target', '=', target).execute()
  }
}

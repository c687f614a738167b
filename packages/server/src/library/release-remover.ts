import type { RemovedRelease } from '@sealift/api/release.ts'
import type { Revision } from '@sealift/deploy/revision.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import type { Database } from '../database/open-database.ts'
import type { ReleaseLibrary } from './release-library.ts'

/** Takes releases out of the library that nothing needs any more. */
export class ReleaseRemover {
  readonly #db: Database
  readonly #library: ReleaseLibrary

  constructor({ db, library }: { db: Database; library: ReleaseLibrary }) {
    this.#db = db
    this.#library = library
  }

  /**
   * Removes a release from the library; its content stays until the next collection. An older release
   * that was published under the same version, and is still held, has the label again.
   * @param version a version, `latest` or a release digest
   * @throws SealiftError `RELEASE_NOT_FOUND`, `RELEASE_IN_USE` naming what needs it
   */
  async remove(application: string, version: string): Promise<RemovedRelease> {
    const { row } = await this.#library.find(application, version)
    const bases = (await this.#library.all()).filter(({ release }) => release.base === row.digest)
    const removed = await this.#db.transaction().execute(async (tx) => {
      const needed = bases.map(({ row: other }) => `release ${application}@${other.version} has it as its base`)
      const revisions = await tx
        .selectFrom('revision')
        .innerJoin('installation', 'installation.name', 'revision.installation')
        .select(['revision.installation', 'revision.number', 'revision.revision_json'])
        .where('installation.application', '=', application)
        .orderBy('revision.installation')
        .orderBy('revision.number')
        .execute()
      for (const { installation, number, revision_json } of revisions) {
        const { kind, outcome, state } = JSON.parse(revision_json) as Revision
        if (outcome !== 'failed' && kind !== 'uninstall' && state.release.digest === row.digest) needed.push(`installation ${installation}, revision ${number}`)
      }
      if (needed.length > 0) {
        throw new SealiftError('RELEASE_IN_USE', `release ${application}@${row.version} is needed: ${needed.join('; ')}`, { details: { needed } })
      }
      await tx.deleteFrom('release_label').where('digest', '=', row.digest).execute()
      await tx.deleteFrom('release').where('digest', '=', row.digest).execute()
      const heir = await tx
        .selectFrom('release')
        .selectAll()
        .where('application', '=', application)
        .where('version', '=', row.version)
        .orderBy('sequence', 'desc')
        .executeTakeFirst()
      if (heir !== undefined) {
        await tx
          .insertInto('release_label')
          .values({ application, version: row.version, digest: heir.digest })
          .onConflict((conflict) => conflict.columns(['application', 'version']).doNothing())
          .execute()
      }
      return { application, version: row.version, digest: row.digest, ...(heir === undefined ? {} : { labelMovedTo: heir.digest }) }
    })
    this.#library.changed()
    return removed
  }
}

import type { Kysely } from 'kysely'
import type { Database } from '../database/open-database.ts'
import type { Tables } from '../database/tables.ts'
import type { ClearOptions } from '../storage/content-root.ts'

const DAY = 24 * 60 * 60 * 1000

/** What was to be done is taken back: it was only to be counted. */
class OnlyCounted extends Error {
  readonly count: number

  constructor(count: number) {
    super('only counted')
    this.count = count
  }
}

/** How pushed repositories are to be cleared. */
export interface ClearPushedOptions extends Pick<ClearOptions, 'dryRun' | 'isAgo'> {
  /** After how many days a manifest goes that nothing leads to; undefined for never. */
  readonly retentionDays: number | undefined
}

/**
 * Takes out of the pushed repositories what nothing leads to: blobs that no manifest has needed for a day, and,
 * where a retention is set, manifests without a tag that no index refers to and that are not about another
 * one that is there. Their content goes with the next collection.
 * @returns how many manifests and blobs
 */
export async function clearPushed(db: Database, { retentionDays, isAgo, dryRun }: ClearPushedOptions): Promise<number> {
  try {
    return await db.transaction().execute(async (tx) => {
      let count = 0
      const before = retentionDays === undefined ? undefined : longAgo(retentionDays * DAY, isAgo)
      if (before !== undefined) {
        // What an index lets go of is looked at in the next round.
        for (let gone = await deleteManifests(tx, before); gone > 0; gone = await deleteManifests(tx, before)) count += gone
      }
      const yesterday = longAgo(DAY, isAgo)
      if (yesterday !== undefined) count += await deleteBlobs(tx, yesterday)
      if (dryRun) throw new OnlyCounted(count)
      return count
    })
  } catch (thrown) {
    if (thrown instanceof OnlyCounted) return thrown.count
    throw thrown
  }
}

/** The time before which something is old, or undefined while the machine's clock is not to be believed. */
function longAgo(age: number, isAgo: ClearOptions['isAgo']): string | undefined {
  const time = Date.now() - age
  return isAgo(time, age) ? new Date(time).toISOString() : undefined
}

async function deleteManifests(tx: Kysely<Tables>, before: string): Promise<number> {
  const { numDeletedRows } = await tx
    .deleteFrom('registry_manifest as m')
    .where('pushed_at', '<', before)
    .where((b) =>
      b.not(b.exists(b.selectFrom('registry_tag as t').select('t.tag').whereRef('t.repository', '=', 'm.repository').whereRef('t.digest', '=', 'm.digest'))),
    )
    .where((b) =>
      b.not(b.exists(b.selectFrom('registry_part as p').select('p.part').whereRef('p.repository', '=', 'm.repository').whereRef('p.part', '=', 'm.digest'))),
    )
    .where((b) =>
      b.not(
        b.exists(
          b.selectFrom('registry_manifest as s').select('s.digest').whereRef('s.repository', '=', 'm.repository').whereRef('s.digest', '=', 'm.subject'),
        ),
      ),
    )
    .executeTakeFirst()
  return Number(numDeletedRows)
}

async function deleteBlobs(tx: Kysely<Tables>, before: string): Promise<number> {
  const { numDeletedRows } = await tx
    .deleteFrom('registry_blob as b')
    .where('added_at', '<', before)
    .where((b) =>
      b.not(b.exists(b.selectFrom('registry_part as p').select('p.part').whereRef('p.repository', '=', 'b.repository').whereRef('p.part', '=', 'b.digest'))),
    )
    .executeTakeFirst()
  return Number(numDeletedRows)
}

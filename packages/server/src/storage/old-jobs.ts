import type { Database } from '../database/open-database.ts'
import type { Waste } from './content-root.ts'

/** So long what jobs did can be read, in milliseconds, */
const KEPT = 180 * 24 * 60 * 60 * 1000
/** and of so many of the latest ones for ever. */
const LATEST = 500

/** Jobs that ended long ago, with their logs. What can still be resumed stays. */
export function oldJobs(db: Database): Waste {
  return {
    kind: 'jobs',
    async clear({ dryRun, isAgo }) {
      const rows = await db
        .selectFrom('job')
        .select(['id', 'ended_at'])
        .where('state', 'in', ['done', 'failed', 'cancelled'])
        .where('id', 'not in', (eb) => eb.selectFrom('job').select('id').orderBy('id', 'desc').limit(LATEST))
        .execute()
      const old = rows.filter(({ ended_at }) => ended_at !== null && isAgo(Date.parse(ended_at), KEPT)).map(({ id }) => id)
      if (!dryRun) for (const id of old) await db.deleteFrom('job').where('id', '=', id).execute()
      return { count: old.length, bytes: 0 }
    },
  }
}

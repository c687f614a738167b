import { isSealiftError, messageOf } from '@sealift/oci/sealift-error.ts'
import type { Database } from '../database/open-database.ts'
import type { Collector } from './collector.ts'
import type { SiteClock } from './site-clock.ts'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE
const LOOK_EVERY = 15 * MINUTE
const SETTING = 'collected-at'

/**
 * Collects once a day for as long as it is not disposed of. Days are counted by the time that has passed, not by
 * the clock on the wall, and go on over restarts. Looking often also keeps the site's clock watched.
 */
export function collectDaily({ db, collector, clock }: { db: Database; collector: Collector; clock: SiteClock }): Disposable {
  const look = async (): Promise<void> => {
    const { passed } = await clock.look()
    const row = await db.selectFrom('setting').select('value').where('name', '=', SETTING).executeTakeFirst()
    if (row !== undefined && passed - Number(row.value) < DAY) return
    try {
      await collector.start({})
    } catch (thrown) {
      // The next look tries again.
      if (isSealiftError(thrown, 'JOB_CONFLICT') || isSealiftError(thrown, 'SERVER_STOPPING')) return
      throw thrown
    }
    const value = String(passed)
    await db
      .insertInto('setting')
      .values({ name: SETTING, value })
      .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }))
      .execute()
  }
  const timer = setInterval(() => {
    look().catch((thrown: unknown) => process.emitWarning(`the daily collection: ${messageOf(thrown)}`))
  }, LOOK_EVERY)
  timer.unref()
  return { [Symbol.dispose]: () => clearInterval(timer) }
}

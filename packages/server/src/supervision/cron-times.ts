import { messageOf, SealiftError } from '@sealift/oci/sealift-error.ts'
import { Cron } from 'croner'

/** When something runs: five fields, and the time zone that they are meant in. */
export interface CronTimes {
  readonly schedule: string
  /** A name such as `Europe/Berlin`. */
  readonly timezone: string
}

/** Times that are counted; more than these nobody tells apart. */
const MOST = 1000

function cronOf({ schedule, timezone }: CronTimes): Cron {
  try {
    // As cron always had it: where both days are given, either of them will do.
    return new Cron(schedule, { timezone, paused: true, mode: '5-part', domAndDow: false })
  } catch (thrown) {
    throw new SealiftError('TEMPLATE_INVALID', `schedule ${JSON.stringify(schedule)} in ${timezone}: ${messageOf(thrown)}`, { cause: thrown })
  }
}

/**
 * The first time after a moment, in milliseconds since 1970; undefined where there is none any more.
 * @throws SealiftError `TEMPLATE_INVALID`
 */
export function nextTime(times: CronTimes, after: number): number | undefined {
  return cronOf(times).nextRun(new Date(after))?.getTime()
}

/**
 * How many times lie from one moment, itself one of them, to another.
 * @throws SealiftError `TEMPLATE_INVALID`
 */
export function countTimes(times: CronTimes, first: number, last: number): number {
  const cron = cronOf(times)
  let count = 0
  for (let at: number | undefined = first; at !== undefined && at <= last && count < MOST; at = cron.nextRun(new Date(at))?.getTime()) count += 1
  return count
}

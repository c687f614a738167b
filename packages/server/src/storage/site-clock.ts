import { readFileSync } from 'node:fs'
import { uptime } from 'node:os'
import type { Database } from '../database/open-database.ts'

const SETTING = 'site-clock'
const MINUTE = 60_000
/** Clocks that are kept by a time server move by seconds; what matters here is measured in hours. */
const TOLERANCE = 5 * MINUTE
/** So long a machine may have been off without its clock being doubted. */
const LONGEST_OFF = 31 * 24 * 60 * MINUTE

/** What a machine can say of the time. All in milliseconds. */
export interface TimeSource {
  /** The clock on the wall, which anybody may set. */
  wall(): number
  /** Since the machine was started: only runs forwards, whatever happens to the clock on the wall. */
  uptime(): number
  /** Names one run of the machine, from its start to its end. */
  boot(): string
}

/** The time as this machine has it. */
export const machineTime: TimeSource = {
  wall: () => Date.now(),
  uptime: () => uptime() * 1000,
  boot: () => {
    try {
      return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    } catch {
      // Where the system doesn't tell, its start is taken for as long as its uptime fits the clock.
      return `started ${Math.round((Date.now() - uptime() * 1000) / TOLERANCE)}`
    }
  },
}

/** What was seen last, kept with the data folder. */
interface Sighting {
  readonly boot: string
  readonly uptime: number
  readonly wall: number
  /** Time that has certainly passed since the data folder was made. */
  readonly passed: number
  /** `passed` and `wall` when the clock was last found to have jumped, or first looked at. */
  readonly steadySince: number
  readonly steadyWall: number
}

/** How far the clock on the wall can be believed. */
export interface SiteTime {
  /** Time that has certainly passed since the data folder was made: never jumps, and stands still while the machine is off. */
  readonly passed: number
  /** For how long the clock on the wall has run steadily. */
  readonly steadyFor: number
}

/**
 * Watches the clock on the wall against the time since the machine's start. Files and rows bear times of
 * that clock; where it was set forward they look older than they are. What is about to be removed for its
 * age asks here first.
 */
export class SiteClock {
  readonly #db: Database
  readonly #source: TimeSource

  constructor(db: Database, source: TimeSource = machineTime) {
    this.#db = db
    this.#source = source
  }

  /** Looks at the clocks, and records what it saw. */
  async look(): Promise<SiteTime> {
    return this.#db.transaction().execute(async (tx) => {
      const row = await tx.selectFrom('setting').select('value').where('name', '=', SETTING).executeTakeFirst()
      const before = row === undefined ? undefined : (JSON.parse(row.value) as Sighting)
      const seen = this.#see(before)
      const time = { passed: seen.passed, steadyFor: seen.passed - seen.steadySince }
      // Every command looks; few of them need to write for that.
      if (before?.boot === seen.boot && before.steadySince === seen.steadySince && seen.passed - before.passed < MINUTE) return time
      const value = JSON.stringify(seen)
      await tx
        .insertInto('setting')
        .values({ name: SETTING, value })
        .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }))
        .execute()
      return time
    })
  }

  /**
   * Looks, and gives a test for ages by the clock on the wall.
   * @returns whether a time is so long ago; never, while the clock has not run steadily for that long
   */
  async ages(): Promise<(time: number, age: number) => boolean> {
    const { steadyFor } = await this.look()
    const now = this.#source.wall()
    return (time, age) => age <= 0 || (steadyFor >= age && now - time >= age)
  }

  #see(before: Sighting | undefined): Sighting {
    const boot = this.#source.boot()
    const up = this.#source.uptime()
    const wall = this.#source.wall()
    if (before === undefined) return { boot, uptime: up, wall, passed: 0, steadySince: 0, steadyWall: wall }
    const sameBoot = before.boot === boot
    const passed = before.passed + Math.max(0, sameBoot ? up - before.uptime : up)
    // How much further the clock went than time has passed: since it was last set, so that many small steps add up.
    const ahead = wall - before.steadyWall - (passed - before.steadySince)
    const off = wall - before.wall - (passed - before.passed)
    if (sameBoot ? Math.abs(ahead) <= TOLERANCE : off >= -TOLERANCE && off <= LONGEST_OFF) {
      // While the machine was off time went on, uncounted.
      return { ...before, boot, uptime: up, wall, passed, steadyWall: before.steadyWall + (sameBoot ? 0 : off) }
    }
    return { boot, uptime: up, wall, passed, steadySince: passed, steadyWall: wall }
  }
}

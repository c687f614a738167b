import type { ObservedReplica } from '@sealift/deploy/driver.ts'
import type { Clock } from '@sealift/deploy/pipeline/clock.ts'
import { isSealiftError, messageOf } from '@sealift/oci/sealift-error.ts'
import type { CronState, CronStates } from './cron-states.ts'
import { type CronTimes, countTimes, nextTime } from './cron-times.ts'
import type { Happening } from './event-log.ts'
import type { OpenedInstallation } from './opened-installation.ts'

/** Milliseconds. */
export const CRON = {
  /** A time that is reached so late is missed: what ought to run at night is not to run at noon. */
  late: 5 * 60_000,
} as const

/** What running by schedules needs. */
export interface CronRunnerParts {
  readonly states: CronStates
  readonly clock: Clock
  readonly note: (happening: Happening) => Promise<void>
  /** Runs work while no change is under way; undefined where one is. Its signal says that one wants to begin. */
  readonly whileFree: <T>(installation: string, work: (signal: AbortSignal) => Promise<T>) => Promise<T | undefined>
  /** Puts down what is being started; it is taken up again another time. */
  readonly ended: AbortSignal
}

/** A component that runs by a schedule. */
export interface ScheduledComponent {
  readonly opened: OpenedInstallation
  readonly component: string
  readonly times: CronTimes
  /** Whether a person stopped the installation. */
  readonly held: boolean
}

const iso = (time: number): string => new Date(time).toISOString()

/**
 * Runs one component by its schedule. What is to be done is written down before it is done, under a
 * name that the target knows too: a program that was killed finds the run that it began, and its end.
 */
export class CronRunner {
  readonly #parts: CronRunnerParts
  /** Those whose start is under way. */
  readonly #starting = new Map<string, Promise<void>>()

  constructor(parts: CronRunnerParts) {
    this.#parts = parts
  }

  /**
   * Looks once: takes note of the end of a run, and starts one that is due.
   * @returns when it is to be looked at again, in milliseconds since 1970; undefined where nothing ever comes
   */
  async look(scheduled: ScheduledComponent, known: CronState | undefined, replica: ObservedReplica | undefined): Promise<number | undefined> {
    const { states, clock } = this.#parts
    const { opened, component, times } = scheduled
    const now = clock.now()
    const next = nextTime(times, now)
    const { schedule, timezone } = times
    if (known === undefined || known.schedule !== schedule || known.timezone !== timezone) {
      const next_at = next === undefined ? null : iso(next)
      await states.add({ installation: opened.name, component, schedule, timezone, next_at })
      return next
    }
    // A time that came while it ran is looked at anew.
    if (known.run !== null && (await this.#follow(scheduled, known, known.run, replica))) return now
    const due = known.next_at === null ? undefined : Date.parse(known.next_at)
    if (due !== undefined && due <= now) await this.#due(scheduled, known, due, next)
    // A clock that was set back, or a schedule that has no time any more.
    else if ((due === undefined) !== (next === undefined) || (due !== undefined && next !== undefined && due > next)) {
      await states.change(known, { next_at: next === undefined ? null : iso(next) })
    }
    return next
  }

  /** A time has come. */
  async #due(scheduled: ScheduledComponent, known: CronState, due: number, next: number | undefined): Promise<void> {
    const { states, clock, note } = this.#parts
    const { opened, component, times, held } = scheduled
    const next_at = next === undefined ? null : iso(next)
    const now = clock.now()
    const reached = countTimes(times, due, now)
    // Of several times that came the last may still be in time.
    const last = lastTime(times, due, now)
    const inTime = now - last <= CRON.late
    const missed = inTime ? reached - 1 : reached
    const tally = missed === 0 ? {} : { missed: known.missed + missed, missed_since: known.missed_since ?? iso(due) }
    if (missed > 0) {
      const what = missed === 1 ? `The run at ${iso(due)} was missed` : `${missed} runs since ${iso(due)} were missed`
      await note({ installation: opened.name, component, reason: 'CronMissed', message: `${what}: no server looked after it then.` })
    }
    if (!inTime) return states.change(known, { next_at, ...tally })
    const skip = async (why: string): Promise<void> => {
      await states.change(known, { next_at, ...tally, ...(known.run === null ? { due_at: iso(last), outcome: 'skipped', message: why } : {}) })
      await note({ installation: opened.name, component, reason: 'CronSkipped', message: `The run at ${iso(last)} was left out: ${why}.` })
    }
    if (held) return skip('the installation is stopped')
    if (known.run !== null) return skip('the run before is still under way')
    const run = iso(last)
    const begun = { run, due_at: run, started_at: null, ended_at: null, outcome: 'running', exit_code: null, message: null } as const
    await states.change(known, { ...begun, next_at, ...tally })
    this.#start(scheduled, { ...known, ...begun }, run)
  }

  /**
   * Sees how a run that was begun is, and starts it where it never was.
   * @returns whether it is over
   */
  async #follow(scheduled: ScheduledComponent, known: CronState, run: string, replica: ObservedReplica | undefined): Promise<boolean> {
    if (this.#starting.has(keyOf(scheduled))) return false
    const isThere = replica?.run === run
    if (isThere && replica.state === 'running') return false
    if (isThere && replica.state === 'exited') {
      const { exitCode } = replica
      if (exitCode === 0) await this.#end(scheduled, known, 'succeeded', 0, null)
      else await this.#end(scheduled, known, 'failed', exitCode ?? null, `it ended with ${exitCode ?? 'an unknown code'}`)
      return true
    }
    if (!isThere && known.started_at !== null) {
      await this.#end(scheduled, known, 'lost', null, 'its container was removed before its end was seen')
      return true
    }
    if (!isThere && this.#parts.clock.now() - Date.parse(known.due_at ?? run) > CRON.late) {
      await this.#end(scheduled, known, 'failed', null, 'it could not be started in time')
      return true
    }
    this.#start(scheduled, known, run)
    return false
  }

  /** Begins to start a run; its init containers may take longer than others want to wait. */
  #start(scheduled: ScheduledComponent, known: CronState, run: string): void {
    const { whileFree, note, states, clock, ended } = this.#parts
    const { opened, component } = scheduled
    const key = keyOf(scheduled)
    const start = async (): Promise<void> => {
      let started: boolean | undefined
      try {
        started = await whileFree(opened.name, (signal) => opened.startRun(component, run, AbortSignal.any([signal, ended])))
      } catch (thrown) {
        // An engine that is gone, or a change that begins: it is tried again for as long as the time is not missed.
        if (isSealiftError(thrown) && thrown.code !== 'ENGINE_UNREACHABLE') await this.#end(scheduled, known, 'failed', null, messageOf(thrown))
        return
      }
      if (started) await states.change(known, { started_at: iso(clock.now()) })
      if (started !== false) return
      await states.change(known, { run: null, outcome: 'skipped', message: 'another run is still under way' })
      await note({ installation: opened.name, component, reason: 'CronSkipped', message: `The run at ${run} was left out: another run is still under way.` })
    }
    const starting = start()
      .catch((thrown: unknown) => process.emitWarning(`schedule of ${opened.name} ${component}: ${messageOf(thrown)}`))
      .finally(() => this.#starting.delete(key))
    this.#starting.set(key, starting)
  }

  /** Waits until nothing is being started. */
  async idle(): Promise<void> {
    await Promise.all(this.#starting.values())
  }

  async #end(
    { opened, component }: ScheduledComponent,
    known: CronState,
    outcome: 'succeeded' | 'failed' | 'lost',
    exit_code: number | null,
    message: string | null,
  ): Promise<void> {
    const { states, clock, note } = this.#parts
    await states.change(known, {
      run: null,
      ended_at: iso(clock.now()),
      outcome,
      exit_code,
      message,
      // What ran well makes up for what was missed before.
      ...(outcome === 'succeeded' ? { missed: 0, missed_since: null } : {}),
    })
    if (outcome === 'succeeded') return
    await note({
      installation: opened.name,
      component,
      reason: 'CronFailed',
      message: `The run at ${known.due_at ?? known.run ?? ''} failed: ${message ?? ''}.`,
    })
  }
}

function keyOf({ opened, component }: ScheduledComponent): string {
  return `${opened.name}/${component}`
}

/** The last time up to a moment, from one on. */
function lastTime(times: CronTimes, first: number, moment: number): number {
  // Not step by step through years: only what is not yet too late is of interest.
  let last = Math.max(first, nextTime(times, Math.max(first, moment - CRON.late) - 1) ?? first)
  if (last > moment) last = first
  for (let at = nextTime(times, last); at !== undefined && at <= moment; at = nextTime(times, at)) last = at
  return last
}

import type { Clock } from '@sealift/deploy/pipeline/clock.ts'
import { isActive } from '@sealift/deploy/state.ts'
import { isSealiftError, messageOf } from '@sealift/oci/sealift-error.ts'
import type { InstallationRegistry } from '../installations/installation-registry.ts'
import type { JobQueue } from '../jobs/job-queue.ts'
import { CronRunner } from './cron-runner.ts'
import type { CronStates } from './cron-states.ts'
import type { EventLog } from './event-log.ts'
import type { InstallationOpener } from './opened-installation.ts'
import type { RunStates } from './run-states.ts'

/** What the scheduler needs. */
export interface CronSchedulerParts {
  readonly installations: InstallationRegistry
  readonly opener: InstallationOpener
  readonly runStates: RunStates
  readonly states: CronStates
  readonly events: EventLog
  readonly jobs: JobQueue
  readonly clock: Clock
}

/** Milliseconds between looks: the longest, while a run is under way, and the shortest. */
const LOOKS = { longest: 20_000, running: 2000, shortest: 250 } as const

/** Where nobody says otherwise. */
const DEFAULT_ZONE = 'UTC'

/** Runs what runs by a schedule, for as long as a server runs. */
export class CronScheduler {
  readonly #parts: CronSchedulerParts
  readonly #runner: CronRunner
  readonly #abort = new AbortController()
  #rounds: Promise<void> | undefined

  constructor(parts: CronSchedulerParts) {
    this.#parts = parts
    const { states, clock, events, jobs } = parts
    this.#runner = new CronRunner({
      states,
      clock,
      note: (happening) => events.note(happening),
      whileFree: (installation, work) => jobs.whileFree(`installation ${installation}`, work),
      ended: this.#abort.signal,
    })
  }

  /** Begins; returns at once. */
  start(): void {
    this.#rounds ??= this.#goRound()
  }

  /** Starts nothing any more. Runs that are under way go on. */
  async close(): Promise<void> {
    this.#abort.abort()
    await this.#rounds
    await this.#runner.idle()
  }

  async #goRound(): Promise<void> {
    const { clock } = this.#parts
    const { signal } = this.#abort
    while (!signal.aborted) {
      let due = clock.now() + LOOKS.longest
      try {
        due = Math.min(due, await this.#lookAtAll())
      } catch (thrown) {
        process.emitWarning(`schedules: ${messageOf(thrown)}`)
      }
      await clock.sleep(Math.max(LOOKS.shortest, due - clock.now()), signal).catch(() => {})
    }
  }

  /** Looks at all installations; returns when the next look is due. */
  async #lookAtAll(): Promise<number> {
    const { installations } = this.#parts
    let due = Number.POSITIVE_INFINITY
    for (const { name } of await installations.places()) {
      if (this.#abort.signal.aborted) break
      try {
        due = Math.min(due, await this.#lookAt(name))
      } catch (thrown) {
        // That an engine is gone is told by supervision.
        if (!isSealiftError(thrown, 'ENGINE_UNREACHABLE')) process.emitWarning(`schedules of ${name}: ${messageOf(thrown)}`)
      }
    }
    return due
  }

  async #lookAt(name: string): Promise<number> {
    const { states, runStates, clock } = this.#parts
    const opened = await this.#parts.opener.openSettled(name)
    if (opened === undefined) return Number.POSITIVE_INFINITY
    const components = Object.entries(opened.state.components).flatMap(([component, { definition }]) =>
      definition.workload === 'cron' && definition.schedule !== undefined && isActive(opened.state, component)
        ? [{ component, times: { schedule: definition.schedule, timezone: definition.timezone ?? DEFAULT_ZONE } }]
        : [],
    )
    const known = await states.of(name)
    if ([...known.keys()].some((component) => !components.some((scheduled) => scheduled.component === component))) {
      await states.keepOnly(
        name,
        components.map(({ component }) => component),
      )
    }
    if (components.length === 0) return Number.POSITIVE_INFINITY
    const stopped = await runStates.stopped(name)
    const { services } = opened
    const held = services.length > 0 && services.every((service) => stopped.has(service))
    const isUnderWay = [...known.values()].some(({ run }) => run !== null)
    const observed = isUnderWay ? (await opened.driver.observe(name)).components : []
    let due = isUnderWay ? clock.now() + LOOKS.running : Number.POSITIVE_INFINITY
    for (const { component, times } of components) {
      const [replica] = observed.find((seen) => seen.name === component)?.replicas ?? []
      const next = await this.#runner.look({ opened, component, times, held }, known.get(component), replica)
      if (next !== undefined) due = Math.min(due, next)
    }
    return due
  }
}

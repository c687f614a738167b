import type { Driver } from '@sealift/deploy/driver.ts'
import type { Clock } from '@sealift/deploy/pipeline/clock.ts'
import { isSealiftError, messageOf } from '@sealift/oci/sealift-error.ts'
import type { InstallationRegistry } from '../installations/installation-registry.ts'
import type { JobQueue } from '../jobs/job-queue.ts'
import type { TargetRegistry } from '../targets/target-registry.ts'
import type { EventLog } from './event-log.ts'
import { InstallationSupervisor, type SupervisedView } from './installation-supervisor.ts'
import type { InstallationOpener } from './opened-installation.ts'
import type { RunStates } from './run-states.ts'
import { Turnstile } from './turnstile.ts'

/** What supervision needs. */
export interface SupervisorParts {
  readonly installations: InstallationRegistry
  readonly targets: TargetRegistry
  readonly opener: InstallationOpener
  readonly runStates: RunStates
  readonly events: EventLog
  readonly jobs: JobQueue
  readonly clock: Clock
  /** Called once an engine that was away answers again: what its absence interrupted can go on. */
  readonly engineBack: () => Promise<void>
}

/** Times of supervision, in milliseconds. */
export const SUPERVISION = {
  /** Between looks at an installation of which nothing is heard. */
  look: 20_000,
  /** What happens within this time of one another is one look. */
  settle: 250,
  /** Between attempts to reach an engine that is gone: it doubles from the first to the longest. */
  reconnect: 1000,
  longestReconnect: 30_000,
} as const

/** Probes that are under way at once: engines answer many at once slower than one after the other. */
const PROBES_AT_ONCE = 16

/** An engine that is watched. */
interface WatchedTarget {
  readonly abort: AbortController
  readonly done: Promise<void>
  lost: string | undefined
}

/** Holds all installations to what they are meant to be, for as long as a server runs. */
export class Supervisor {
  readonly #parts: SupervisorParts
  readonly #turnstile = new Turnstile(PROBES_AT_ONCE)
  readonly #abort = new AbortController()
  readonly #supervisors = new Map<string, InstallationSupervisor>()
  readonly #targets = new Map<Driver, WatchedTarget>()
  readonly #wakes = new Map<string, number>()
  #round: Promise<void> | undefined

  constructor(parts: SupervisorParts) {
    this.#parts = parts
  }

  /** Begins; returns at once. */
  start(): void {
    this.#round ??= this.#rounds().catch((thrown: unknown) => {
      if (!this.#abort.signal.aborted) process.emitWarning(`supervision ended: ${messageOf(thrown)}`)
    })
  }

  /** How an installation is seen; undefined where it is not supervised. */
  view(name: string): SupervisedView | undefined {
    return this.#round === undefined ? undefined : this.#supervisors.get(name)?.view
  }

  /** Ends all watching. Nothing is stopped. */
  async close(): Promise<void> {
    this.#abort.abort()
    await Promise.all([...this.#supervisors.values()].map((supervisor) => supervisor.end()))
    await Promise.all([...this.#targets.values()].map(({ done }) => done))
    await this.#round
  }

  async #rounds(): Promise<void> {
    const { clock } = this.#parts
    const { signal } = this.#abort
    while (!signal.aborted) {
      await this.#enlist().catch((thrown: unknown) => process.emitWarning(`supervision: ${messageOf(thrown)}`))
      for (const name of this.#supervisors.keys()) this.#look(name)
      await clock.sleep(SUPERVISION.look, signal).catch(() => {})
    }
  }

  /** Takes note of installations that have come and gone, and of the engines that they are on. */
  async #enlist(): Promise<void> {
    const { installations, targets } = this.#parts
    const places = await installations.places()
    for (const { name } of places) if (!this.#supervisors.has(name)) this.#supervisors.set(name, this.#supervise(name))
    for (const [name, supervisor] of this.#supervisors) {
      if (places.some((place) => place.name === name)) continue
      await supervisor.end()
      this.#supervisors.delete(name)
      this.#parts.opener.forget(name)
    }
    const drivers = new Set<Driver>()
    for (const environment of new Set(places.map((place) => place.environment))) drivers.add(await targets.driverOf(environment))
    for (const driver of drivers) if (!this.#targets.has(driver)) this.#watch(driver)
    for (const [driver, { abort, done }] of this.#targets) {
      if (drivers.has(driver)) continue
      abort.abort()
      await done
      this.#targets.delete(driver)
    }
  }

  #supervise(name: string): InstallationSupervisor {
    const { clock, runStates, events, jobs } = this.#parts
    return new InstallationSupervisor({
      clock,
      turnstile: this.#turnstile,
      open: () => this.#parts.opener.openSettled(name),
      stopped: () => runStates.stopped(name),
      note: (happening) => events.note({ installation: name, ...happening }),
      whileFree: (work) => jobs.whileFree(`installation ${name}`, work),
      wake: (milliseconds) => this.#wake(name, milliseconds),
    })
  }

  #look(name: string): void {
    const supervisor = this.#supervisors.get(name)
    if (supervisor === undefined || this.#abort.signal.aborted) return
    supervisor.look().catch((thrown: unknown) => {
      // That the engine is gone is told by whoever watches it, once for all.
      if (!isSealiftError(thrown, 'ENGINE_UNREACHABLE')) process.emitWarning(`supervision of ${name}: ${messageOf(thrown)}`)
    })
  }

  /** Looks after a while, or earlier where that was asked for already. */
  #wake(name: string, milliseconds: number): void {
    const { clock } = this.#parts
    const due = clock.now() + Math.max(SUPERVISION.settle, milliseconds)
    const known = this.#wakes.get(name)
    if (known !== undefined && known <= due && known > clock.now()) return
    this.#wakes.set(name, due)
    void this.#lookAt(name, due)
  }

  async #lookAt(name: string, due: number): Promise<void> {
    const { clock } = this.#parts
    await clock.sleep(due - clock.now(), this.#abort.signal).catch(() => {})
    if (this.#wakes.get(name) !== due) return
    this.#wakes.delete(name)
    this.#look(name)
  }

  #watch(driver: Driver): void {
    const abort = new AbortController()
    const signal = AbortSignal.any([abort.signal, this.#abort.signal])
    const target: { -readonly [Key in keyof WatchedTarget]: WatchedTarget[Key] } = { abort, done: Promise.resolve(), lost: undefined }
    this.#targets.set(driver, target)
    target.done = this.#watchFor(driver, target, signal)
  }

  async #watchFor(driver: Driver, target: WatchedTarget, signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts
    let pause: number = SUPERVISION.reconnect
    while (!signal.aborted) {
      try {
        for await (const event of driver.watch(signal)) {
          if (event.kind === 'changed') this.#wake(event.installation, 0)
          else {
            pause = SUPERVISION.reconnect
            await this.#back(driver, target)
          }
        }
      } catch (thrown) {
        if (signal.aborted) return
        await this.#lost(driver, target, messageOf(thrown))
      }
      await clock.sleep(pause, signal).catch(() => {})
      pause = Math.min(SUPERVISION.longestReconnect, pause * 2)
    }
  }

  async #lost(driver: Driver, target: WatchedTarget, message: string): Promise<void> {
    if (target.lost !== undefined) return
    target.lost = message
    for (const name of await this.#namesOn(driver)) await this.#parts.events.note({ installation: name, reason: 'EngineLost', message })
  }

  async #back(driver: Driver, target: WatchedTarget): Promise<void> {
    const wasLost = target.lost !== undefined
    target.lost = undefined
    for (const name of await this.#namesOn(driver)) {
      if (wasLost) await this.#parts.events.note({ installation: name, reason: 'EngineBack', message: 'The engine answers again.' })
      this.#wake(name, 0)
    }
    if (wasLost) await this.#parts.engineBack()
  }

  async #namesOn(driver: Driver): Promise<readonly string[]> {
    const { installations, targets } = this.#parts
    const names: string[] = []
    for (const { name, environment } of await installations.places()) if ((await targets.driverOf(environment)) === driver) names.push(name)
    return names
  }
}

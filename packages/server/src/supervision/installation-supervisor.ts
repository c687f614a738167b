import type { Observed, ObservedReplica } from '@sealift/deploy/driver.ts'
import type { Clock } from '@sealift/deploy/pipeline/clock.ts'
import { GATE } from '@sealift/deploy/pipeline/gate.ts'
import type { ProbeResult } from '@sealift/deploy/status.ts'
import { isSealiftError, messageOf } from '@sealift/oci/sealift-error.ts'
import { BackOff } from './back-off.ts'
import { type Deviation, deviations, lostVolumes } from './deviations.ts'
import type { Happening } from './event-log.ts'
import type { OpenedInstallation } from './opened-installation.ts'
import { ReplicaProber } from './replica-prober.ts'
import type { Turnstile } from './turnstile.ts'

/** What supervising an installation needs. */
export interface InstallationSupervisorParts {
  readonly clock: Clock
  readonly turnstile: Turnstile
  /** The installation at its current revision, or undefined where it has none or a change of it is under way. */
  readonly open: () => Promise<OpenedInstallation | undefined>
  readonly stopped: () => Promise<ReadonlySet<string>>
  readonly note: (happening: Omit<Happening, 'installation'>) => Promise<void>
  /** Runs work while no change is under way; undefined where one is. Its signal says that one wants to begin. */
  readonly whileFree: <T>(work: (signal: AbortSignal) => Promise<T>) => Promise<T | undefined>
  /** Asks to be called again after so many milliseconds. */
  readonly wake: (milliseconds: number) => void
}

/** A replica as it was last seen, and what watches it. */
interface WatchedReplica {
  readonly prober: ReplicaProber
  readonly startedAt: string | undefined
  readonly restarts: number
  /** The revision whose probes are at work. */
  readonly revision: number
}

/** How supervision sees an installation. */
export interface SupervisedView {
  /** Readiness by `component/replica`. */
  readonly probes: ReadonlyMap<string, ProbeResult>
  /** Restarts by supervision, by component: the engine counts only its own. */
  readonly restarts: ReadonlyMap<string, number>
  readonly deviations: readonly Deviation[]
}

/** Restarts of one component after which its events say that it keeps ending. */
const KEEPS_ENDING = 3

/**
 * Holds one installation to what it is meant to be: probes its replicas, restarts what is dead, and
 * brings back what deviates, each component when those that it waits for are ready. It looks at what
 * is there and does one step at a time; it never acts while a change is under way.
 */
export class InstallationSupervisor {
  readonly #parts: InstallationSupervisorParts
  readonly #watched = new Map<string, WatchedReplica>()
  readonly #backOffs = new Map<string, BackOff>()
  readonly #restarts = new Map<string, number>()
  readonly #lost = new Set<string>()
  readonly #waitingSince = new Map<string, number>()
  #deviations: readonly Deviation[] = []
  #opened: OpenedInstallation | undefined
  #looking: Promise<void> | undefined
  #again = false
  #ended = false

  constructor(parts: InstallationSupervisorParts) {
    this.#parts = parts
  }

  /** How it was last seen. */
  get view(): SupervisedView {
    const probes = new Map<string, ProbeResult>()
    for (const [key, { prober }] of this.#watched) if (prober.result !== undefined) probes.set(key, prober.result)
    return { probes, restarts: this.#restarts, deviations: this.#deviations }
  }

  /**
   * Looks at what is there and does what is missing. Looks that are asked for meanwhile become one more.
   * @throws SealiftError `ENGINE_UNREACHABLE`; what can't be repaired is an event and is tried again
   */
  async look(): Promise<void> {
    this.#again = true
    this.#looking ??= this.#lookAsAsked().finally(() => {
      this.#looking = undefined
    })
    await this.#looking
  }

  /** Watches no more. */
  async end(): Promise<void> {
    this.#ended = true
    this.#watchNone()
    await this.#looking?.catch(() => {})
  }

  async #lookAsAsked(): Promise<void> {
    while (this.#again && !this.#ended) {
      this.#again = false
      await this.#lookOnce()
    }
  }

  async #lookOnce(): Promise<void> {
    const { open, stopped, whileFree } = this.#parts
    const opened = await open()
    if (opened === undefined || this.#ended) {
      this.#watchNone()
      return
    }
    this.#opened = opened
    const observed = await opened.driver.observe(opened.name)
    const held = await stopped()
    await this.#watch(opened, observed, held)
    const found = await this.#compare(opened, observed, held)
    if (found.length === 0) return
    await whileFree((signal) => this.#bringBack(opened, found, held, signal))
  }

  /** Keeps a prober for each replica that runs, a new one for each life of it. */
  async #watch(opened: OpenedInstallation, observed: Observed, held: ReadonlySet<string>): Promise<void> {
    const seen = new Set<string>()
    for (const component of opened.services) {
      for (const replica of observed.components.find(({ name }) => name === component)?.replicas ?? []) {
        const key = `${component}/${replica.index}`
        const before = this.#watched.get(key)
        if (!held.has(component)) await this.#tellOfRestart(component, replica, before)
        if (replica.state !== 'running') continue
        seen.add(key)
        const { number } = opened.revision
        if (before?.startedAt === replica.startedAt && before?.revision === number) continue
        before?.prober.end()
        const prober = this.#probe(opened, component, replica.index)
        this.#watched.set(key, { prober, startedAt: replica.startedAt, restarts: replica.restarts, revision: number })
      }
    }
    for (const [key, { prober }] of this.#watched) {
      if (seen.has(key)) continue
      prober.end()
      this.#watched.delete(key)
    }
  }

  #watchNone(): void {
    for (const { prober } of this.#watched.values()) prober.end()
    this.#watched.clear()
    this.#deviations = []
  }

  #probe(opened: OpenedInstallation, component: string, replica: number): ReplicaProber {
    const { clock, turnstile, note, wake } = this.#parts
    const subject = opened.wanted(component).replicas > 1 ? `replica ${replica}: ` : ''
    let wasReady: boolean | undefined
    return new ReplicaProber(opened.probes(component), {
      clock,
      attempt: ({ action, timeout }) => turnstile.pass(() => opened.driver.probe(opened.name, component, replica, action, timeout)),
      onReady: (ready, message) => {
        // That something gets ready after its start is no news; that it ceases to be is.
        if (wasReady === true && !ready) void note({ component, reason: 'Unhealthy', message: `${subject}${message}` })
        if (wasReady === false && ready) void note({ component, reason: 'Healthy', message: `${subject}ready again` })
        wasReady = ready
        if (ready) wake(0)
      },
      onDead: (message) => void this.#revive(opened, component, replica, message),
    })
  }

  /** Restarts a replica that is dead though its container runs, unless it was just done. */
  async #revive(opened: OpenedInstallation, component: string, replica: number, message: string): Promise<void> {
    const { note, whileFree } = this.#parts
    const backOff = this.#backOff(component)
    if (backOff.wait > 0 || this.#ended || opened !== this.#opened) return
    // What was changed past Sealift is undone first: it may be all that is wrong.
    if (this.#deviations.some((deviation) => deviation.component === component)) return
    const subject = opened.wanted(component).replicas > 1 ? `replica ${replica}: ` : ''
    try {
      await whileFree(async () => {
        backOff.attempted()
        await note({ component, reason: 'LivenessFailed', message: `${subject}${message}` })
        this.#restarts.set(component, (this.#restarts.get(component) ?? 0) + 1)
        await opened.driver.restart(opened.name, component, replica)
        await note({ component, reason: 'Restarted', message: `${subject}restarted, since its probe failed` })
        await this.#tellOfBackOff(component)
      })
    } catch (thrown) {
      if (!isSealiftError(thrown, 'ENGINE_UNREACHABLE')) await note({ component, reason: 'HealFailed', message: `${subject}${messageOf(thrown)}` })
    }
  }

  /** The engine starts again what ends: supervision only tells of it. */
  async #tellOfRestart(component: string, replica: ObservedReplica, before: WatchedReplica | undefined): Promise<void> {
    if (before === undefined || replica.restarts <= before.restarts) return
    const { note } = this.#parts
    const message = replica.message === undefined || replica.state === 'running' ? 'its program ended, and was started again' : replica.message
    await note({ component, reason: 'Exited', message })
    if (replica.restarts >= KEEPS_ENDING) await note({ component, reason: 'BackOff', message: 'it keeps ending: it is started again at growing intervals' })
  }

  async #compare(opened: OpenedInstallation, observed: Observed, stopped: ReadonlySet<string>): Promise<readonly Deviation[]> {
    const { note } = this.#parts
    const wanted = opened.services.map((name) => opened.wanted(name))
    const found = deviations({ wanted, observed, stopped })
    const known = new Set(this.#deviations.map(({ component, what }) => `${component} ${what}`))
    for (const { component, kind, what } of found) {
      if (!known.has(`${component} ${what}`)) await note({ component, reason: kind === 'down' ? 'Exited' : 'Drifted', message: what })
    }
    this.#deviations = found
    for (const { component, volume } of lostVolumes({ wanted, observed })) {
      if (this.#lost.has(volume)) continue
      this.#lost.add(volume)
      await note({ component, reason: 'VolumeLost', message: `volume ${volume} was removed past Sealift: its data is gone, an empty one takes its place` })
    }
    return found
  }

  /** One step for each component whose turn it is; the rest waits until those before it are ready. */
  async #bringBack(opened: OpenedInstallation, found: readonly Deviation[], held: ReadonlySet<string>, signal: AbortSignal): Promise<void> {
    const { wake } = this.#parts
    const deviating = new Map(found.map((deviation) => [deviation.component, deviation]))
    for (const component of opened.inOrder([...deviating.keys()])) {
      if (signal.aborted || this.#ended) return
      const deviation = deviating.get(component) as Deviation
      const backOff = this.#backOff(component)
      if (backOff.wait > 0) wake(backOff.wait)
      else if (deviation.kind === 'up' || this.#mayStart(opened, component, deviating, held)) {
        await this.#bringBackOne(opened, deviation, backOff, signal)
        wake(0)
      }
    }
  }

  /** Whether all that a component waits for is ready, or was waited for long enough: better up without them than down with them. */
  #mayStart(opened: OpenedInstallation, component: string, deviating: ReadonlyMap<string, Deviation>, held: ReadonlySet<string>): boolean {
    const awaited = (opened.waitsFor.get(component) ?? []).filter((needed) => opened.services.includes(needed) && !held.has(needed))
    if (awaited.every((needed) => !deviating.has(needed) && this.#isReady(opened, needed))) {
      this.#waitingSince.delete(component)
      return true
    }
    const now = this.#parts.clock.now()
    const since = this.#waitingSince.get(component) ?? now
    this.#waitingSince.set(component, since)
    return now - since >= GATE.timeout * 1000
  }

  async #bringBackOne(opened: OpenedInstallation, { component, kind, what }: Deviation, backOff: BackOff, signal: AbortSignal): Promise<void> {
    const { note } = this.#parts
    backOff.attempted()
    try {
      if (kind === 'up') {
        await opened.driver.stop(opened.name, component)
        await note({ component, reason: 'Healed', message: 'stopped again' })
        return
      }
      await opened.bring(component, signal)
      if (kind === 'down') this.#restarts.set(component, (this.#restarts.get(component) ?? 0) + 1)
      await note({ component, reason: kind === 'down' ? 'Restarted' : 'Healed', message: `brought back, since ${what}` })
      await this.#tellOfBackOff(component)
    } catch (thrown) {
      if (isSealiftError(thrown, 'ENGINE_UNREACHABLE')) throw thrown
      // A change begins: it brings back what is missing.
      if (signal.aborted) return
      await note({ component, reason: 'HealFailed', message: messageOf(thrown) })
      this.#parts.wake(backOff.wait)
    }
  }

  #isReady(opened: OpenedInstallation, component: string): boolean {
    const { replicas } = opened.wanted(component)
    for (let index = 0; index < replicas; index++) if (this.#watched.get(`${component}/${index}`)?.prober.result?.healthy !== true) return false
    return true
  }

  #backOff(component: string): BackOff {
    const known = this.#backOffs.get(component) ?? new BackOff(this.#parts.clock)
    this.#backOffs.set(component, known)
    return known
  }

  async #tellOfBackOff(component: string): Promise<void> {
    const backOff = this.#backOff(component)
    if (backOff.attempts < KEEPS_ENDING) return
    const seconds = Math.ceil(backOff.wait / 1000)
    await this.#parts.note({
      component,
      reason: 'BackOff',
      message: `restarted ${backOff.attempts} times in a row; the next time not before ${seconds} s have passed`,
    })
  }
}

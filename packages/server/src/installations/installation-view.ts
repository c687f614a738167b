import type { InstallationStatus, InstallationSummary, LogLine, RevisionSummary, ScheduleStatus } from '@sealift/api/installation.ts'
import { componentPorts, pluginPorts, type ResolveContext, resolveAddress } from '@sealift/deploy/resolve.ts'
import { secretNames } from '@sealift/deploy/scope.ts'
import { type ComponentDefinition, runningComponents, type WantedState } from '@sealift/deploy/state.ts'
import { type ComponentStatus, type Health, installationStatus, probeAll } from '@sealift/deploy/status.ts'
import type { WantedPort } from '@sealift/deploy/wanted-component.ts'
import { isSealiftError, messageOf, SealiftError } from '@sealift/oci/sealift-error.ts'
import { suggestion } from '@sealift/template/did-you-mean.ts'
import type { ReleaseLibrary } from '../library/release-library.ts'
import type { CronState, CronStates } from '../supervision/cron-states.ts'
import type { EventLog } from '../supervision/event-log.ts'
import type { InstallationOpener, OpenedInstallation } from '../supervision/opened-installation.ts'
import type { RunStates } from '../supervision/run-states.ts'
import type { Supervisor } from '../supervision/supervisor.ts'
import type { TargetRegistry } from '../targets/target-registry.ts'
import { inOrderOfTime } from './in-order-of-time.ts'
import type { InstallationRegistry, KnownInstallation } from './installation-registry.ts'
import { mergeLogs } from './merge-logs.ts'

/** Which logs to read. */
export interface LogRequest {
  /** With commas between several. */
  readonly component?: string
  readonly replica?: number
  readonly previous?: boolean
  readonly follow?: boolean
  readonly tail?: number
  readonly since?: string
}

/** How an installation was found. */
interface Look {
  readonly summary: InstallationSummary
  readonly components: readonly ComponentStatus[]
  /** Absent where it could not be looked at. */
  readonly opened?: OpenedInstallation
}

/** Tells how installations are. */
export class InstallationView {
  readonly #library: ReleaseLibrary
  readonly #targets: TargetRegistry
  readonly #installations: InstallationRegistry
  readonly #opener: InstallationOpener
  readonly #runStates: RunStates
  readonly #events: EventLog
  readonly #supervisor: Supervisor
  readonly #supervised: boolean
  readonly #cronStates: CronStates

  constructor(parts: {
    library: ReleaseLibrary
    targets: TargetRegistry
    installations: InstallationRegistry
    opener: InstallationOpener
    runStates: RunStates
    events: EventLog
    supervisor: Supervisor
    supervised: boolean
    cronStates: CronStates
  }) {
    this.#library = parts.library
    this.#targets = parts.targets
    this.#installations = parts.installations
    this.#opener = parts.opener
    this.#runStates = parts.runStates
    this.#events = parts.events
    this.#supervisor = parts.supervisor
    this.#supervised = parts.supervised
    this.#cronStates = parts.cronStates
  }

  /** All installations, each asked how it is. */
  async list(): Promise<InstallationSummary[]> {
    const known = await this.#installations.list()
    return Promise.all(known.map(async (installation) => (await this.#look(installation)).summary))
  }

  /** The names of all installations with those of their components: looks at no engine. */
  async names(): Promise<{ name: string; components: string[] }[]> {
    const known = await this.#installations.list()
    return known.flatMap(({ name, current }) => (current === undefined ? [] : [{ name, components: [...runningComponents(current.state)] }]))
  }

  /** One installation with its components. @throws SealiftError `INSTALLATION_NOT_FOUND` */
  async status(name: string): Promise<InstallationStatus> {
    const known = (await this.#installations.find(name)) ?? (await this.#installations.get(name))
    const { summary, components, opened } = await this.#look(known)
    const schedules = await this.#cronStates.of(name)
    return {
      ...summary,
      supervised: this.#supervised,
      notices: await this.#notices(known),
      components: components.map(({ component, health, message, ready, wanted, restarts, leftOver }) => {
        const { definition, image } = (opened as OpenedInstallation).state.components[component] as WantedState['components'][string]
        return {
          name: component,
          module: definition.module,
          workload: definition.workload,
          image: image?.reference ?? '',
          health,
          message,
          ready,
          replicas: wanted,
          restarts,
          leftOver,
          addresses: addressesOf((opened as OpenedInstallation).resolve, component),
          ...(definition.schedule === undefined ? {} : { schedule: scheduleStatus(definition, schedules.get(component)) }),
        }
      }),
    }
  }

  /** Its history, newest first. @throws SealiftError `INSTALLATION_NOT_FOUND` */
  async revisions(name: string): Promise<RevisionSummary[]> {
    const known = (await this.#installations.find(name)) ?? (await this.#installations.get(name))
    return known.history.toReversed().map(({ number, kind, createdAt, finishedAt, state, from, to, outcome, reason }) => ({
      number,
      kind,
      createdAt,
      ...(finishedAt === undefined ? {} : { finishedAt }),
      version: state.release.version,
      from,
      ...(to === undefined ? {} : { to }),
      outcome,
      ...(reason === undefined ? {} : { reason }),
      current: number === known.current?.number,
    }))
  }

  /**
   * What its components print, merged by time.
   * @throws SealiftError `INSTALLATION_NOT_FOUND`, `COMPONENT_NOT_FOUND`, `USAGE` for a time that is none
   */
  async logs(name: string, request: LogRequest, gone: AbortSignal): Promise<AsyncIterable<LogLine>> {
    const { component, replica, previous, follow = false, tail, since } = request
    const { current, environment } = await this.#installations.get(name)
    const components = runningComponents(current.state)
    const chosen = component?.split(',') ?? components
    for (const each of chosen) {
      if (components.includes(each)) continue
      throw new SealiftError('COMPONENT_NOT_FOUND', `${name} has no running component ${each}`, {
        hint: suggestion(each, components) || `It has: ${components.join(', ')}`,
      })
    }
    if (since !== undefined && Number.isNaN(Date.parse(since))) throw new SealiftError('USAGE', `since ${since}: expected a time like 2026-01-31T10:00:00Z`)
    if (follow && previous === true) throw new SealiftError('USAGE', 'what was written before a restart can not be followed')
    const driver = await this.#targets.driverOf(environment)
    const options = {
      follow,
      signal: gone,
      ...(replica === undefined ? {} : { replica }),
      ...(previous === undefined ? {} : { previous }),
      ...(tail === undefined ? {} : { tail }),
      ...(since === undefined ? {} : { since: new Date(since) }),
    }
    // Of all components, those without a container have nothing to say.
    const sources = chosen.map((each) => (component === undefined ? silentWhereMissing(driver.logs(name, each, options)) : driver.logs(name, each, options)))
    return follow ? inOrderOfTime(mergeLogs(sources, true)) : mergeLogs(sources, false)
  }

  async #look(known: KnownInstallation): Promise<Look> {
    const { name, application, environment, current, history } = known
    const base = { name, application, environment, revision: current?.number ?? null, version: current?.state.release.version ?? null }
    const summary = (health: Health, message: string, upgrade: string | null = null): InstallationSummary => ({ ...base, health, message, upgrade })
    if (current === undefined) {
      const last = history.at(-1)
      return { summary: summary(last?.outcome === 'pending' ? 'starting' : 'failed', last?.reason ?? 'Not installed.'), components: [] }
    }
    try {
      const opened = await this.#opener.open({ ...known, current })
      const { health, components } = await this.#observe(opened)
      const ill = components.filter((component) => component.health !== 'healthy')
      const message = ill.map(({ component, message: why }) => `${component}: ${why}`).join(' ')
      return { summary: summary(health, message, await this.#newer(current.state)), components, opened }
    } catch (thrown) {
      // One that can't be looked at is no reason to say nothing of the others.
      return { summary: summary(isSealiftError(thrown, 'ENGINE_UNREACHABLE') ? 'unknown' : 'failed', messageOf(thrown)), components: [] }
    }
  }

  async #observe(opened: OpenedInstallation): Promise<{ readonly health: Health; readonly components: readonly ComponentStatus[] }> {
    const { name, state, driver, resolve } = opened
    const observed = await driver.observe(name)
    const supervision = this.#supervisor.view(name)
    const probes = await probeAll(driver, resolve, observed, (id) => opened.secret(id), supervision?.probes)
    const { health, components } = installationStatus({ state, observed, probes, stopped: await this.#runStates.stopped(name) })
    // The engine counts only the restarts that it makes itself.
    return { health, components: components.map((status) => ({ ...status, restarts: status.restarts + (supervision?.restarts.get(status.component) ?? 0) })) }
  }

  /** What a person has to know beyond how each component is: what deviates, and which data is lost. */
  async #notices({ name, current }: KnownInstallation): Promise<string[]> {
    if (current === undefined) return []
    const deviating = (this.#supervisor.view(name)?.deviations ?? []).map(({ component, what }) => `${component}: ${what}.`)
    const events = await this.#events.list({ installation: name, since: current.createdAt })
    const lost = events.filter(({ reason }) => reason === 'VolumeLost').map(({ component, message, lastAt }) => `${component}: ${message} (${lastAt}).`)
    return [...lost, ...deviating]
  }

  async #newer({ release }: WantedState): Promise<string | null> {
    try {
      const latest = await this.#library.find(release.application)
      return latest.row.sequence > release.sequence ? latest.row.version : null
    } catch (thrown) {
      if (isSealiftError(thrown, 'RELEASE_NOT_FOUND')) return null
      throw thrown
    }
  }
}

/** How a schedule is doing; before a server looked after it nothing is known but the schedule. */
function scheduleStatus({ schedule = '', timezone = 'UTC' }: ComponentDefinition, known: CronState | undefined): ScheduleStatus {
  if (known === undefined) return { schedule, timezone, nextAt: null, last: null, missed: 0, missedSince: null }
  const { next_at, due_at, started_at, ended_at, outcome, exit_code, message, missed, missed_since } = known
  const last = due_at === null || outcome === null ? null : { dueAt: due_at, startedAt: started_at, endedAt: ended_at, outcome, exitCode: exit_code, message }
  // After a change the server has not looked yet.
  const nextAt = known.schedule === schedule && known.timezone === timezone ? next_at : null
  return { schedule, timezone, nextAt, last, missed, missedSince: missed_since }
}

/** Where a component and its plugins are reached from outside; of something that the site has itself, where it is. */
function addressesOf(context: ResolveContext, component: string): string[] {
  const { definition, ports } = context.state.components[component] as WantedState['components'][string]
  if (definition.workload === 'external') return [resolveAddress(context, component, secretNames)]
  const addresses = (wanted: readonly WantedPort[], kindOf: (name: string) => string | undefined): string[] =>
    wanted.flatMap(({ name, hostPort }) => (hostPort === undefined ? [] : [`${kindOf(name) ?? 'tcp'}://HOST:${hostPort}`]))
  const beside = (definition.plugins ?? []).flatMap((plugin) => plugin.ports)
  return [
    ...addresses(componentPorts(context, component), (name) => ports[name]?.public?.kind),
    ...addresses(pluginPorts(context, component), (name) => beside.find((port) => port.name === name)?.public?.kind),
  ]
}

async function* silentWhereMissing(lines: AsyncIterable<LogLine>): AsyncGenerator<LogLine> {
  try {
    yield* lines
  } catch (thrown) {
    if (!isSealiftError(thrown, 'REPLICA_NOT_FOUND')) throw thrown
  }
}

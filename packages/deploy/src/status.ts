import type { Driver, Observed, ObservedComponent, ObservedReplica } from './driver.ts'
import { type ResolveContext, resolveAddress, resolveProbes } from './resolve.ts'
import type { SecretLookup } from './scope.ts'
import { isActive, type WantedState } from './state.ts'

/** How well something is; from best to worst but for `stopped`, which was asked for, and `unknown`, where nobody can look. */
export const HEALTH = ['healthy', 'starting', 'degraded', 'failed', 'stopped', 'unknown'] as const
export type Health = (typeof HEALTH)[number]

/** How one component is. */
export interface ComponentStatus {
  readonly component: string
  readonly health: Health
  /** A sentence for people. */
  readonly message: string
  /** Healthy replicas, or 1 for a job that ended with 0. */
  readonly ready: number
  readonly wanted: number
  readonly restarts: number
  readonly leftOver: boolean
}

/** How an installation is. */
export interface InstallationStatus {
  readonly health: Health
  readonly components: readonly ComponentStatus[]
}

/** The outcome of one probe of one replica. */
export interface ProbeResult {
  readonly healthy: boolean
  readonly message: string
}

/** What status is told beside what was observed. */
export interface StatusInput {
  readonly state: WantedState
  readonly observed: Observed
  /** By `component/replica`; one that is absent has no probe or was not asked. */
  readonly probes: ReadonlyMap<string, ProbeResult>
  /** Components that were stopped by hand. */
  readonly stopped: ReadonlySet<string>
}

function componentStatus({ state, probes, stopped }: StatusInput, component: string, seen: ObservedComponent | undefined): ComponentStatus {
  const wanted = state.components[component]?.replicas.value ?? 0
  const replicas = seen?.replicas ?? []
  const workload = state.components[component]?.definition.workload
  const restarts = replicas.reduce((sum, replica) => sum + replica.restarts, 0)
  const base = { component, restarts, leftOver: state.components[component]?.leftOver === true }
  const status = (health: Health, message: string, ready = 0, of = wanted): ComponentStatus => ({ ...base, health, message, ready, wanted: of })
  if (workload === 'job') {
    const [job] = replicas
    // Its container may have been cleaned away; that a revision was reached says that it ended with 0.
    if (job === undefined || (job.state === 'exited' && job.exitCode === 0)) return status('healthy', 'Ended with 0.', 1, 1)
    return job.state === 'exited' ? status('failed', `Ended with ${job.exitCode ?? 'an unknown code'}.`, 0, 1) : status('starting', 'Runs.', 0, 1)
  }
  if (workload === 'cron') return cronStatus(status, replicas[0])
  if (workload === 'external') {
    const probe = probes.get(`${component}/0`)
    if (probe === undefined) return status('healthy', 'The site has it; without a probe nobody looks.', 1, 1)
    return probe.healthy ? status('healthy', 'The site has it, and it answers.', 1, 1) : status('failed', `The site has it: ${probe.message}.`, 0, 1)
  }
  const up = replicas.filter(({ state }) => state === 'running')
  const pluginDown = up.flatMap(({ plugins = [] }) => plugins.filter(({ running }) => !running))[0]
  const ready = up.filter(({ index }) => probes.get(`${component}/${index}`)?.healthy ?? true)
  if (wanted === 0) return status('stopped', 'No replicas are wanted.')
  if (ready.length >= wanted && pluginDown !== undefined) {
    return status('degraded', `Its plugin ${pluginDown.name} does not run${pluginDown.message === undefined ? '' : `: ${pluginDown.message}`}.`, ready.length)
  }
  if (ready.length >= wanted) return status('healthy', wanted === 1 ? 'Up.' : `${wanted} replicas are up.`, ready.length)
  if (up.length === 0 && stopped.has(component)) return status('stopped', 'Stopped by hand.')
  const failing = up.find(({ index }) => probes.get(`${component}/${index}`)?.healthy === false)
  const why = failing === undefined ? undefined : probes.get(`${component}/${failing.index}`)?.message
  if (ready.length > 0) return status('degraded', `${ready.length} of ${wanted} replicas are up${why === undefined ? '' : `: ${why}`}.`, ready.length)
  if (replicas.some(({ state }) => state === 'starting') || up.length > 0) {
    const crash = replicas.find(({ state }) => state === 'starting')
    return status('starting', why ?? crash?.message ?? 'Not ready yet.')
  }
  const [first] = replicas
  if (first === undefined || first.state === 'missing') return status('failed', 'It should run, and has no container.')
  return status('failed', first.message ?? `Ended${first.exitCode === undefined ? '' : ` with ${first.exitCode}`}.`)
}

/** What runs by a schedule is as well as its last run, and owes nobody anything between its times. */
function cronStatus(
  status: (health: Health, message: string, ready: number, of: number) => ComponentStatus,
  run: ObservedReplica | undefined,
): ComponentStatus {
  if (run === undefined) return status('healthy', 'Waits for its time.', 0, 0)
  if (run.state !== 'exited') return status('healthy', 'Runs now.', 0, 0)
  if (run.exitCode === 0) return status('healthy', 'Waits for its time; the last run ended with 0.', 0, 0)
  return status('degraded', `The last run ended with ${run.exitCode ?? 'an unknown code'}.`, 0, 0)
}

/** How an installation and each of its components are. */
export function installationStatus(input: StatusInput): InstallationStatus {
  const components = shownComponents(input.state).map((component) =>
    componentStatus(
      input,
      component,
      input.observed.components.find(({ name }) => name === component),
    ),
  )
  const any = (health: Health): boolean => components.some((component) => component.health === health)
  const services = components.filter(({ component }) => isService(input.state, component))
  if (services.length > 0 && services.every(({ health }) => health === 'stopped')) return { health: 'stopped', components }
  if (services.length > 0 && services.every(({ health }) => health === 'failed')) return { health: 'failed', components }
  // None of a component that is scaled to nothing are missing.
  const isDown = components.some((component) => component.health === 'stopped' && component.wanted > 0)
  const health = any('failed') || any('degraded') || isDown ? 'degraded' : any('starting') ? 'starting' : 'healthy'
  return { health, components }
}

/** Whether a component stands and serves: neither something that ends nor something of the site's. */
function isService(state: WantedState, component: string): boolean {
  const workload = state.components[component]?.definition.workload
  return workload === 'stateless' || workload === 'stateful' || workload === 'daemon'
}

/** All components that are on, those too that the site has itself. */
function shownComponents(state: WantedState): readonly string[] {
  return Object.keys(state.components).filter((name) => isActive(state, name))
}

/**
 * Asks the readiness probe of every running replica, and of everything that the site has itself, once, all at the same time.
 * @param secret as for {@link ./resolve.ts | resolving}
 * @param known results that are at hand, by `component/replica`: these are not asked
 */
export async function probeAll(
  driver: Driver,
  context: ResolveContext,
  observed: Observed,
  secret: SecretLookup,
  known: ReadonlyMap<string, ProbeResult> = new Map(),
): Promise<ReadonlyMap<string, ProbeResult>> {
  const { installation, state } = context
  const results = new Map(known)
  const attempts: Promise<void>[] = []
  const ask = (key: string, attempt: () => Promise<ProbeResult>): void => {
    if (!known.has(key)) attempts.push(attempt().then((result) => void results.set(key, result)))
  }
  for (const name of shownComponents(state)) {
    const { readiness, startup } = resolveProbes(context, name, secret)
    const probe = readiness ?? startup
    if (probe === undefined) continue
    const { action, timeout } = probe
    if (state.components[name]?.definition.workload === 'external') {
      ask(`${name}/0`, () => driver.probeAddress(resolveAddress(context, name, secret), action, timeout))
      continue
    }
    for (const replica of observed.components.find((component) => component.name === name)?.replicas ?? []) {
      if (replica.state === 'running') ask(`${name}/${replica.index}`, () => driver.probe(installation, name, replica.index, action, timeout))
    }
  }
  await Promise.all(attempts)
  return results
}

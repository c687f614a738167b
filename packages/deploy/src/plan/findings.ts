import { parseVersion, parseVersionRange, versionInRange } from '@sealift/template/version.ts'
import type { Capabilities, Feature, Finding } from '../driver.ts'
import { Scope, secretNames } from '../scope.ts'
import { runningComponents, type WantedState } from '../state.ts'
import type { Requirements } from '../vendor-state.ts'
import type { PlanItem } from './plan.ts'

const GIBIBYTE = 2 ** 30

function gibibytes(bytes: number): string {
  return `${(bytes / GIBIBYTE).toFixed(1)} GiB`
}

/** Where a target does not have what a release asks for. */
export function findingsFor(requires: Requirements, capabilities: Capabilities): readonly Finding[] {
  const findings: Finding[] = []
  const subject = `target ${capabilities.engine}`
  const error = (message: string, hint: string): void => void findings.push({ severity: 'error', subject, message, hint })
  const { disk, memory, cpus, architectures, engine } = requires
  if (disk !== undefined && capabilities.freeDisk !== undefined && capabilities.freeDisk < disk) {
    error(`The release asks for ${gibibytes(disk)} of free disk, ${gibibytes(capabilities.freeDisk)} are free.`, 'Free space, or use a larger disk.')
  }
  if (memory !== undefined && capabilities.memory !== undefined && capabilities.memory < memory) {
    error(`The release asks for ${gibibytes(memory)} of memory, the target has ${gibibytes(capabilities.memory)}.`, 'Use a larger machine.')
  }
  if (cpus !== undefined && capabilities.cpus !== undefined && capabilities.cpus < cpus) {
    error(`The release asks for ${cpus} processor cores, the target has ${capabilities.cpus}.`, 'Use a larger machine.')
  }
  const runs = capabilities.platforms.map(({ architecture, variant }) => (variant === undefined ? architecture : `${architecture}/${variant}`))
  if (
    architectures.length > 0 &&
    !runs.some((architecture) => architectures.includes(architecture) || architectures.includes(architecture.split('/')[0] ?? ''))
  ) {
    error(`The release runs on ${architectures.join(', ')}, the target is ${runs.join(', ')}.`, 'Use another machine, or ask the vendor for this processor.')
  }
  const [found] = /[0-9]+(\.[0-9]+)+/.exec(capabilities.engine) ?? []
  if (engine !== undefined && found !== undefined && !versionInRange(parseVersion(found), parseVersionRange(engine))) {
    error(`The release asks for an engine ${engine}, the target is ${capabilities.engine}.`, 'Update the engine.')
  }
  return findings
}

/** Parts of a component's definition of which each needs the feature of its name. */
const DEFINED_FEATURES = ['initContainers', 'plugins', 'hooks', 'gpus'] as const satisfies readonly Feature[]

/** Which feature of a driver each carried part of a component needs. */
const CARRIED_FEATURES: Readonly<Record<string, Feature>> = {
  monitors: 'monitors',
  kubernetesObjects: 'kubernetesObjects',
}

/** What the release describes and the target does not act on yet: carried, and named. */
export function featuresNotActedOn(state: WantedState, { acts, driver }: Capabilities): readonly PlanItem[] {
  const items: PlanItem[] = []
  const add = (component: string | null, feature: Feature, name: string, shown: string): void => {
    if (acts.has(feature)) return
    const why = `The ${driver} driver does not act on it yet; it stays in the release.`
    items.push({ component, kind: 'feature', name, now: null, then: shown, effect: 'notActedOn', why, restart: false })
  }
  for (const name of runningComponents(state)) {
    const definition = state.components[name]?.definition
    if (definition === undefined) continue
    if (definition.workload !== 'external') add(name, definition.workload, 'workload', definition.workload)
    if (definition.probes.liveness !== undefined) add(name, 'livenessProbes', 'liveness probe', 'restarts a hung component')
    const { metric } = (definition.carried.scaling ?? {}) as { metric?: unknown }
    if (metric !== undefined) add(name, 'autoscaling', 'autoscaling', 'replicas follow the load')
    for (const part of DEFINED_FEATURES) if (Object.keys(definition[part] ?? {}).length > 0) add(name, part, part, part)
    for (const [part, feature] of Object.entries(CARRIED_FEATURES)) if (definition.carried[part] !== undefined) add(name, feature, part, part)
  }
  const scope = new Scope(state, secretNames)
  for (const name of Object.keys(state.routes)) add(null, 'routes', `route ${scope.text(name, null, `route ${name}`)}`, 'carried')
  if (state.alerts.length > 0) add(null, 'alerts', 'alerts', `${state.alerts.length}`)
  return items
}

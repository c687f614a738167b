import type { Observed, ObservedReplica, WantedComponent } from '@sealift/deploy/driver.ts'
import { replicaVolume } from '@sealift/deploy/wanted-component.ts'

/** How a component deviates from what it is meant to be. */
export interface Deviation {
  readonly component: string
  /** `down`: it should run; `drift`: something was changed past Sealift; `up`: it should be stopped. */
  readonly kind: 'down' | 'drift' | 'up'
  /** In words. */
  readonly what: string
}

/** What is compared. */
export interface Comparison {
  /** What each component that runs for good is meant to be. */
  readonly wanted: readonly WantedComponent[]
  readonly observed: Observed
  /** Components that a person stopped. */
  readonly stopped: ReadonlySet<string>
}

/**
 * How components deviate from what they are meant to be, one deviation for each. What the engine is
 * about to restart is none, nor is anything that Sealift did not make. A component's hash is not
 * compared: it is made another way by another version of Sealift, which is no reason to restart all.
 */
export function deviations({ wanted, observed, stopped }: Comparison): readonly Deviation[] {
  return wanted.flatMap((component) => {
    const replicas = observed.components.find(({ name }) => name === component.name)?.replicas ?? []
    const found = stopped.has(component.name) ? shouldBeStopped(replicas) : shouldRun(component, replicas)
    return found === undefined ? [] : [{ component: component.name, ...found }]
  })
}

/** The persistent volumes, by their names at the target, that are not there any more, with the component that each belongs to. */
export function lostVolumes({ wanted, observed }: Pick<Comparison, 'wanted' | 'observed'>): readonly { readonly component: string; readonly volume: string }[] {
  const there = new Set(observed.volumes)
  const lost = new Map<string, string>()
  for (const { name, volumes, replicas } of wanted) {
    for (const volume of volumes) {
      if (volume.kind !== 'persistent') continue
      for (let index = 0; index < replicas; index++) {
        const target = replicaVolume(volume, index)
        if (!there.has(target) && !lost.has(target)) lost.set(target, name)
      }
    }
  }
  return [...lost].map(([volume, component]) => ({ component, volume }))
}

type Found = Omit<Deviation, 'component'>

function shouldBeStopped(replicas: readonly ObservedReplica[]): Found | undefined {
  return replicas.some(({ state }) => state === 'running' || state === 'starting') ? { kind: 'up', what: 'it was stopped by hand, and runs' } : undefined
}

function shouldRun(wanted: WantedComponent, replicas: readonly ObservedReplica[]): Found | undefined {
  const count = wanted.workload === 'daemon' ? Math.min(1, wanted.replicas) : wanted.replicas
  const subject = (index: number): string => (count > 1 ? `replica ${index}: ` : '')
  for (let index = 0; index < count; index++) {
    const replica = replicas.find((candidate) => candidate.index === index)
    if (replica === undefined || replica.state === 'missing') return { kind: 'down', what: `${subject(index)}its container was removed` }
    const drift = replica.drift ?? imageDrift(wanted, replica) ?? limitDrift(wanted, replica)
    if (drift !== undefined) return { kind: 'drift', what: `${subject(index)}${drift}` }
    if (replica.state === 'exited') {
      const code = replica.exitCode === undefined ? '' : ` (exit code ${replica.exitCode})`
      return { kind: 'down', what: `${subject(index)}its container does not run${code}` }
    }
    const plugin = pluginDrift(wanted, replica)
    if (plugin !== undefined) return { kind: 'drift', what: `${subject(index)}${plugin}` }
  }
  return replicas.length > count ? { kind: 'drift', what: `it has ${replicas.length} replicas instead of ${count}` } : undefined
}

function imageDrift({ image }: WantedComponent, replica: ObservedReplica): string | undefined {
  return replica.image === image.config ? undefined : 'it runs another image'
}

function pluginDrift({ plugins = [] }: WantedComponent, replica: ObservedReplica): string | undefined {
  const idle = plugins.find(({ name }) => replica.plugins?.find((plugin) => plugin.name === name)?.running !== true)
  return idle === undefined ? undefined : `its plugin ${idle.name} does not run`
}

function limitDrift({ cpu, memory }: WantedComponent, replica: ObservedReplica): string | undefined {
  const changed = [
    // Engines keep billionths of a core.
    ...(Math.abs((cpu ?? 0) - (replica.cpu ?? 0)) > 1e-6 ? [`cpu ${replica.cpu ?? 'unlimited'} instead of ${cpu ?? 'unlimited'}`] : []),
    ...((memory ?? 0) === (replica.memory ?? 0) ? [] : [`memory ${replica.memory ?? 'unlimited'} instead of ${memory ?? 'unlimited'}`]),
  ]
  return changed.length === 0 ? undefined : `its limits were changed: ${changed.join(', ')}`
}

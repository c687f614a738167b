import type { RunOnce, RunResult, WantedComponent, WantedImage, WantedVolume } from '@sealift/deploy/driver.ts'
import type { Clock } from '@sealift/deploy/pipeline/clock.ts'

/** How containers of an image behave. */
export interface Behaviour {
  /** Milliseconds from start until probes succeed; `never` for an image that gets not healthy. */
  readonly readyAfter?: number | 'never'
  /** Milliseconds from start until the main process ends; jobs and one-off runs without it end after 500. */
  readonly exitAfter?: number
  /** Milliseconds from start after which probes fail: a program that hangs. */
  readonly hangsAfter?: number
  /** One that ends only when it is stopped, however it is run. */
  readonly runs?: 'for ever'
  readonly exitCode?: number
  readonly output?: readonly string[]
  /** Added to the content of its persistent volumes at each start. */
  readonly writes?: string
}

/** A replica as the engine keeps it; what state it is in follows from the time. */
export interface MemoryReplica {
  readonly index: number
  readonly wanted: WantedComponent
  /** The plugins beside it, by name. */
  readonly plugins: ReadonlyMap<string, { readonly hash: string; readonly startedAt: number }>
  /** Which run of a schedule it is. */
  readonly run?: string
  readonly startedAt: number
  readonly stoppedAt?: number
  /** What someone changed about it past the driver. */
  readonly drift?: string
}

/** Who is told of changes. */
export interface MemoryWatcher {
  changed(installation: string, component: string): void
  /** The engine goes away. */
  cut(): void
}

/** What a call of the driver ends in instead of its work. `hang` never returns: the program was killed there. */
export type Fault = 'unreachable' | 'hang' | Error

/**
 * An engine that exists in memory only, and outlives the drivers that talk to it as a real engine
 * outlives the program. Faults are injected through {@link MemoryEngine.fault}.
 */
export class MemoryEngine {
  readonly clock: Clock
  readonly behaviours = new Map<string, Behaviour>()
  readonly images = new Map<string, WantedImage>()
  readonly layers = new Set<string>()
  readonly installations = new Set<string>()
  readonly volumes = new Set<string>()
  readonly snapshots = new Set<string>()
  /** What is in volumes and snapshots, by name; one that is absent is empty. */
  readonly data = new Map<string, string>()
  /** Bytes that are left for volumes and snapshots. */
  freeDisk = 1_000_000
  /** By installation, then component. */
  readonly components = new Map<string, Map<string, readonly MemoryReplica[]>>()
  /** When init containers started that were not yet followed by their component: by installation, component, replica, hash and name. */
  readonly inits = new Map<string, number>()
  /** Init containers that ran to their good end, as `component/replica/name`, in order. */
  readonly initialized: string[] = []
  /** What the site has itself: addresses that answer. */
  readonly addresses = new Set<string>()
  /** One-off runs, in order. */
  readonly runs: RunOnce[] = []
  /** One-off containers that were left, by installation and name: when they end and how. */
  readonly leftRuns = new Map<string, { readonly key: string; readonly endsAt: number; readonly result: RunResult }>()
  /** Every call that was made, as `verb subject`. */
  readonly calls: string[] = []
  /** Host ports that something else on the machine holds. */
  readonly foreignPorts = new Set<number>()
  readonly watchers = new Set<MemoryWatcher>()
  fault: ((verb: string, subject: string) => Fault | undefined) | undefined

  constructor(clock: Clock) {
    this.clock = clock
  }

  behaviourOf(image: WantedImage): Behaviour {
    return this.behaviours.get(image.config) ?? {}
  }

  /** What starting a container of an image does to its volumes. */
  write(image: WantedImage, volumes: readonly WantedVolume[]): void {
    const { writes = '' } = this.behaviourOf(image)
    for (const { kind, readOnly, targetName } of volumes) {
      if (kind === 'persistent' && !readOnly) this.data.set(targetName, `${this.data.get(targetName) ?? ''}${writes}`)
    }
  }

  /** The containers of a component, creating no entry. */
  replicas(installation: string, component: string): readonly MemoryReplica[] {
    return this.components.get(installation)?.get(component) ?? []
  }

  setReplicas(installation: string, component: string, replicas: readonly MemoryReplica[]): void {
    const components = this.components.get(installation) ?? new Map<string, readonly MemoryReplica[]>()
    this.components.set(installation, components)
    if (replicas.length === 0) components.delete(component)
    else components.set(component, replicas)
    for (const watcher of this.watchers) watcher.changed(installation, component)
  }

  /** Changes the containers of a component as someone would who works past the driver. */
  tamper(installation: string, component: string, change: (replica: MemoryReplica) => MemoryReplica | undefined): void {
    this.setReplicas(
      installation,
      component,
      this.replicas(installation, component).flatMap((replica) => change(replica) ?? []),
    )
  }

  /** Goes away: whoever watches hears of it. Calls fail only by {@link fault}. */
  cut(): void {
    for (const watcher of this.watchers) watcher.cut()
  }
}

import type {
  Capabilities,
  Driver,
  EnsureOptions,
  ExecRequest,
  Finding,
  FoundRun,
  ImageArchive,
  LogLine,
  LogOptions,
  Observed,
  ObservedComponent,
  ObservedReplica,
  PreflightRequest,
  ProbeAction,
  Progress,
  RunOnce,
  RunResult,
  TargetEvent,
  WantedComponent,
  WantedImage,
  WantedPort,
  WantedVolume,
} from '@sealift/deploy/driver.ts'
import type { VolumeCopy, VolumeRestore, VolumeTally, VolumeUsage } from '@sealift/deploy/volume-copy.ts'
import { replicaHash, replicaVolume } from '@sealift/deploy/wanted-component.ts'
import { hostPlatform } from '@sealift/oci/platform.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import type { MemoryEngine, MemoryReplica } from './memory-engine.ts'

const JOB_DURATION = 500

/** Runs applications in a {@link MemoryEngine}: for tests, and as the model of what a driver promises. */
export class MemoryDriver implements Driver {
  readonly #engine: MemoryEngine

  constructor(engine: MemoryEngine) {
    this.#engine = engine
  }

  async #call(verb: string, subject: string): Promise<void> {
    this.#engine.calls.push(`${verb} ${subject}`)
    const fault = this.#engine.fault?.(verb, subject)
    if (fault === undefined) return
    if (fault === 'hang') await new Promise<never>(() => {})
    if (fault instanceof Error) throw fault
    throw new SealiftError('ENGINE_UNREACHABLE', `the engine in memory does not answer (${verb} ${subject})`)
  }

  async capabilities(): Promise<Capabilities> {
    await this.#call('capabilities', '')
    return {
      driver: 'memory',
      engine: 'memory 100.0',
      platforms: [hostPlatform()],
      acts: new Set([
        'stateless',
        'stateful',
        'job',
        'cron',
        'external',
        'initContainers',
        'plugins',
        'hooks',
        'snapshots',
        'sharedVolumes',
        'hostPorts',
        'livenessProbes',
      ]),
    }
  }

  async preflight({ installation, components, ports: asked = [] }: PreflightRequest): Promise<readonly Finding[]> {
    await this.#call('preflight', installation)
    const findings: Finding[] = asked
      .filter((port) => this.#portTaken(port, installation))
      .map((port) => ({ severity: 'error', subject: `port ${port}`, message: `host port ${port} is in use`, hint: 'Free the port.' }))
    for (const component of components) {
      const { name } = component
      for (const { hostPort } of allPorts(component)) {
        if (hostPort === undefined || !this.#portTaken(hostPort, installation)) continue
        findings.push({
          severity: 'error',
          subject: `component ${name}`,
          message: `host port ${hostPort} is in use`,
          hint: 'Free the port or set another one.',
        })
      }
    }
    return findings
  }

  #portTaken(port: number, except: string): boolean {
    if (this.#engine.foreignPorts.has(port)) return true
    for (const [installation, components] of this.#engine.components) {
      if (installation === except) continue
      for (const replicas of components.values()) {
        if (replicas.some(({ wanted }) => allPorts(wanted).some(({ hostPort }) => hostPort === port))) return true
      }
    }
    return false
  }

  async missingImages(images: readonly WantedImage[]): Promise<readonly WantedImage[]> {
    await this.#call('missingImages', '')
    return images.filter(({ localName }) => !this.#engine.images.has(localName))
  }

  async ensureImages(images: readonly WantedImage[], archive: ImageArchive, progress: Progress, signal?: AbortSignal): Promise<void> {
    await this.#call('ensureImages', images.map(({ reference }) => reference).join(' '))
    const missing = images.filter(({ localName }) => !this.#engine.images.has(localName))
    if (missing.length === 0) return
    const { stream, size } = archive.open(missing)
    let done = 0
    for await (const piece of stream as AsyncIterable<Buffer>) {
      signal?.throwIfAborted()
      done += piece.length
      progress(done, size)
    }
    for (const image of missing) this.#engine.images.set(image.localName, image)
  }

  async ensureInstallation(installation: string): Promise<void> {
    await this.#call('ensureInstallation', installation)
    this.#engine.installations.add(installation)
  }

  async ensureComponent(wanted: WantedComponent, options: EnsureOptions = {}): Promise<{ readonly changed: boolean }> {
    await this.#call('ensureComponent', wanted.name)
    if (!this.#engine.installations.has(wanted.installation)) {
      throw new SealiftError('ENGINE_FAILED', `installation ${wanted.installation} has no network`)
    }
    for (const { image } of [wanted, ...(wanted.initContainers ?? []), ...(wanted.plugins ?? [])]) {
      if (!this.#engine.images.has(image.localName)) throw new SealiftError('ENGINE_FAILED', `no such image: ${image.localName}`)
    }
    for (const { hostPort } of allPorts(wanted)) {
      if (hostPort !== undefined && this.#portTaken(hostPort, wanted.installation)) {
        throw new SealiftError('ENGINE_FAILED', `host port ${hostPort} is already allocated`)
      }
    }
    const { only, signal } = options
    const indexes = only ?? Array.from({ length: wanted.workload === 'cron' ? 0 : wanted.replicas }, (_, index) => index)
    for (const volume of wanted.volumes) {
      if (volume.kind === 'persistent') for (const index of [0, ...indexes]) this.#engine.volumes.add(replicaVolume(volume, index))
    }
    // The last run of a schedule stays, with its output, until the next one.
    if (wanted.workload === 'cron') return { changed: false }
    let changed = false
    for (const index of indexes) changed = (await this.#ensureReplica(wanted, index, signal)) || changed
    const there = this.#engine.replicas(wanted.installation, wanted.name)
    const kept = only === undefined ? there.filter(({ index }) => indexes.includes(index)) : there
    if (kept.length !== there.length) this.#engine.setReplicas(wanted.installation, wanted.name, kept)
    return { changed: changed || kept.length !== there.length }
  }

  /** Brings one replica to the wanted state, and returns whether anything was done. */
  async #ensureReplica(wanted: WantedComponent, index: number, signal?: AbortSignal, run?: string): Promise<boolean> {
    const { installation, name, plugins = [] } = wanted
    const there = this.#engine.replicas(installation, name).find((replica) => replica.index === index)
    const isKept =
      there !== undefined &&
      there.wanted.hash === wanted.hash &&
      there.run === run &&
      there.drift === undefined &&
      sameLimits(there.wanted, wanted) &&
      (wanted.workload === 'job' || there.stoppedAt === undefined)
    const now = this.#engine.clock.now()
    let changed = !isKept
    const beside = new Map<string, { readonly hash: string; readonly startedAt: number }>()
    for (const plugin of plugins) {
      const before = there?.plugins.get(plugin.name)
      const inPlace = before?.hash === plugin.hash
      beside.set(plugin.name, inPlace ? before : { hash: plugin.hash, startedAt: now })
      changed ||= !inPlace
    }
    changed ||= there?.plugins.size !== beside.size
    if (!changed) return false
    if (!isKept) await this.#initialize(wanted, index, signal)
    if (!isKept) this.#engine.write(wanted.image, mounted(wanted.volumes, index))
    const replica: MemoryReplica = isKept
      ? { ...there, wanted, plugins: beside }
      : { index, wanted, plugins: beside, startedAt: this.#engine.clock.now(), ...(run === undefined ? {} : { run }) }
    const others = this.#engine.replicas(installation, name).filter((other) => other.index !== index)
    this.#engine.setReplicas(
      installation,
      name,
      [...others, replica].toSorted((a, b) => a.index - b.index),
    )
    return true
  }

  /** Runs the init containers of a replica, going on where an earlier try was cut off. */
  async #initialize(wanted: WantedComponent, index: number, signal: AbortSignal | undefined): Promise<void> {
    const { installation, name, hash, initContainers = [], initTimeout = 300 } = wanted
    const deadline = this.#engine.clock.now() + initTimeout * 1000
    const keys: string[] = []
    for (const init of initContainers) {
      signal?.throwIfAborted()
      const key = JSON.stringify([installation, name, index, hash, init.name])
      const startedAt = this.#engine.inits.get(key) ?? this.#engine.clock.now()
      this.#engine.inits.set(key, startedAt)
      const { runs, exitAfter = runs === undefined ? JOB_DURATION : Number.POSITIVE_INFINITY, exitCode = 0, output = [] } = this.#engine.behaviourOf(init.image)
      const end = startedAt + exitAfter
      await this.#engine.clock.sleep(Math.max(0, Math.min(end, deadline) - this.#engine.clock.now()), signal)
      if (end > deadline || exitCode !== 0) {
        this.#engine.inits.delete(key)
        const what = end > deadline ? `did not end within ${initTimeout} seconds` : `ended with ${exitCode}`
        throw new SealiftError(
          'INIT_FAILED',
          `component ${name}, replica ${index}: init container ${init.name} ${what}; the last it printed:\n${output.join('\n')}`,
        )
      }
      keys.push(key)
    }
    for (const key of keys) this.#engine.inits.delete(key)
    this.#engine.initialized.push(...initContainers.map((init) => `${name}/${index}/${init.name}`))
  }

  async startRun(wanted: WantedComponent, run: string, { signal }: Pick<EnsureOptions, 'signal'> = {}): Promise<{ readonly started: boolean }> {
    await this.#call('startRun', wanted.name)
    const [there] = this.#engine.replicas(wanted.installation, wanted.name)
    if (there?.run === run) return { started: true }
    if (there !== undefined && this.#observe(there).state === 'running') return { started: false }
    this.#engine.setReplicas(wanted.installation, wanted.name, [])
    await this.#ensureReplica(wanted, 0, signal, run)
    return { started: true }
  }

  async removeComponent(installation: string, component: string): Promise<void> {
    await this.#call('removeComponent', component)
    this.#engine.setReplicas(installation, component, [])
  }

  async removeInstallation(installation: string, { deleteData }: { readonly deleteData: boolean }): Promise<void> {
    await this.#call('removeInstallation', installation)
    if (deleteData) {
      for (const volume of ownedBy(installation, this.#engine.volumes)) this.#engine.volumes.delete(volume)
      for (const snapshot of ownedBy(installation, this.#engine.snapshots)) this.#engine.snapshots.delete(snapshot)
      for (const name of ownedBy(installation, this.#engine.data.keys())) this.#engine.data.delete(name)
    }
    this.#engine.components.delete(installation)
    this.#engine.installations.delete(installation)
  }

  async observeComponent(installation: string, component: string): Promise<ObservedComponent | undefined> {
    await this.#call('observeComponent', component)
    const replicas = this.#engine.components.get(installation)?.get(component)
    return replicas === undefined ? undefined : { name: component, replicas: replicas.map((replica) => this.#observe(replica)) }
  }

  async observe(installation: string): Promise<Observed> {
    await this.#call('observe', installation)
    const components = [...(this.#engine.components.get(installation) ?? [])].map(([name, replicas]) => ({
      name,
      replicas: replicas.map((replica) => this.#observe(replica)),
    }))
    return { components, volumes: ownedBy(installation, this.#engine.volumes), snapshots: ownedBy(installation, this.#engine.snapshots) }
  }

  #observe({ index, wanted, plugins, run, startedAt, stoppedAt, drift }: MemoryReplica): ObservedReplica {
    const { exitAfter, exitCode = 0, output } = this.#engine.behaviourOf(wanted.image)
    const seen = {
      index,
      hash: replicaHash(
        wanted.hash,
        [...plugins].map(([name, { hash }]) => ({ name, hash })),
      ),
      image: wanted.image.config,
      startedAt: new Date(startedAt).toISOString(),
      ...limitsOf(wanted),
      ...(drift === undefined ? {} : { drift }),
      ...(run === undefined ? {} : { run }),
      ...(plugins.size === 0 ? {} : { plugins: [...plugins.keys()].map((name) => ({ name, running: stoppedAt === undefined, restarts: 0 })) }),
    }
    if (stoppedAt !== undefined) return { ...seen, state: 'exited', restarts: 0, exitCode: 143 }
    const age = this.#engine.clock.now() - startedAt
    if (wanted.workload === 'job' || wanted.workload === 'cron') {
      if (age < (exitAfter ?? JOB_DURATION)) return { ...seen, state: 'running', restarts: 0 }
      return { ...seen, state: 'exited', restarts: 0, exitCode, ...(output === undefined ? {} : { message: output.at(-1) ?? '' }) }
    }
    const restarts = exitAfter === undefined ? 0 : Math.floor(age / exitAfter)
    if (restarts === 0) return { ...seen, state: 'running', restarts }
    return {
      ...seen,
      state: 'starting',
      restarts,
      exitCode,
      message: `exited with ${exitCode}`,
      startedAt: new Date(startedAt + restarts * (exitAfter ?? 0)).toISOString(),
    }
  }

  async probe(
    installation: string,
    component: string,
    replica: number,
    action: ProbeAction,
    _timeout: number,
  ): Promise<{ readonly healthy: boolean; readonly message: string }> {
    await this.#call('probe', component)
    const there = this.#engine.replicas(installation, component).find(({ index }) => index === replica)
    if (there === undefined || this.#observe(there).state !== 'running') return { healthy: false, message: 'the container is not running' }
    if (action.kind === 'exec' && action.command[0] === 'false') return { healthy: false, message: 'false ended with 1' }
    const { readyAfter = 0, hangsAfter = Number.POSITIVE_INFINITY } = this.#engine.behaviourOf(there.wanted.image)
    const age = this.#engine.clock.now() - there.startedAt
    const ready = readyAfter !== 'never' && age >= readyAfter && age < hangsAfter
    return ready ? { healthy: true, message: 'ok' } : { healthy: false, message: 'connection refused' }
  }

  async probeAddress(address: string, action: ProbeAction, _timeout: number): Promise<{ readonly healthy: boolean; readonly message: string }> {
    await this.#call('probeAddress', address)
    if (action.kind === 'exec') return { healthy: false, message: 'no command can run there' }
    return this.#engine.addresses.has(address) ? { healthy: true, message: 'ok' } : { healthy: false, message: 'connection refused' }
  }

  async stop(installation: string, component: string): Promise<void> {
    await this.#call('stop', component)
    const stoppedAt = this.#engine.clock.now()
    const replicas = this.#engine.replicas(installation, component)
    this.#engine.setReplicas(
      installation,
      component,
      replicas.map((replica) => ({ ...replica, stoppedAt })),
    )
  }

  async start(installation: string, component: string): Promise<void> {
    await this.#call('start', component)
    const startedAt = this.#engine.clock.now()
    const replicas = this.#engine.replicas(installation, component)
    this.#engine.setReplicas(
      installation,
      component,
      replicas.map((replica) => restarted(replica, startedAt)),
    )
  }

  async restart(installation: string, component: string, replica: number): Promise<void> {
    await this.#call('restart', `${component}/${replica}`)
    const replicas = this.#engine.replicas(installation, component)
    if (!replicas.some(({ index }) => index === replica)) throw new SealiftError('REPLICA_NOT_FOUND', `component ${component} has no replica ${replica}`)
    const startedAt = this.#engine.clock.now()
    this.#engine.setReplicas(
      installation,
      component,
      replicas.map((there) => (there.index === replica ? restarted(there, startedAt) : there)),
    )
  }

  async *watch(signal: AbortSignal): AsyncGenerator<TargetEvent> {
    await this.#call('watch', '')
    const events: TargetEvent[] = [{ kind: 'watching' }]
    let gone = false
    let wake = (): void => {}
    const watcher = {
      changed: (installation: string, component: string): void => {
        events.push({ kind: 'changed', installation, component })
        wake()
      },
      cut: (): void => {
        gone = true
        wake()
      },
    }
    this.#engine.watchers.add(watcher)
    signal.addEventListener('abort', () => wake(), { once: true })
    try {
      while (!signal.aborted) {
        yield* events.splice(0)
        if (gone) throw new SealiftError('ENGINE_UNREACHABLE', 'the engine in memory went away')
        await new Promise<void>((resolve) => {
          wake = resolve
          if (events.length > 0 || gone || signal.aborted) resolve()
        })
      }
    } finally {
      this.#engine.watchers.delete(watcher)
    }
  }

  async runOnce(run: RunOnce): Promise<RunResult> {
    await this.#call('runOnce', run.name)
    const id = `${run.installation}/${run.name}`
    const left = this.#engine.leftRuns.get(id)
    const begun = left !== undefined && left.key === run.key ? left : this.#begin(id, run)
    // A program that dies here leaves a container that goes on.
    await this.#call('waitOnce', run.name)
    try {
      await this.#engine.clock.sleep(Math.max(0, begun.endsAt - this.#engine.clock.now()), run.signal)
    } catch (thrown) {
      this.#engine.leftRuns.delete(id)
      throw thrown
    }
    return begun.result
  }

  #begin(id: string, run: RunOnce): { readonly endsAt: number; readonly result: RunResult } {
    this.#engine.runs.push(run)
    this.#engine.write(run.image, run.volumes ?? [])
    const { runs, exitAfter = runs === undefined ? JOB_DURATION : Number.POSITIVE_INFINITY, exitCode = 0, output = [] } = this.#engine.behaviourOf(run.image)
    const timedOut = exitAfter > run.timeout * 1000
    const endsAt = this.#engine.clock.now() + Math.min(exitAfter, run.timeout * 1000)
    const result = { exitCode: timedOut ? 137 : exitCode, timedOut, output: output.map((line) => `${line}\n`).join('') }
    if (run.key !== undefined) this.#engine.leftRuns.set(id, { key: run.key, endsAt, result })
    return { endsAt, result }
  }

  async findRun(installation: string, name: string, key: string): Promise<FoundRun | undefined> {
    await this.#call('findRun', name)
    const left = this.#engine.leftRuns.get(`${installation}/${name}`)
    if (left?.key !== key) return undefined
    return left.endsAt > this.#engine.clock.now() ? { state: 'running' } : { state: 'ended', exitCode: left.result.exitCode }
  }

  async forgetRun(installation: string, name: string): Promise<void> {
    await this.#call('forgetRun', name)
    this.#engine.leftRuns.delete(`${installation}/${name}`)
  }

  async measureVolumes(installation: string, volumes: readonly string[]): Promise<readonly VolumeUsage[]> {
    await this.#call('measureVolumes', installation)
    return volumes
      .filter((volume) => this.#engine.volumes.has(volume) || this.#engine.snapshots.has(volume))
      .map((volume) => {
        const bytes = this.#dataOf(volume).length
        return { volume, bytes, stored: bytes, free: this.#engine.freeDisk, clones: false }
      })
  }

  async snapshot({ component, from, to, progress }: VolumeCopy): Promise<VolumeTally> {
    await this.#call('snapshot', from)
    const tally = this.#copy(component, from, to)
    this.#engine.snapshots.add(to)
    progress?.(tally.bytes)
    return tally
  }

  async restore({ component, from, to, tally, progress }: VolumeRestore): Promise<void> {
    await this.#call('restore', to)
    const found = this.#copy(component, from, to)
    if (found.content !== tally.content) {
      this.#engine.data.delete(to)
      throw new SealiftError('SNAPSHOT_DAMAGED', `snapshot ${from} of component ${component} is not what was taken`)
    }
    this.#engine.volumes.add(to)
    progress?.(found.bytes)
  }

  #dataOf(volume: string): string {
    return this.#engine.data.get(volume) ?? ''
  }

  #copy(component: string, from: string, to: string): VolumeTally {
    if (!this.#engine.volumes.has(from) && !this.#engine.snapshots.has(from)) {
      throw new SealiftError('SNAPSHOT_FAILED', `component ${component}: volume ${from}, which is to be copied, is not there`)
    }
    const data = this.#dataOf(from)
    if (data.length > this.#engine.freeDisk) throw new SealiftError('SNAPSHOT_FAILED', `component ${component}: there is no space left for a copy of ${from}`)
    this.#engine.data.set(to, data)
    return { files: 1, bytes: data.length, stored: data.length, tree: 'tree', content: data }
  }

  async removeVolume(installation: string, volume: string): Promise<void> {
    await this.#call('removeVolume', volume)
    const replicas = [...(this.#engine.components.get(installation)?.values() ?? [])].flat()
    if (replicas.some(({ wanted }) => wanted.volumes.some(({ targetName }) => targetName === volume))) {
      throw new SealiftError('ENGINE_FAILED', `volume ${volume} is in use`)
    }
    this.#engine.volumes.delete(volume)
    this.#engine.snapshots.delete(volume)
    this.#engine.data.delete(volume)
  }

  async *logs(installation: string, component: string, options: LogOptions): AsyncGenerator<LogLine> {
    await this.#call('logs', component)
    const { replica, tail, follow, previous, signal } = options
    const told = new Map<number, number>()
    const lines = (isFirst: boolean): LogLine[] =>
      this.#engine.replicas(installation, component).flatMap(({ index, wanted, startedAt, ...there }) => {
        if ((replica !== undefined && index !== replica) || told.get(index) === startedAt) return []
        told.set(index, startedAt)
        if (previous === true && this.#observe({ index, wanted, startedAt, ...there }).restarts === 0) return []
        const output = this.#engine.behaviourOf(wanted.image).output ?? []
        const shown = tail === undefined || !isFirst ? output : output.slice(Math.max(0, output.length - tail))
        return shown.map((text): LogLine => ({ component, replica: index, stream: 'stdout', time: new Date(startedAt).toISOString(), text }))
      })
    if (this.#engine.replicas(installation, component).length === 0) throw new SealiftError('REPLICA_NOT_FOUND', `component ${component} has no container`)
    if (!follow) {
      yield* lines(true)
      return
    }
    let wake = (): void => {}
    const watcher = { changed: (): void => wake(), cut: (): void => wake() }
    this.#engine.watchers.add(watcher)
    signal?.addEventListener('abort', () => wake(), { once: true })
    try {
      const isOver = (): boolean => signal?.aborted === true
      for (let isFirst = true; !isOver(); isFirst = false) {
        const changed = new Promise<void>((resolve) => (wake = resolve))
        yield* lines(isFirst)
        if (!isOver()) await changed
      }
    } finally {
      this.#engine.watchers.delete(watcher)
    }
  }

  async exec({ installation, component, replica, command, stdout, stderr }: ExecRequest): Promise<{ readonly exitCode: number }> {
    await this.#call('exec', component)
    const there = this.#engine.replicas(installation, component).find(({ index }) => index === replica)
    if (there === undefined || this.#observe(there).state !== 'running') {
      throw new SealiftError('ENGINE_FAILED', `component ${component}: replica ${replica} is not running`)
    }
    const [program, ...words] = command
    if (program === 'echo') stdout.write(`${words.join(' ')}\n`)
    else if (program !== 'true' && program !== 'false') stderr.write(`${program ?? ''}: not found\n`)
    return { exitCode: program === 'echo' || program === 'true' ? 0 : program === 'false' ? 1 : 127 }
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

function limitsOf({ cpu, memory }: WantedComponent): Pick<ObservedReplica, 'cpu' | 'memory'> {
  return { ...(cpu === undefined ? {} : { cpu }), ...(memory === undefined ? {} : { memory }) }
}

function sameLimits(a: WantedComponent, b: WantedComponent): boolean {
  return a.cpu === b.cpu && a.memory === b.memory
}

/** The names that begin with an installation's. */
function ownedBy(installation: string, names: Iterable<string>): readonly string[] {
  return [...names].filter((name) => name.startsWith(`${installation}.`))
}

/** The volumes as a replica mounts them. */
function mounted(volumes: readonly WantedVolume[], replica: number): readonly WantedVolume[] {
  return volumes.map((volume) => ({ ...volume, targetName: replicaVolume(volume, replica) }))
}

function restarted(replica: MemoryReplica, startedAt: number): MemoryReplica {
  const { stoppedAt: _, ...rest } = replica
  return { ...rest, startedAt }
}

/** The ports of a component and of its plugins, which share one network. */
function allPorts({ ports, plugins = [] }: WantedComponent): readonly WantedPort[] {
  return [...ports, ...plugins.flatMap(({ ports }) => ports)]
}

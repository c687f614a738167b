import type {
  Capabilities,
  Driver,
  ExecRequest,
  Finding,
  ImageArchive,
  LogLine,
  LogOptions,
  Observed,
  ObservedReplica,
  PreflightRequest,
  ProbeAction,
  Progress,
  RunOnce,
  RunResult,
  TargetEvent,
  WantedComponent,
  WantedImage,
} from '@sealift/deploy/driver.ts'
import type { VolumeCopy, VolumeRestore, VolumeTally, VolumeUsage } from '@sealift/deploy/volume-copy.ts'
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
      acts: new Set(['stateless', 'stateful', 'job', 'sharedVolumes', 'hostPorts', 'hooks', 'snapshots']),
    }
  }

  async preflight({ installation, components }: PreflightRequest): Promise<readonly Finding[]> {
    await this.#call('preflight', installation)
    const findings: Finding[] = []
    for (const { name, ports } of components) {
      for (const { hostPort } of ports) {
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
        if (replicas.some(({ wanted }) => wanted.ports.some(({ hostPort }) => hostPort === port))) return true
      }
    }
    return false
  }

  async missingImages(images: readonly WantedImage[]): Promise<readonly WantedImage[]> {
    await this.#call('missingImages', '')
    return images.filter(({ localName }) => !this.#engine.images.has(localName))
  }

  async ensureImages(images: readonly WantedImage[], archive: ImageArchive, progress: Progress): Promise<void> {
    await this.#call('ensureImages', images.map(({ reference }) => reference).join(' '))
    const missing = images.filter(({ localName }) => !this.#engine.images.has(localName))
    if (missing.length === 0) return
    const { stream, size } = archive.open(missing)
    let done = 0
    for await (const piece of stream as AsyncIterable<Buffer>) {
      done += piece.length
      progress(done, size)
    }
    for (const image of missing) this.#engine.images.set(image.localName, image)
  }

  async ensureInstallation(installation: string): Promise<void> {
    await this.#call('ensureInstallation', installation)
    this.#engine.installations.add(installation)
  }

  async ensureComponent(wanted: WantedComponent): Promise<{ readonly changed: boolean }> {
    await this.#call('ensureComponent', wanted.name)
    if (!this.#engine.installations.has(wanted.installation)) {
      throw new SealiftError('ENGINE_FAILED', `installation ${wanted.installation} has no network`)
    }
    if (!this.#engine.images.has(wanted.image.localName)) throw new SealiftError('ENGINE_FAILED', `no such image: ${wanted.image.localName}`)
    for (const { hostPort } of wanted.ports) {
      if (hostPort !== undefined && this.#portTaken(hostPort, wanted.installation)) {
        throw new SealiftError('ENGINE_FAILED', `host port ${hostPort} is already allocated`)
      }
    }
    for (const { kind, targetName } of wanted.volumes) if (kind === 'persistent') this.#engine.volumes.add(targetName)
    const before = this.#engine.replicas(wanted.installation, wanted.name)
    const after = Array.from({ length: wanted.replicas }, (_, index): MemoryReplica => {
      const there = before.find((replica) => replica.index === index)
      const untouched =
        there?.wanted.hash === wanted.hash &&
        there.drift === undefined &&
        sameLimits(there.wanted, wanted) &&
        (wanted.workload === 'job' || there.stoppedAt === undefined)
      if (there !== undefined && untouched) return there
      this.#engine.write(wanted.image, wanted.volumes)
      return { index, wanted, startedAt: this.#engine.clock.now() }
    })
    this.#engine.setReplicas(wanted.installation, wanted.name, after)
    return { changed: after.length !== before.length || after.some((replica) => !before.includes(replica)) }
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

  async observe(installation: string): Promise<Observed> {
    await this.#call('observe', installation)
    const components = [...(this.#engine.components.get(installation) ?? [])].map(([name, replicas]) => ({
      name,
      replicas: replicas.map((replica) => this.#observe(replica)),
    }))
    return { components, volumes: ownedBy(installation, this.#engine.volumes), snapshots: ownedBy(installation, this.#engine.snapshots) }
  }

  #observe({ index, wanted, startedAt, stoppedAt, drift }: MemoryReplica): ObservedReplica {
    const { exitAfter, exitCode = 0, output } = this.#engine.behaviourOf(wanted.image)
    const seen = {
      index,
      hash: wanted.hash,
      image: wanted.image.config,
      startedAt: new Date(startedAt).toISOString(),
      ...limitsOf(wanted),
      ...(drift === undefined ? {} : { drift }),
    }
    if (stoppedAt !== undefined) return { ...seen, state: 'exited', restarts: 0, exitCode: 143 }
    const age = this.#engine.clock.now() - startedAt
    if (wanted.workload === 'job') {
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
      replicas.map(({ index, wanted }) => ({ index, wanted, startedAt })),
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
      replicas.map((there) => (there.index === replica ? { index: replica, wanted: there.wanted, startedAt } : there)),
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
    this.#engine.runs.push(run)
    this.#engine.write(run.image, run.volumes ?? [])
    for (const { kind, targetName } of run.volumes ?? []) if (kind === 'persistent') this.#engine.volumes.add(targetName)
    const { runs, exitAfter = runs === undefined ? JOB_DURATION : Number.POSITIVE_INFINITY, exitCode = 0, output = [] } = this.#engine.behaviourOf(run.image)
    const timedOut = exitAfter > run.timeout * 1000
    await this.#engine.clock.sleep(Math.min(exitAfter, run.timeout * 1000))
    return { exitCode: timedOut ? 137 : exitCode, timedOut, output: output.map((line) => `${line}\n`).join('') }
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

  async *logs(installation: string, component: string, { replica, tail, follow, signal }: LogOptions): AsyncGenerator<LogLine> {
    await this.#call('logs', component)
    for (const { index, wanted, startedAt } of this.#engine.replicas(installation, component)) {
      if (replica !== undefined && index !== replica) continue
      const lines = this.#engine.behaviourOf(wanted.image).output ?? []
      for (const text of tail === undefined ? lines : lines.slice(Math.max(0, lines.length - tail))) {
        yield { component, replica: index, stream: 'stdout', time: new Date(startedAt).toISOString(), text }
      }
    }
    // Nothing more is ever printed: a follower waits for its own end.
    if (follow) await ended(signal)
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

/** Resolves once the signal is aborted. */
function ended(signal: AbortSignal | undefined): Promise<void> {
  if (signal?.aborted) return Promise.resolve()
  return new Promise((resolve) => signal?.addEventListener('abort', () => resolve(), { once: true }))
}

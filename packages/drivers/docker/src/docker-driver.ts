import type { Capabilities, Driver, Feature, TargetEvent } from '@sealift/deploy/driver.ts'
import { ensureComponent, removeComponent, restartReplica, startComponent, startRun, stopComponent } from './component.ts'
import { type EngineSettings, logConfigFor } from './container-spec.ts'
import { isLocalAddress } from './engine-address.ts'
import { EngineClient } from './engine-client.ts'
import { isPodman } from './engine-types.ts'
import { exec } from './exec.ts'
import { devicesIn, gpuVendors } from './gpus.ts'
import { ensureHolderImage, ensureImages, missingImages } from './images.ts'
import { removeInstallation } from './installation.ts'
import { readLogs } from './logs.ts'
import { ensureNetwork } from './network.ts'
import { observe, observeComponent } from './observe.ts'
import { freeDisk, preflight } from './preflight.ts'
import { probe } from './probe.ts'
import { probeAddress } from './probe-address.ts'
import { ProbeTargets } from './probe-targets.ts'
import { findRun, forgetRun, runOnce } from './run-once.ts'
import { measureVolumes, removeVolume, restore, snapshot } from './volume-copy.ts'
import { watch } from './watch.ts'

const ACTS: readonly Feature[] = [
  'stateless',
  'stateful',
  'daemon',
  'job',
  'cron',
  'external',
  'initContainers',
  'plugins',
  'hooks',
  'snapshots',
  'gpus',
  'sharedVolumes',
  'hostPorts',
  'livenessProbes',
]

/** What runc takes; Podman's runtime takes less. */
const LEAST_MEMORY = 6 * 2 ** 20

/**
 * A driver for a Docker Engine (20.10 or later) or Podman. Each replica is a holder container, which
 * owns network namespace, ports and names, and a main container in that network. Nothing is asked of
 * the engine before the first verb.
 * @param address in the syntax of `DOCKER_HOST`
 * @throws SealiftError `ENGINE_ADDRESS_INVALID`
 */
export function createDockerDriver({ address }: { readonly address: string }): Driver {
  const engine = new EngineClient(address)
  const targets = new ProbeTargets()

  const settings = remembered(async (): Promise<EngineSettings> => {
    const info = await engine.info()
    const logConfig = logConfigFor(info)
    return { holderImage: await ensureHolderImage(engine), devices: devicesIn(info), ...(logConfig === undefined ? {} : { logConfig }) }
  })

  return {
    capabilities: () => capabilities(engine),
    preflight: (request) => preflight(engine, request),
    missingImages: (images) => missingImages(engine, images),
    ensureImages: (images, archive, progress, signal) => ensureImages(engine, images, archive, progress, signal),
    ensureInstallation: (installation) => ensureNetwork(engine, installation),
    ensureComponent: async (wanted, options) => ({ changed: await ensureComponent(engine, await settings(), wanted, options) }),
    startRun: async (wanted, run, options) => ({ started: await startRun(engine, await settings(), wanted, run, options) }),
    removeComponent: (installation, component) => removeComponent(engine, installation, component),
    removeInstallation: (installation, options) => removeInstallation(engine, installation, options),
    observe: (installation) => observe(engine, installation),
    observeComponent: (installation, component) => observeComponent(engine, installation, component),
    probe: (installation, component, replica, action, timeout) => probe(engine, targets, installation, component, replica, action, timeout),
    probeAddress,
    stop: (installation, component) => stopComponent(engine, installation, component),
    start: (installation, component) => startComponent(engine, installation, component),
    restart: (installation, component, replica) => restartReplica(engine, installation, component, replica),
    watch: (signal) => watchWith(targets, watch(engine, signal)),
    runOnce: async (run) => runOnce(engine, await settings(), run),
    findRun: (installation, name, key) => findRun(engine, installation, name, key),
    forgetRun: (installation, name) => forgetRun(engine, installation, name),
    measureVolumes: (installation, volumes) => measureVolumes(engine, installation, volumes),
    snapshot: (copy) => snapshot(engine, copy),
    restore: (copy) => restore(engine, copy),
    removeVolume: (installation, volume) => removeVolume(engine, installation, volume),
    logs: (installation, component, options) => readLogs(engine, installation, component, options),
    exec: async (request) => ({ exitCode: await exec(engine, request) }),
    [Symbol.asyncDispose]: async () => engine[Symbol.dispose](),
  }
}

/** How long what an engine is set to is taken as known, in milliseconds: a change asks for it for every container. */
const REMEMBERED = 20_000

/** Asks only once in a while; a failure is not remembered. */
function remembered<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined
  let until = 0
  return () => {
    const now = performance.now()
    if (answer !== undefined && now < until) return answer
    until = now + REMEMBERED
    const asked = ask().catch((thrown: unknown) => {
      if (answer === asked) answer = undefined
      throw thrown
    })
    answer = asked
    return asked
  }
}

/** Passes events on; what they are about is looked up anew. */
async function* watchWith(targets: ProbeTargets, events: AsyncIterable<TargetEvent>): AsyncGenerator<TargetEvent> {
  let isWatching = false
  try {
    for await (const event of events) {
      if (event.kind === 'changed') targets.forget(event.installation, event.component)
      else if (!isWatching) {
        isWatching = true
        targets.watched()
      }
      yield event
    }
  } finally {
    if (isWatching) targets.unwatched()
  }
}

async function capabilities(engine: EngineClient): Promise<Capabilities> {
  const version = await engine.version()
  const info = await engine.info()
  const product = isPodman(version) ? 'Podman' : 'Docker Engine'
  const free = await freeDisk(engine, info)
  const rootless = info.SecurityOptions?.some((option) => option.startsWith('name=rootless')) === true
  const acts = new Set(ACTS)
  // Without a way into the containers' network only exec probes can be made.
  if (isLocalAddress(engine.address) && !rootless) acts.add('networkProbes')
  return {
    driver: 'docker',
    engine: `${product} ${version.Version}`,
    platforms: [{ os: version.Os, architecture: version.Arch }],
    acts,
    memory: info.MemTotal,
    cpus: info.NCPU,
    gpus: gpuVendors(info),
    ...(isPodman(version) ? {} : { leastMemory: LEAST_MEMORY }),
    ...(free === undefined ? {} : { freeDisk: free }),
  }
}

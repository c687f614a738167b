import type { Observed, ObservedComponent, ObservedPlugin, ObservedReplica } from '@sealift/deploy/driver.ts'
import { replicaHash } from '@sealift/deploy/wanted-component.ts'
import type { EngineClient } from './engine-client.ts'
import type { ContainerDetails } from './engine-types.ts'
import { Label } from './labels.ts'
import { networkName } from './names.ts'
import { currentMain, findReplicas, hashOf, holderOf, isOnNetwork, partOf, type Replica, sharesNetwork } from './replica.ts'
import { listVolumes } from './volumes.ts'

/** The year that engines give to what has not happened. */
const NEVER = '0001-'

/** What there is of an installation. */
export async function observe(engine: EngineClient, installation: string): Promise<Observed> {
  const [components, volumes] = await Promise.all([observeComponents(engine, installation), listVolumes(engine, installation)])
  return { components, ...volumes }
}

/** What there is of one component of an installation; undefined without any container. */
export async function observeComponent(engine: EngineClient, installation: string, component: string): Promise<ObservedComponent | undefined> {
  return (await observeComponents(engine, installation, component))[0]
}

async function observeComponents(engine: EngineClient, installation: string, component?: string): Promise<readonly ObservedComponent[]> {
  const name = networkName(installation)
  const [found, replicas] = await Promise.all([engine.findNetwork(name), findReplicas(engine, installation, component)])
  const network = { name, id: found?.Id }
  const components = Map.groupBy(replicas, (replica) => replica.component)
  return [...components].map(([name, replicas]) => ({ name, replicas: replicas.map((replica) => observeReplica(replica, network)) }))
}

/** An installation's network; without an ID where it is not there. */
interface Network {
  readonly name: string
  readonly id: string | undefined
}

const NANO = 1_000_000_000

function observeReplica(replica: Replica, network: Network): ObservedReplica {
  const main = currentMain(replica)
  if (main === undefined) {
    return { index: replica.index, state: 'missing', hash: '', restarts: 0, image: '', message: 'its container was removed' }
  }
  const { State, RestartCount, Config, HostConfig } = main
  const { state, message, drift } = describe(main, replica, network)
  const plugins = replica.plugins.filter(({ HostConfig }) => HostConfig.NetworkMode === main.HostConfig.NetworkMode)
  const hashes = plugins.map((plugin) => ({ name: partOf(plugin), hash: hashOf(plugin) }))
  const run = Config.Labels?.[Label.run]
  return {
    index: replica.index,
    state,
    hash: replicaHash(hashOf(main), hashes),
    restarts: RestartCount,
    image: Config.Labels?.[Label.image] ?? '',
    ...(state === 'exited' ? { exitCode: State.ExitCode } : {}),
    ...(State.StartedAt.startsWith(NEVER) ? {} : { startedAt: State.StartedAt }),
    ...(message === undefined ? {} : { message }),
    ...(drift === undefined ? {} : { drift }),
    ...(HostConfig.NanoCpus ? { cpu: HostConfig.NanoCpus / NANO } : {}),
    ...(HostConfig.Memory ? { memory: HostConfig.Memory } : {}),
    ...(run === undefined ? {} : { run }),
    ...(plugins.length === 0 ? {} : { plugins: plugins.map((plugin) => observePlugin(plugin, replica)) }),
  }
}

function observePlugin(plugin: ContainerDetails, replica: Replica): ObservedPlugin {
  const { state, message } = stateOf(plugin, replica)
  return { name: partOf(plugin), running: state === 'running', restarts: plugin.RestartCount, ...(message === undefined ? {} : { message }) }
}

/** What holds up a main container that was made and not started. */
function initWords({ inits }: Replica): string | undefined {
  const running = inits.find(({ State }) => State.Running)
  if (running !== undefined) return `init container ${partOf(running)} runs`
  const failed = inits.find(({ State }) => State.Status === 'exited' && State.ExitCode !== 0)
  return failed === undefined ? undefined : `init container ${partOf(failed)} ended with ${exitWords(failed)}`
}

function describe(main: ContainerDetails, replica: Replica, network: Network): Pick<ObservedReplica, 'state' | 'message' | 'drift'> {
  const { State } = main
  const holder = holderOf(replica, main)
  const state = stateOf(main, replica)
  // A holder that never ran is on no network yet.
  if (holder === undefined || holder.State.Status === 'created' || isOnNetwork(holder, network.name, network.id)) return state
  const why = network.id === undefined ? 'its network was removed' : 'it was taken off its network'
  return { state: State.Running ? 'starting' : state.state, message: why, drift: why }
}

function stateOf(main: ContainerDetails, replica: Replica): Pick<ObservedReplica, 'state' | 'message' | 'drift'> {
  const { State } = main
  switch (State.Status) {
    case 'running':
    case 'paused':
      if (State.Status === 'paused') return { state: 'running', message: 'paused: someone froze it', drift: 'it was paused' }
      if (!sharesNetwork(main, holderOf(replica, main)))
        return { state: 'starting', message: 'cut off from its network: start it again', drift: 'it was cut off from its network' }
      return { state: 'running' }
    case 'restarting':
      return { state: 'starting', message: `restarting after it ended with ${exitWords(main)}` }
    case 'created':
      return {
        state: 'starting',
        message: initWords(replica) ?? (State.Error === '' ? 'not started yet' : State.Error),
        drift: 'it was made and never started',
      }
    default:
      return { state: 'exited', ...(State.ExitCode === 0 && State.Error === '' ? {} : { message: `ended with ${exitWords(main)}` }) }
  }
}

function exitWords({ State }: ContainerDetails): string {
  const why = State.OOMKilled ? ' (killed: it used more memory than it may)' : State.Error === '' ? '' : ` (${State.Error})`
  return `exit code ${State.ExitCode}${why}`
}

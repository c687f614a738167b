import type { Observed, ObservedComponent, ObservedReplica } from '@sealift/deploy/driver.ts'
import type { EngineClient } from './engine-client.ts'
import type { ContainerDetails } from './engine-types.ts'
import { Label } from './labels.ts'
import { networkName } from './names.ts'
import { currentMain, findReplicas, holderOf, isOnNetwork, type Replica, sharesNetwork } from './replica.ts'
import { listVolumes } from './volumes.ts'

/** The year that engines give to what has not happened. */
const NEVER = '0001-'

/** What there is of an installation. */
export async function observe(engine: EngineClient, installation: string): Promise<Observed> {
  const components = new Map<string, ObservedReplica[]>()
  const name = networkName(installation)
  const network = { name, id: (await engine.findNetwork(name))?.Id }
  for (const replica of await findReplicas(engine, installation)) {
    const replicas = components.get(replica.component) ?? []
    replicas.push(observeReplica(replica, network))
    components.set(replica.component, replicas)
  }
  return {
    components: [...components].map(([name, replicas]): ObservedComponent => ({ name, replicas })),
    ...(await listVolumes(engine, installation)),
  }
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
  return {
    index: replica.index,
    state,
    hash: Config.Labels?.[Label.hash] ?? '',
    restarts: RestartCount,
    image: Config.Labels?.[Label.image] ?? '',
    ...(state === 'exited' ? { exitCode: State.ExitCode } : {}),
    ...(State.StartedAt.startsWith(NEVER) ? {} : { startedAt: State.StartedAt }),
    ...(message === undefined ? {} : { message }),
    ...(drift === undefined ? {} : { drift }),
    ...(HostConfig.NanoCpus ? { cpu: HostConfig.NanoCpus / NANO } : {}),
    ...(HostConfig.Memory ? { memory: HostConfig.Memory } : {}),
  }
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
      if (!sharesNetwork(main, holderOf(replica, main))) return { state: 'starting', message: 'cut off from its network: start it again' }
      return { state: 'running' }
    case 'restarting':
      return { state: 'starting', message: `restarting after it ended with ${exitWords(main)}` }
    case 'created':
      return { state: 'starting', message: State.Error === '' ? 'not started yet' : State.Error }
    default:
      return { state: 'exited', ...(State.ExitCode === 0 && State.Error === '' ? {} : { message: `ended with ${exitWords(main)}` }) }
  }
}

function exitWords({ State }: ContainerDetails): string {
  const why = State.OOMKilled ? ' (killed: it used more memory than it may)' : State.Error === '' ? '' : ` (${State.Error})`
  return `exit code ${State.ExitCode}${why}`
}

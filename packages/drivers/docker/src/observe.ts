import type { Observed, ObservedComponent, ObservedReplica } from '@sealift/deploy/driver.ts'
import type { EngineClient } from './engine-client.ts'
import type { ContainerDetails } from './engine-types.ts'
import { Label } from './labels.ts'
import { currentMain, findReplicas, holderOf, type Replica, sharesNetwork } from './replica.ts'
import { listVolumes } from './volumes.ts'

/** The year that engines give to what has not happened. */
const NEVER = '0001-'

/** What there is of an installation. */
export async function observe(engine: EngineClient, installation: string): Promise<Observed> {
  const components = new Map<string, ObservedReplica[]>()
  for (const replica of await findReplicas(engine, installation)) {
    const replicas = components.get(replica.component) ?? []
    replicas.push(observeReplica(replica))
    components.set(replica.component, replicas)
  }
  return {
    components: [...components].map(([name, replicas]): ObservedComponent => ({ name, replicas })),
    volumes: await listVolumes(engine, installation),
  }
}

function observeReplica(replica: Replica): ObservedReplica {
  const main = currentMain(replica)
  if (main === undefined) {
    return { index: replica.index, state: 'missing', hash: '', restarts: 0, image: '', message: 'its container was removed' }
  }
  const { State, RestartCount, Config } = main
  const { state, message } = describe(main, replica)
  return {
    index: replica.index,
    state,
    hash: Config.Labels?.[Label.hash] ?? '',
    restarts: RestartCount,
    image: Config.Labels?.[Label.image] ?? '',
    ...(state === 'exited' ? { exitCode: State.ExitCode } : {}),
    ...(State.StartedAt.startsWith(NEVER) ? {} : { startedAt: State.StartedAt }),
    ...(message === undefined ? {} : { message }),
  }
}

function describe(main: ContainerDetails, replica: Replica): { readonly state: ObservedReplica['state']; readonly message?: string } {
  const { State } = main
  switch (State.Status) {
    case 'running':
    case 'paused':
      if (State.Status === 'paused') return { state: 'running', message: 'paused: someone froze it' }
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

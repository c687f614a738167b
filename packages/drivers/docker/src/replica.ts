import { isSealiftError, SealiftError } from '@sealift/oci/sealift-error.ts'
import type { EngineClient } from './engine-client.ts'
import type { ContainerDetails } from './engine-types.ts'
import { inParallel } from './in-parallel.ts'
import { Label, labelFilter, type Role } from './labels.ts'

/** The containers that were made for one replica. After an interruption there can be several of a role. */
export interface Replica {
  readonly component: string
  readonly index: number
  readonly holders: readonly ContainerDetails[]
  readonly mains: readonly ContainerDetails[]
  readonly plugins: readonly ContainerDetails[]
  readonly inits: readonly ContainerDetails[]
}

/** A replica of which nothing was made yet. */
export function noReplica(component: string, index: number): Replica {
  return { component, index, holders: [], mains: [], plugins: [], inits: [] }
}

/** Where each role is found in a {@link Replica}. */
const PLACES = { holder: 'holders', main: 'mains', plugin: 'plugins', init: 'inits' } as const

/** Which plugin or init container a container is. */
export function partOf({ Config }: ContainerDetails): string {
  return Config.Labels?.[Label.part] ?? ''
}

/** The hash that a container was made with. */
export function hashOf({ Config }: ContainerDetails): string {
  return Config.Labels?.[Label.hash] ?? ''
}

/** The replicas of an installation or of one of its components, as they are now, in the order of name and number. */
export async function findReplicas(engine: EngineClient, installation: string, component?: string): Promise<readonly Replica[]> {
  const summaries = await engine.listContainers(
    labelFilter({ [Label.installation]: installation, ...(component === undefined ? {} : { [Label.component]: component }) }),
  )
  const found = new Map<string, Replica & Record<(typeof PLACES)[keyof typeof PLACES], ContainerDetails[]>>()
  const wanted = summaries.flatMap(({ Id, Labels }) => {
    const role = Labels?.[Label.role] as Role | undefined
    return role === undefined || role === 'once' ? [] : [{ id: Id, role }]
  })
  const inspected = await inParallel(wanted, async ({ id, role }) => ({ role, details: await engine.inspectContainer(id) }))
  for (const { role, details } of inspected) {
    // Removed since it was listed.
    if (details === undefined || details.State.Status === 'removing') continue
    const name = details.Config.Labels?.[Label.component] ?? ''
    const index = Number(details.Config.Labels?.[Label.replica])
    const key = `${name}/${index}`
    const replica = found.get(key) ?? { component: name, index, holders: [], mains: [], plugins: [], inits: [] }
    found.set(key, replica)
    replica[PLACES[role]].push(details)
  }
  return [...found.values()].toSorted((a, b) => (a.component === b.component ? a.index - b.index : a.component < b.component ? -1 : 1))
}

/** The main container that counts: one that runs before one that does not, the latest started first. */
export function currentMain({ mains }: Replica): ContainerDetails | undefined {
  return mains.toSorted((a, b) => Number(b.State.Running) - Number(a.State.Running) || b.State.StartedAt.localeCompare(a.State.StartedAt))[0]
}

/** The holder whose network a container uses. */
export function holderOf({ holders }: Pick<Replica, 'holders'>, main: ContainerDetails): ContainerDetails | undefined {
  return holders.find(({ Id }) => main.HostConfig.NetworkMode === `container:${Id}`)
}

/**
 * Whether a running container is in the network of its holder as that is now. A holder that was
 * started again has a new network, and the main container is left alone in the old one.
 */
export function sharesNetwork(main: ContainerDetails, holder: ContainerDetails | undefined): boolean {
  return holder?.State.Running === true && Date.parse(holder.State.StartedAt) <= Date.parse(main.State.StartedAt)
}

/**
 * Whether a holder is on its installation's network as that is now. One that was taken off it, or whose
 * network was removed and made anew, can't come back to it.
 * @param network the network's ID, undefined where it is not there
 */
export function isOnNetwork({ NetworkSettings }: ContainerDetails, name: string, network: string | undefined): boolean {
  const entry = NetworkSettings.Networks?.[name]
  if (entry === undefined) return false
  // One that never ran names no network yet; Podman names it by its name.
  return entry.NetworkID === '' || entry.NetworkID === network || entry.NetworkID === name
}

/**
 * One replica and the main container that counts.
 * @throws SealiftError `REPLICA_NOT_FOUND`
 */
export async function requireMain(
  engine: EngineClient,
  installation: string,
  component: string,
  index: number,
): Promise<{ readonly replica: Replica; readonly main: ContainerDetails }> {
  const replica = (await findReplicas(engine, installation, component)).find((candidate) => candidate.index === index)
  const main = replica && currentMain(replica)
  if (replica === undefined || main === undefined) {
    throw new SealiftError('REPLICA_NOT_FOUND', `component ${component} of ${installation} has no container for replica ${index}`)
  }
  return { replica, main }
}

/** Puts the names of component and replica before an engine's words. */
export function naming(thrown: unknown, component: string, index: number): unknown {
  if (!isSealiftError(thrown, 'ENGINE_FAILED')) return thrown
  return new SealiftError('ENGINE_FAILED', `component ${component}, replica ${index}: ${thrown.message}`, {
    cause: thrown,
    hint: thrown.hint,
    details: thrown.details,
  })
}

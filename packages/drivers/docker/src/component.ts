import type { EnsureOptions } from '@sealift/deploy/driver.ts'
import type { WantedComponent } from '@sealift/deploy/wanted-component.ts'
import type { EngineSettings } from './container-spec.ts'
import type { EngineClient } from './engine-client.ts'
import type { ContainerDetails } from './engine-types.ts'
import { Label } from './labels.ts'
import { ensureReplica, removeReplica, startHolder } from './pod.ts'
import { currentMain, findReplicas, holderOf, naming, noReplica, requireMain, sharesNetwork } from './replica.ts'
import { ensureVolumes } from './volumes.ts'

/** How many replicas this driver runs: one machine has one of a daemon, and what runs by a schedule has none that stands. */
function replicaCount({ workload, replicas }: WantedComponent): number {
  if (workload === 'cron') return 0
  return workload === 'daemon' ? Math.min(replicas, 1) : replicas
}

/** Brings all replicas of a component, or some, and its volumes to the wanted state. */
export async function ensureComponent(
  engine: EngineClient,
  settings: EngineSettings,
  wanted: WantedComponent,
  { only, signal }: EnsureOptions = {},
): Promise<boolean> {
  const indexes = only ?? Array.from({ length: replicaCount(wanted) }, (_, index) => index)
  await ensureVolumes(engine, wanted, indexes)
  // The last run of a schedule stays, with its output, until the next one.
  if (wanted.workload === 'cron') return false
  const found = await findReplicas(engine, wanted.installation, wanted.name)
  const surplus = only === undefined ? found.filter(({ index }) => !indexes.includes(index)) : []
  await Promise.all(surplus.map((replica) => removeReplica(engine, replica, wanted.stopGrace)))
  let changed = surplus.length > 0
  // One after the other: the others serve meanwhile.
  for (const index of indexes) {
    const replica = found.find((candidate) => candidate.index === index) ?? noReplica(wanted.name, index)
    changed = (await ensureReplica(engine, settings, { wanted, index, ...(signal === undefined ? {} : { signal }) }, replica)) || changed
  }
  return changed
}

/**
 * Starts a run of a component that runs by a schedule, unless another one is under way.
 * @returns whether it was started, now or by an earlier call
 */
export async function startRun(
  engine: EngineClient,
  settings: EngineSettings,
  wanted: WantedComponent,
  run: string,
  { signal }: Pick<EnsureOptions, 'signal'> = {},
): Promise<boolean> {
  const replica = { wanted, index: 0, run, ...(signal === undefined ? {} : { signal }) }
  await ensureVolumes(engine, wanted)
  const [found] = await findReplicas(engine, wanted.installation, wanted.name)
  const main = found && currentMain(found)
  if (found !== undefined && main !== undefined) {
    const isSame = main.Config.Labels?.[Label.run] === run
    if (isSame && main.State.Status !== 'created') return true
    const isBusy = [main, ...found.inits].some(({ State }) => State.Running || State.Restarting)
    if (!isSame && isBusy) return false
    if (!isSame) await removeReplica(engine, found)
    if (isSame) return ensureReplica(engine, settings, replica, found)
  } else if (found !== undefined) await removeReplica(engine, found)
  return ensureReplica(engine, settings, replica, noReplica(wanted.name, 0))
}

/** Stops and removes all containers of a component, gracefully. */
export async function removeComponent(engine: EngineClient, installation: string, component: string): Promise<void> {
  const replicas = await findReplicas(engine, installation, component)
  await Promise.all(replicas.map((replica) => removeReplica(engine, replica)))
}

/** Stops a component's containers and frees its ports; nothing is removed, and they stay stopped when the engine restarts. */
export async function stopComponent(engine: EngineClient, installation: string, component: string): Promise<void> {
  const replicas = await findReplicas(engine, installation, component)
  await Promise.all(
    replicas.map(async ({ mains, inits, plugins, holders }) => {
      for (const { Id } of [...mains, ...inits, ...plugins, ...holders]) await engine.stopContainer(Id)
    }),
  )
}

/** Starts a component's containers as they are; those that run are not touched, and what is done does not run again. */
export async function startComponent(engine: EngineClient, installation: string, component: string): Promise<void> {
  for (const replica of await findReplicas(engine, installation, component)) {
    const main = currentMain(replica)
    const holder = main && holderOf(replica, main)
    if (main === undefined || holder === undefined) continue
    const workload = main.Config.Labels?.[Label.workload]
    // A schedule starts its runs itself.
    if (workload === 'cron') continue
    if (workload === 'job' && main.State.Status === 'exited' && main.State.ExitCode === 0) continue
    const isUp = (container: ContainerDetails): boolean => container.State.Running && sharesNetwork(container, holder)
    try {
      const down = [...replica.plugins.filter((plugin) => holderOf({ holders: [holder] }, plugin) !== undefined), main].filter((container) => !isUp(container))
      if (!holder.State.Running) await startHolder(engine, component, holder.Id)
      for (const { Id } of down) {
        await engine.stopContainer(Id)
        await engine.startContainer(Id)
      }
    } catch (thrown) {
      throw naming(thrown, component, replica.index)
    }
  }
}

/** Ends the program of one replica gracefully and starts it again in its container. */
export async function restartReplica(engine: EngineClient, installation: string, component: string, index: number): Promise<void> {
  const { replica, main } = await requireMain(engine, installation, component, index)
  const holder = holderOf(replica, main)
  try {
    if (holder !== undefined && !holder.State.Running) await startHolder(engine, component, holder.Id)
    await engine.restartContainer(main.Id)
  } catch (thrown) {
    throw naming(thrown, component, index)
  }
}

import type { WantedComponent } from '@sealift/deploy/driver.ts'
import type { EngineSettings } from './container-spec.ts'
import type { EngineClient } from './engine-client.ts'
import { Label } from './labels.ts'
import { ensureReplica, removeReplica, startHolder } from './pod.ts'
import { currentMain, findReplicas, holderOf, naming, requireMain, sharesNetwork } from './replica.ts'
import { ensureVolumes } from './volumes.ts'

/** How many replicas this driver runs: one machine has one of a daemon, and schedules are not its work. */
function replicaCount({ workload, replicas }: WantedComponent): number {
  if (workload === 'cron') return 0
  return workload === 'daemon' ? Math.min(replicas, 1) : replicas
}

/** Brings all replicas and volumes of a component to the wanted state. */
export async function ensureComponent(engine: EngineClient, settings: EngineSettings, wanted: WantedComponent): Promise<boolean> {
  await ensureVolumes(engine, wanted)
  const found = await findReplicas(engine, wanted.installation, wanted.name)
  const count = replicaCount(wanted)
  const surplus = found.filter(({ index }) => !(index >= 0 && index < count))
  await Promise.all(surplus.map((replica) => removeReplica(engine, replica, wanted.stopGrace)))
  let changed = surplus.length > 0
  // One after the other: the others serve meanwhile.
  for (let index = 0; index < count; index++) {
    const replica = found.find((candidate) => candidate.index === index)
    changed = (await ensureReplica(engine, settings, wanted, index, replica)) || changed
  }
  return changed
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
    replicas.map(async ({ mains, holders }) => {
      for (const { Id } of [...mains, ...holders]) await engine.stopContainer(Id)
    }),
  )
}

/** Starts a component's containers as they are; those that run are not touched, and a job that is done does not run again. */
export async function startComponent(engine: EngineClient, installation: string, component: string): Promise<void> {
  for (const replica of await findReplicas(engine, installation, component)) {
    const main = currentMain(replica)
    const holder = main && holderOf(replica, main)
    if (main === undefined || holder === undefined) continue
    if (main.State.Running && sharesNetwork(main, holder)) continue
    if (main.Config.Labels?.[Label.workload] === 'job' && main.State.Status === 'exited' && main.State.ExitCode === 0) continue
    try {
      if (!holder.State.Running) await startHolder(engine, component, holder.Id)
      await engine.stopContainer(main.Id)
      await engine.startContainer(main.Id)
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

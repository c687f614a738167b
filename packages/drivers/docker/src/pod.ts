import type { WantedComponent } from '@sealift/deploy/driver.ts'
import { type EngineSettings, holderSpec, mainSpec, podHash } from './container-spec.ts'
import type { EngineClient } from './engine-client.ts'
import type { ContainerDetails } from './engine-types.ts'
import { putFiles } from './files.ts'
import { Label } from './labels.ts'
import { canHaveLimits, ensureLimits } from './limits.ts'
import { holderName, mainName, networkName, nextName } from './names.ts'
import { explainPortConflict } from './port-conflict.ts'
import { holderOf, isOnNetwork, naming, type Replica, sharesNetwork } from './replica.ts'

/**
 * Brings one replica to the wanted state, whatever an earlier try left behind. What is new is made
 * while the old still runs, so that a wrong setting or a missing image harms nothing; then the old is
 * stopped and the new is started.
 * @returns whether anything was done
 */
export async function ensureReplica(
  engine: EngineClient,
  settings: EngineSettings,
  wanted: WantedComponent,
  index: number,
  found: Replica | undefined,
): Promise<boolean> {
  try {
    return await bring(engine, settings, wanted, index, found ?? { component: wanted.name, index, holders: [], mains: [] })
  } catch (thrown) {
    throw naming(thrown, wanted.name, index)
  }
}

async function bring(engine: EngineClient, settings: EngineSettings, wanted: WantedComponent, index: number, found: Replica): Promise<boolean> {
  const pod = podHash(wanted, index)
  const network = networkName(wanted.installation)
  const networkId = (await engine.findNetwork(network))?.Id
  const keptHolder = found.holders
    .filter((holder) => holder.Config.Labels?.[Label.pod] === pod && isOnNetwork(holder, network, networkId))
    // Of several the one in use: the others are left from a try that was cut off.
    .toSorted((a, b) => Number(b.State.Running) - Number(a.State.Running))[0]
  const keptMain =
    keptHolder &&
    found.mains.find(
      (main) =>
        main.Config.Labels?.[Label.hash] === wanted.hash &&
        holderOf({ ...found, holders: [keptHolder] }, main) !== undefined &&
        canHaveLimits(main, wanted) &&
        // One that never started may lack its files.
        main.State.Status !== 'created' &&
        main.State.Status !== 'dead',
    )

  const surplus = [...found.mains, ...found.holders].filter(({ Id }) => Id !== keptHolder?.Id && Id !== keptMain?.Id)
  if (keptHolder !== undefined && keptMain !== undefined) {
    await removeAll(engine, surplus, wanted.stopGrace)
    const resumed = await resume(engine, wanted, keptHolder, keptMain)
    return resumed || surplus.length > 0
  }

  await removeAll(
    engine,
    surplus.filter(({ State }) => State.Status === 'created'),
    0,
  )
  const holder =
    keptHolder?.Id ?? (await engine.createContainer(nextName(holderName(wanted.installation, wanted.name, index)), holderSpec(wanted, index, settings)))
  const main = await engine.createContainer(nextName(mainName(wanted.installation, wanted.name, index)), mainSpec(wanted, index, holder, settings))
  await putFiles(engine, main, wanted.files)
  await removeAll(
    engine,
    surplus.filter(({ State }) => State.Status !== 'created'),
    wanted.stopGrace,
  )
  await useName(engine, holder, holderName(wanted.installation, wanted.name, index))
  await useName(engine, main, mainName(wanted.installation, wanted.name, index))
  await startHolder(engine, wanted.name, holder)
  await engine.startContainer(main)
  return true
}

/** Starts again what has the wanted state but does not run. */
async function resume(engine: EngineClient, wanted: WantedComponent, holder: ContainerDetails, main: ContainerDetails): Promise<boolean> {
  // A job that ended is done; it runs again when its wanted state changes.
  if (wanted.workload === 'job' && main.State.Status === 'exited') return false
  let changed = await ensureLimits(engine, main, wanted)
  if (main.State.Paused) {
    await engine.unpauseContainer(main.Id)
    changed = true
  }
  const isHeld = holder.State.Running
  if (!isHeld) {
    await startHolder(engine, wanted.name, holder.Id)
    changed = true
  }
  if (main.State.Restarting && isHeld) return changed
  if (main.State.Running && isHeld && sharesNetwork(main, holder)) return changed
  // It may run in a network that its holder has left: only a new start takes it into the present one.
  await engine.stopContainer(main.Id, Math.ceil(wanted.stopGrace))
  await engine.startContainer(main.Id)
  return true
}

/**
 * Starts the container that owns a replica's network, which publishes its ports.
 * @throws SealiftError `PORT_IN_USE`
 */
export async function startHolder(engine: EngineClient, component: string, holder: string): Promise<void> {
  try {
    await engine.startContainer(holder)
  } catch (thrown) {
    throw await explainPortConflict(engine, thrown, component)
  }
}

async function useName(engine: EngineClient, container: string, name: string): Promise<void> {
  const details = await engine.inspectContainer(container)
  if (details !== undefined && details.Name.replace(/^\//, '') !== name) await engine.renameContainer(container, name)
}

/** Stops main containers gracefully and removes them, then the holders that they depend on. */
export async function removeReplica(engine: EngineClient, replica: Replica, grace?: number): Promise<void> {
  await removeAll(engine, [...replica.mains, ...replica.holders], grace)
}

async function removeAll(engine: EngineClient, containers: readonly ContainerDetails[], grace?: number): Promise<void> {
  for (const { Id, State } of containers) {
    if (State.Paused) await engine.unpauseContainer(Id)
    if (State.Running || State.Restarting) await engine.stopContainer(Id, grace === undefined ? undefined : Math.ceil(grace))
    await engine.removeContainer(Id)
  }
}

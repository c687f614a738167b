import type { EnsureOptions } from '@sealift/deploy/driver.ts'
import type { WantedComponent } from '@sealift/deploy/wanted-component.ts'
import { type EngineSettings, holderSpec, mainSpec, podHash, runsToItsEnd } from './container-spec.ts'
import type { EngineClient } from './engine-client.ts'
import type { ContainerDetails } from './engine-types.ts'
import { putFiles } from './files.ts'
import { giveVolumesToGroup } from './group-ownership.ts'
import { runInitContainers } from './init-containers.ts'
import { Label } from './labels.ts'
import { canHaveLimits, ensureLimits } from './limits.ts'
import { holderName, mainName, networkName, nextName } from './names.ts'
import { ensurePlugins, keptPlugins } from './plugins.ts'
import { explainPortConflict } from './port-conflict.ts'
import { removeContainers, useName } from './remove-containers.ts'
import { hashOf, holderOf, isOnNetwork, naming, type Replica, sharesNetwork } from './replica.ts'

/** A replica as it is wanted. */
export interface WantedReplica {
  readonly wanted: WantedComponent
  readonly index: number
  /** Names a run of a component that runs by a schedule. */
  readonly run?: string
  readonly signal?: EnsureOptions['signal']
}

/**
 * Brings one replica to the wanted state, whatever an earlier try left behind. What is new is made
 * while the old still runs, so that a wrong setting or a missing image harms nothing; then the old is
 * stopped and the new is started.
 * @returns whether anything was done
 */
export async function ensureReplica(engine: EngineClient, settings: EngineSettings, replica: WantedReplica, found: Replica): Promise<boolean> {
  try {
    return await bring(engine, settings, replica, found)
  } catch (thrown) {
    throw naming(thrown, replica.wanted.name, replica.index)
  }
}

async function bring(engine: EngineClient, settings: EngineSettings, replica: WantedReplica, found: Replica): Promise<boolean> {
  const { wanted, index, run } = replica
  const pod = podHash(wanted, index)
  const network = networkName(wanted.installation)
  const networkId = (await engine.findNetwork(network))?.Id
  const keptHolder = found.holders
    .filter((holder) => holder.Config.Labels?.[Label.pod] === pod && isOnNetwork(holder, network, networkId))
    // Of several the one in use: the others are left from a try that was cut off.
    .toSorted((a, b) => Number(b.State.Running) - Number(a.State.Running))[0]
  const isUsable = (container: ContainerDetails): boolean =>
    keptHolder !== undefined &&
    holderOf({ holders: [keptHolder] }, container) !== undefined &&
    // One that never started may lack its files.
    container.State.Status !== 'created' &&
    container.State.Status !== 'dead'
  const keptMain = found.mains.find(
    (main) => hashOf(main) === wanted.hash && main.Config.Labels?.[Label.run] === run && canHaveLimits(main, wanted) && isUsable(main),
  )
  const plugins = keptPlugins(wanted, found, isUsable)
  const others = <T extends ContainerDetails>(containers: readonly T[], ...kept: readonly (ContainerDetails | undefined)[]): readonly T[] =>
    containers.filter(({ Id }) => !kept.some((container) => container?.Id === Id))
  const oldHolders = others(found.holders, keptHolder)
  const oldPlugins = others(found.plugins, ...plugins.values())

  if (keptHolder !== undefined && keptMain !== undefined) {
    const surplus = [...others(found.mains, keptMain), ...found.inits, ...oldPlugins, ...oldHolders]
    await removeContainers(engine, surplus, wanted.stopGrace)
    const resumed = await resume(engine, settings, replica, keptHolder, keptMain, plugins)
    return resumed || surplus.length > 0
  }

  const neverStarted = ({ State }: ContainerDetails): boolean => State.Status === 'created'
  await removeContainers(engine, [...found.mains, ...oldPlugins, ...oldHolders].filter(neverStarted), 0)
  const holder =
    keptHolder?.Id ?? (await engine.createContainer(nextName(holderName(wanted.installation, wanted.name, index)), holderSpec(wanted, index, settings)))
  const main = await engine.createContainer(nextName(mainName(wanted.installation, wanted.name, index)), mainSpec(wanted, index, holder, settings, run))
  await putFiles(engine, main, wanted.files)

  const old = found.mains.filter((container) => !neverStarted(container))
  // Ports and names are there once, and two programs in the same data would spoil it.
  const oldGoesFirst = keptHolder === undefined || wanted.volumes.some(({ kind, readOnly }) => kind === 'persistent' && !readOnly)
  if (oldGoesFirst) await removeContainers(engine, old, wanted.stopGrace)
  await removeContainers(
    engine,
    [...oldPlugins, ...oldHolders].filter((container) => !neverStarted(container)),
  )
  await useName(engine, holder, holderName(wanted.installation, wanted.name, index))
  if (keptHolder?.State.Running !== true) await startHolder(engine, wanted.name, holder)
  await ensurePlugins(engine, settings, wanted, index, holder, plugins)
  await giveVolumesToGroup(engine, settings, wanted, index)
  await runInitContainers(engine, settings, { wanted, index, holder, found: found.inits, signal: replica.signal })
  if (!oldGoesFirst) await removeContainers(engine, old, wanted.stopGrace)
  await useName(engine, main, mainName(wanted.installation, wanted.name, index))
  await engine.startContainer(main)
  return true
}

/** Starts again what has the wanted state but does not run. */
async function resume(
  engine: EngineClient,
  settings: EngineSettings,
  { wanted, index }: WantedReplica,
  holder: ContainerDetails,
  main: ContainerDetails,
  plugins: ReadonlyMap<string, ContainerDetails>,
): Promise<boolean> {
  // What ended is done; it runs again when its wanted state changes.
  if (runsToItsEnd(wanted) && main.State.Status === 'exited') return false
  let changed = await ensureLimits(engine, main, wanted)
  if (main.State.Paused) {
    await engine.unpauseContainer(main.Id)
    changed = true
  }
  const holderStood = holder.State.Running
  if (!holderStood) {
    await startHolder(engine, wanted.name, holder.Id)
    changed = true
  }
  const pluginsChanged = await ensurePlugins(engine, settings, wanted, index, holder.Id, plugins, (plugin) => holderStood && sharesNetwork(plugin, holder))
  const isUp = main.State.Restarting || (main.State.Running && sharesNetwork(main, holder))
  if (holderStood && isUp) return changed || pluginsChanged
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

/** Stops a replica's containers gracefully and removes them: the program first, what it uses after it. */
export async function removeReplica(engine: EngineClient, { mains, inits, plugins, holders }: Replica, grace?: number): Promise<void> {
  await removeContainers(engine, [...mains, ...inits], grace)
  await removeContainers(engine, plugins)
  await removeContainers(engine, holders)
}

import { componentVolumes } from '../resolve.ts'
import { runningComponents, type WantedState } from '../state.ts'
import type { VolumeName } from '../volume-identity.ts'
import { isVolumeOf, persistentVolumes, targetName } from './data-choice.ts'
import { nameIn } from './lineage.ts'
import type { StepInput } from './steps.ts'

/** A volume whose data a change puts at stake. */
export interface Stake {
  readonly component: string
  readonly volume: string
  /** Its name at the target. */
  readonly source: string
  /** The component that cannot go back; null where the copy was asked for. */
  readonly because: string | null
}

/** Whether a component's data can't go back to an older version of it. */
export function isForwardOnly(state: WantedState | null, component: string): boolean {
  return state?.components[component]?.definition.carried.data === 'forwardOnly'
}

/**
 * The volumes that are copied before a change: those of affected components whose data cannot go back.
 * One without volumes (a migration) changes data of what it depends on. Only what is there is copied.
 */
export function stakesOf({ kind, previous, next, installation, observed, data }: StepInput, affected: readonly string[]): readonly Stake[] {
  if (previous === null || data.snapshot === 'none' || !['upgrade', 'rollback', 'configure'].includes(kind)) return []
  const stakes = new Map<string, Stake>()
  const add = (component: string, volume: string, because: string | null): void => {
    // What is brought back from a snapshot leaves the volume of now as it is.
    if (data.restores.some((restore) => restore.component === component && restore.volume === volume)) return
    const target = targetName(previous, installation, component, volume)
    for (const source of target === undefined ? [] : observed.volumes.filter((name) => isVolumeOf(target, name))) {
      if (!stakes.has(source)) stakes.set(source, { component, volume, source, because })
    }
  }
  if (data.snapshot === 'all') for (const { component, volume } of persistentVolumes(previous)) add(component, volume, null)
  if (kind === 'configure') return [...stakes.values()]
  for (const name of affected) {
    if (!isForwardOnly(next, name) && !isForwardOnly(previous, name)) continue
    for (const { component, volume } of volumesAtStake(previous, next, name)) add(component, volume, name)
  }
  return [...stakes.values()]
}

/** The volumes whose data a component changes: those that it may write to, else those of what it depends on. */
export function volumesAtStake(previous: WantedState, next: WantedState, name: string): readonly VolumeName[] {
  const own = ownersOf(previous, nameIn(previous, name, next) ?? name)
  if (own.length > 0) return own
  const dependsOn = [next, previous].flatMap((state) => state.components[name]?.definition.dependsOn ?? [])
  return [...new Set(dependsOn.map(({ component }) => component))].flatMap((component) => ownersOf(previous, component))
}

/** The volumes that a component may write to, named by whom they belong to. */
function ownersOf(state: WantedState, name: string): readonly VolumeName[] {
  if (state.components[name] === undefined) return []
  const context = { installation: '', state, contents: new Map<string, Buffer>() }
  const mounted = new Set(componentVolumes(context, name).flatMap(({ targetName, kind, readOnly }) => (kind === 'persistent' && !readOnly ? [targetName] : [])))
  return persistentVolumes(state).filter(({ component, volume }) => mounted.has(targetName(state, '', component, volume) ?? ''))
}

/** The running components that write to a volume. */
export function writersOf(state: WantedState, installation: string, sources: ReadonlySet<string>): readonly string[] {
  return runningComponents(state).filter((name) => {
    const { workload } = state.components[name]?.definition ?? {}
    if (workload === 'job' || workload === 'cron') return false
    return componentVolumes({ installation, state, contents: new Map() }, name).some(
      ({ targetName, kind, readOnly }) => kind === 'persistent' && !readOnly && [...sources].some((source) => isVolumeOf(targetName, source)),
    )
  })
}

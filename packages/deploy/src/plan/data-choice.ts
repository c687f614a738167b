import { SealiftError } from '@sealift/oci/sealift-error.ts'
import type { Observed } from '../driver.ts'
import { componentVolumes } from '../resolve.ts'
import { type SnapshotSet, snapshotSets, type VolumeSnapshot } from '../snapshot.ts'
import type { WantedState } from '../state.ts'
import type { VolumeTally } from '../volume-copy.ts'
import { ownVolumes, type VolumeName } from '../volume-identity.ts'

/** Which volumes are copied before a change: those whose data could not go back, all, or none. */
export type SnapshotPolicy = 'forwardOnly' | 'all' | 'none'

/** A volume that is filled from a snapshot. */
export interface Restore {
  readonly component: string
  readonly volume: string
  /** Target name of the snapshot. */
  readonly from: string
  /** Target name of the volume that is made. */
  readonly to: string
  /** When the snapshot was taken: ISO 8601, UTC. */
  readonly takenAt: string
  readonly tally: VolumeTally
}

/** What a change does with data, as it was decided when it was planned. */
export interface DataChoice {
  readonly snapshot: SnapshotPolicy
  readonly restores: readonly Restore[]
  /** Target names of volumes of earlier generations that are removed in the end. */
  readonly discard: readonly string[]
  /** Only of a way back: what the failed change left to be undone. */
  readonly undo?: {
    /** Components whose newer version was begun: what it did to data is undone by their beforeRollback. */
    readonly begun: readonly string[]
    /** Components that were quiesced and not started again. */
    readonly quiesced: readonly string[]
  }
}

/** Copies what could not go back, and brings nothing back. */
export const USUAL_DATA: DataChoice = { snapshot: 'forwardOnly', restores: [], discard: [] }

/** Neither copies anything nor brings anything back. */
export const DATA_AS_IT_IS: DataChoice = { ...USUAL_DATA, snapshot: 'none' }

/** A state whose volumes come from snapshots, and what fills them. */
export interface RestoredState {
  readonly state: WantedState
  readonly restores: readonly Restore[]
}

/**
 * Gives every volume of a state for which there is a snapshot a new generation, which is filled from
 * it. What a component mounts now is not touched.
 */
export function withRestores(state: WantedState, snapshots: readonly VolumeSnapshot[], installation: string, observed: Observed): RestoredState {
  const there = new Set(observed.volumes)
  const restores: Restore[] = []
  let next = state
  for (const { component, volume } of persistentVolumes(state)) {
    const before = targetName(state, installation, component, volume)
    if (before === undefined) continue
    const taken = snapshots.filter(({ source }) => volumeStem(source) === volumeStem(before))
    if (taken.length === 0) continue
    let to = before
    while (to === before || there.has(to)) {
      next = withNextGeneration(next, component, volume)
      to = targetName(next, installation, component, volume) ?? before
    }
    // Replicas with volumes of their own have them under the name of the first with a number.
    for (const { source, target, takenAt, tally } of taken)
      restores.push({ component, volume, from: target, to: `${to}${replicaSuffix(source)}`, takenAt, tally })
  }
  return { state: next, restores }
}

/**
 * The snapshots that hold the data as a state had it: the latest that were taken while its release was
 * installed, or those of a number that was asked for.
 * @throws SealiftError `SNAPSHOT_NOT_FOUND`
 */
export function snapshotsOf(state: WantedState, snapshots: readonly VolumeSnapshot[], wanted?: number): SnapshotSet {
  const sets = snapshotSets(snapshots)
  const found = sets.find(({ number, snapshots: [first] }) => (wanted === undefined ? first?.release.digest === state.release.digest : number === wanted))
  if (found !== undefined) return found
  const there = sets.map(({ number, snapshots: [first] }) => `${number} (of ${first?.release.version})`).join(', ')
  throw new SealiftError(
    'SNAPSHOT_NOT_FOUND',
    `${wanted === undefined ? `no snapshot holds data as release ${state.release.version} had it` : `there is no snapshot ${wanted}`}; there ${there === '' ? 'is none' : `are ${there}`}`,
  )
}

/** The persistent volumes of a state, each with the component that owns it. */
export function persistentVolumes(state: WantedState): readonly VolumeName[] {
  return Object.entries(state.components).flatMap(([component, each]) => ownVolumes(each).map(([volume]) => ({ component, volume })))
}

/** The target name of a component's own volume. */
export function targetName(state: WantedState, installation: string, component: string, volume: string): string | undefined {
  return componentVolumes({ installation, state, contents: new Map() }, component).find(({ name }) => name === volume)?.targetName
}

/** The volumes of earlier generations of what a state has: data that a restore replaced, and that nobody mounts. */
export function olderGenerations(state: WantedState, installation: string, { volumes }: Observed): readonly string[] {
  return persistentVolumes(state).flatMap(({ component, volume }) => {
    const target = targetName(state, installation, component, volume)
    if (target === undefined) return []
    const stem = `${volumeStem(target)}.`
    return volumes.filter((name) => name.startsWith(stem) && /^\d+(\.\d+)?$/.test(name.slice(stem.length)) && !isVolumeOf(target, name))
  })
}

function withNextGeneration(state: WantedState, name: string, volume: string): WantedState {
  const component = state.components[name]
  const before = component?.volumes[volume]
  if (component === undefined || before === undefined) return state
  const volumes = { ...component.volumes, [volume]: { ...before, generation: before.generation + 1 } }
  return { ...state, components: { ...state.components, [name]: { ...component, volumes } } }
}

/** The name at the target of all generations and replicas of a volume, whatever its component is called by now. */
export function volumeStem(target: string): string {
  return target.split('.').slice(0, 3).join('.')
}

/** `.2` of the volume that replica 2 has to itself. */
function replicaSuffix(source: string): string {
  return /^[^.]+\.[^.]+\.[^.]+\.\d+(\.\d+)$/.exec(source)?.[1] ?? ''
}

/** Whether an observed volume is of this target name: itself, or that of a further replica. */
export function isVolumeOf(target: string, observed: string): boolean {
  return observed === target || (observed.startsWith(`${target}.`) && /^\d+$/.test(observed.slice(target.length + 1)))
}

import type { VolumeState, WantedState } from '../state.ts'
import { type KeptVolume, sameVolume, type VolumeName, volumeIdentity, volumesOf } from '../volume-identity.ts'

/**
 * Notes in a state the volumes that earlier ones knew and that no component of it mounts: their data
 * stays at the target, and what is called so again finds it. Of two generations the later counts.
 */
export function withKeptVolumes(state: WantedState, earlier: readonly WantedState[]): WantedState {
  const { keptVolumes: _, ...rest } = state
  const mounted = volumesOf(rest).map((each) => volumeIdentity(each.component, each.volume, each))
  const kept: KeptVolume[] = []
  for (const volume of [state, ...earlier].flatMap(volumesOf)) {
    const identity = volumeIdentity(volume.component, volume.volume, volume)
    if (mounted.some((each) => sameVolume(each, identity))) continue
    const same = kept.findIndex((each) => sameVolume(volumeIdentity(each.component, each.volume, each), identity))
    if (same < 0) kept.push(volume)
    else if ((kept[same]?.generation ?? 0) < volume.generation) kept[same] = volume
  }
  return kept.length === 0 ? rest : { ...rest, keptVolumes: kept }
}

/** The kept volume that a new one of this name finds, as far as it tells where the data is. */
export function keptVolume(state: WantedState | null, { component, volume }: VolumeName): Pick<VolumeState, 'generation' | 'heldAs'> | undefined {
  const found = state?.keptVolumes?.find((each) => each.component === component && each.volume === volume)
  if (found === undefined) return undefined
  return { generation: found.generation, ...(found.heldAs === undefined ? {} : { heldAs: found.heldAs }) }
}

import type { ComponentState, VolumeDefinition, VolumeState, WantedState } from './state.ts'

/** A volume by its component and its name there. */
export interface VolumeName {
  readonly component: string
  readonly volume: string
}

/** A volume at the target: names that never change, and a generation that a restore counts up. */
export interface VolumeIdentity extends VolumeName {
  readonly generation: number
}

/** A volume at the target that no component mounts. */
export interface KeptVolume extends VolumeName {
  readonly generation: number
  /** As in {@link VolumeState}. */
  readonly heldAs?: VolumeName
}

/** Which volume at the target stands behind a volume of a state. */
export function volumeIdentity(component: string, volume: string, { heldAs, generation }: Pick<VolumeState, 'heldAs' | 'generation'>): VolumeIdentity {
  return { component: heldAs?.component ?? component, volume: heldAs?.volume ?? volume, generation }
}

/** Whether both are the same volume at the target, generations aside. */
export function sameVolume(a: VolumeName, b: VolumeName): boolean {
  return a.component === b.component && a.volume === b.volume
}

/** The persistent volumes that a component has itself, not from another one. */
export function ownVolumes({ volumes }: ComponentState): readonly (readonly [string, VolumeState])[] {
  return Object.entries(volumes).filter(([, { definition }]) => {
    const { kind, from } = JSON.parse(definition.expression) as VolumeDefinition
    return kind === 'persistent' && from === undefined
  })
}

/** Every volume with data that a state knows, mounted or kept, by the name that it has there. */
export function volumesOf(state: WantedState): readonly KeptVolume[] {
  const mounted = Object.entries(state.components).flatMap(([component, each]) =>
    ownVolumes(each).map(([volume, { generation, heldAs }]) => ({ component, volume, generation, ...(heldAs === undefined ? {} : { heldAs }) })),
  )
  return [...mounted, ...(state.keptVolumes ?? [])]
}

/** The name at the target for a volume that is to be empty: its own, or where that is taken by one that was mapped away, one beside it. */
export function freeVolumeName(state: WantedState, { component, volume }: VolumeName): VolumeName {
  const taken = volumesOf(state).map((each) => volumeIdentity(each.component, each.volume, each))
  for (let number = 1; ; number += 1) {
    const name = { component, volume: number === 1 ? volume : `${volume}-${number}` }
    if (!taken.some((each) => sameVolume(each, name))) return name
  }
}

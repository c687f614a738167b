import type { ComponentState, ParameterState, VolumeState, WantedState } from '../state.ts'
import type { Value } from '../value.ts'
import { sameVolume, volumeIdentity, volumesOf } from '../volume-identity.ts'
import { withKeptVolumes } from './kept-volumes.ts'
import { counterpartIn, nameIn } from './lineage.ts'
import type { Notes } from './note.ts'

/**
 * The state that a way back to an older revision leads to: that revision's, but for what does not go
 * back with it. Data stays as it is and so do the passwords that were generated for it; what came
 * since stays and is marked as left over.
 */
export function rolledBack(current: WantedState, target: WantedState, notes: Notes): WantedState {
  const components: Record<string, ComponentState> = {}
  const found = new Set<string>()
  for (const [name, component] of Object.entries(target.components)) {
    const there = nameIn(current, name, target)
    if (there !== undefined) found.add(there)
    components[name] = withTodaysData(name, component, counterpartIn(current, name, target), current)
  }
  const parameters: Record<string, ParameterState> = { ...target.parameters }
  const modules = { ...target.modules }
  for (const [name, component] of Object.entries(current.components)) {
    if (found.has(name) || components[name] !== undefined) continue
    components[name] = { ...component, leftOver: true }
    notes.add({ component: name, kind: 'component', name, effect: 'leftOver', why: 'It came after that revision; it is kept as it is until it is pruned.' })
    const { module } = component.definition
    const state = module === null ? undefined : current.modules[module]
    if (module !== null && state !== undefined) modules[module] ??= state
  }
  for (const [name, parameter] of Object.entries(current.parameters)) {
    if (parameters[name] !== undefined) continue
    parameters[name] = { ...parameter, value: { ...parameter.value, leftOver: true } }
    notes.add({ component: null, kind: 'parameter', name, effect: 'leftOver', why: 'It came after that revision; it stays until it is pruned.' })
  }
  const next = { ...target, components, parameters, modules, allocations: { hostPorts: { ...current.allocations.hostPorts, ...target.allocations.hostPorts } } }
  return withKeptVolumes(next, [current, target])
}

function withTodaysData(name: string, component: ComponentState, now: ComponentState | undefined, current: WantedState): ComponentState {
  const volumes: Record<string, VolumeState> = {}
  for (const [volume, state] of Object.entries(component.volumes)) {
    const identity = volumeIdentity(name, volume, state)
    const today = volumesOf(current).find((each) => sameVolume(volumeIdentity(each.component, each.volume, each), identity))
    volumes[volume] = today === undefined ? state : { ...state, generation: today.generation }
  }
  return { ...component, volumes, env: withTodaysSecrets(component.env, now?.env), connection: withTodaysSecrets(component.connection, now?.connection) }
}

/** A generated value is changed by a rotation alone: the data knows only the latest. */
function withTodaysSecrets(values: Readonly<Record<string, Value>>, now: Readonly<Record<string, Value>> | undefined): Readonly<Record<string, Value>> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => {
      const today = now?.[name]
      const isKept = value.origin === 'generated' && today?.origin === 'generated' && today.secretId !== undefined
      return [name, isKept ? { ...value, secretId: today.secretId } : value]
    }),
  )
}

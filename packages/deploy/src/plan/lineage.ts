import type { ComponentState, WantedState } from '../state.ts'

function wasCalled(name: string, state: WantedState): string | undefined {
  return Object.keys(state.components).find((each) => state.components[each]?.formerly?.includes(name))
}

/**
 * The name that a component of one state has in another state of the same installation: `--map` may
 * have given it another one between the two, and something new may be called as it was since.
 */
export function nameIn(other: WantedState, name: string, state: WantedState): string | undefined {
  const later = wasCalled(name, other)
  if (later !== undefined && wasCalled(name, state) === undefined) return later
  const earlier = state.components[name]?.formerly?.findLast((former) => other.components[former] !== undefined && wasCalled(former, other) === undefined)
  return earlier ?? (other.components[name] === undefined ? undefined : name)
}

/** As {@link nameIn}, the component itself. */
export function counterpartIn(other: WantedState, name: string, state: WantedState): ComponentState | undefined {
  const found = nameIn(other, name, state)
  return found === undefined ? undefined : other.components[found]
}

/** A state with its components under the names that another one has for them, and by those the names before. */
export function underNamesOf(after: WantedState, before: WantedState): { readonly state: WantedState; readonly renamed: ReadonlyMap<string, string> } {
  const components: Record<string, ComponentState> = { ...before.components }
  const renamed = new Map<string, string>()
  for (const name of Object.keys(after.components)) {
    const old = nameIn(before, name, after)
    const component = old === undefined ? undefined : before.components[old]
    if (old === undefined || old === name || component === undefined) continue
    delete components[old]
    components[name] = component
    renamed.set(name, old)
  }
  return { state: renamed.size === 0 ? before : { ...before, components }, renamed }
}

import { SealiftError } from '@sealift/oci/sealift-error.ts'
import type { ModuleState, WantedState } from '../state.ts'
import type { Notes } from './note.ts'

/** Who needs a module: other modules and components, of those that are on. */
type Needs = ReadonlyMap<string, readonly string[]>

/**
 * Settles which modules are on: those that the site or the vendor's default switched on, and what
 * they need, by `requires` and by the components that their components cannot do without. What was
 * on only because something needed it goes off with the last that does.
 *
 * @throws SealiftError `MODULE_NEEDED` where the site switched off what something that is on needs, naming all that do
 */
export function settleModules(state: WantedState, notes: Notes): WantedState {
  const needs = needsOf(state)
  for (const [name, module] of Object.entries(state.modules)) {
    const by = needs.get(name) ?? []
    if (by.length === 0 || module.value || module.origin !== 'site') continue
    throw new SealiftError('MODULE_NEEDED', `module ${name} is to be off, but ${listed(by)} ${by.length === 1 ? 'needs' : 'need'} it`, {
      hint: `Leave ${name} on, or switch off as well what needs it.`,
      details: { module: name, neededBy: by },
    })
  }
  const modules: Record<string, ModuleState> = {}
  for (const [name, module] of Object.entries(state.modules)) {
    const by = needs.get(name)
    const isChosen = module.value && module.origin !== 'needed'
    if (isChosen) modules[name] = module
    else if (by === undefined) modules[name] = module.value ? { ...module, value: false, origin: 'vendor' } : module
    else {
      modules[name] = { ...module, value: true, origin: 'needed' }
      notes.add({ component: null, kind: 'module', name, effect: 'changed', why: `Switched on since ${listed(by)} ${by.length === 1 ? 'needs' : 'need'} it.` })
    }
  }
  for (const [name, module] of Object.entries(modules)) {
    if (module.value || !state.modules[name]?.value) continue
    notes.add({ component: null, kind: 'module', name, effect: 'changed', why: 'It was on only for what needed it, and nothing does any more.' })
  }
  return { ...state, modules }
}

function needsOf(state: WantedState): Needs {
  const needs = new Map<string, string[]>()
  const reached = new Set<string>()
  const need = (name: string, by: string): void => {
    if (state.modules[name] === undefined) return
    const known = needs.get(name) ?? []
    needs.set(name, known)
    if (!known.includes(by)) known.push(by)
    reach(name)
  }
  const reach = (name: string): void => {
    if (reached.has(name)) return
    reached.add(name)
    for (const required of state.modules[name]?.requires ?? []) need(required, `module ${name}`)
    for (const [component, { definition }] of Object.entries(state.components)) if (definition.module === name) needDependencies(component)
  }
  const needDependencies = (component: string): void => {
    const { module: own, dependsOn = [] } = state.components[component]?.definition ?? {}
    for (const dependency of dependsOn) {
      const module = state.components[dependency.component]?.definition.module
      // Of a module itself it needs nobody to say that it is needed.
      if (!dependency.optional && module !== null && module !== undefined && module !== own) need(module, `component ${component}`)
    }
  }
  for (const [name, module] of Object.entries(state.modules)) if (module.value && module.origin !== 'needed') reach(name)
  for (const [name, { definition }] of Object.entries(state.components)) if (definition.module === null) needDependencies(name)
  return needs
}

/** `a`, `a and b`, `a, b and c`. */
function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1) ?? ''}`
}

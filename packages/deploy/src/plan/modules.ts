import { SealiftError } from '@sealift/oci/sealift-error.ts'
import type { ModuleState, WantedState } from '../state.ts'
import type { Notes } from './note.ts'

/**
 * Settles which modules are on: those that the site or the vendor's default switched on, and what
 * they need, by `requires` and by the components that their components cannot do without. What was
 * on only because something needed it goes off with the last that does.
 *
 * @throws SealiftError `MODULE_NEEDED` where the site switched off what something that is on needs
 */
export function settleModules(state: WantedState, notes: Notes): WantedState {
  const on = new Map<string, string>()
  const need = (name: string, by: string): void => {
    if (on.has(name)) return
    const module = state.modules[name]
    if (module === undefined) return
    if (module.origin === 'site' && !module.value) {
      throw new SealiftError('MODULE_NEEDED', `module ${name} is to be off, but ${by} needs it`, {
        hint: `Leave ${name} on, or switch off as well what needs it.`,
        details: { module: name, neededBy: by },
      })
    }
    on.set(name, by)
    for (const required of module.requires) need(required, `module ${name}`)
    for (const [component, { definition }] of Object.entries(state.components)) {
      if (definition.module === name) needDependencies(component)
    }
  }
  const needDependencies = (component: string): void => {
    for (const dependency of state.components[component]?.definition.dependsOn ?? []) {
      const module = state.components[dependency.component]?.definition.module
      if (!dependency.optional && module !== null && module !== undefined) need(module, `component ${component}`)
    }
  }
  for (const [name, module] of Object.entries(state.modules)) {
    if (module.value && module.origin !== 'needed') need(name, '')
  }
  for (const [name, { definition }] of Object.entries(state.components)) if (definition.module === null) needDependencies(name)
  const modules: Record<string, ModuleState> = {}
  for (const [name, module] of Object.entries(state.modules)) {
    const by = on.get(name)
    const chosen = module.value && module.origin !== 'needed'
    if (by === undefined) modules[name] = module.value ? { ...module, value: false, origin: 'vendor' } : module
    else if (chosen) modules[name] = module
    else {
      modules[name] = { ...module, value: true, origin: 'needed' }
      notes.add({ component: null, kind: 'module', name, effect: 'changed', why: `Switched on since ${by} needs it.` })
    }
  }
  return { ...state, modules }
}

import type { Module } from '../../schema/module.ts'
import { labelOf, unusedName } from '../component-name.ts'
import type { Draft } from './draft.ts'

/** Profiles as modules. */
export interface DraftModules {
  readonly modules: readonly Module[]
  /** The module of each component that has one. */
  readonly ofComponent: ReadonlyMap<string, string>
}

/**
 * Makes each profile a module. A component of several profiles is there where one of them is on: it gets
 * a module of its own, which each of them requires.
 */
export function draftModules({ components, activeProfiles }: Draft): DraftModules {
  const names = new Map<string, string>()
  const used = new Set<string>()
  const moduleOf = (key: string, wanted: string): string => {
    const name = names.get(key) ?? unusedName(labelOf(wanted, 'module'), used)
    names.set(key, name)
    used.add(name)
    return name
  }
  const modules = new Map<string, Module>()
  const ofComponent = new Map<string, string>()
  for (const profile of new Set(components.flatMap(({ profiles }) => profiles))) {
    const name = moduleOf(profile, profile)
    modules.set(name, { name, title: profile, default: activeProfiles.includes(profile) })
  }
  for (const { name, profiles } of components) {
    if (profiles.length === 0) continue
    const [single] = profiles
    if (profiles.length === 1 && single !== undefined) {
      ofComponent.set(name, moduleOf(single, single))
      continue
    }
    const sorted = profiles.toSorted()
    const shared = moduleOf(sorted.join('\n'), sorted.join('-'))
    ofComponent.set(name, shared)
    modules.set(shared, { name: shared, title: sorted.join(', '), default: sorted.some((profile) => activeProfiles.includes(profile)) })
    for (const profile of sorted) {
      const module = modules.get(moduleOf(profile, profile))
      if (module !== undefined && module.requires?.includes(shared) !== true)
        modules.set(module.name, { ...module, requires: [...(module.requires ?? []), shared] })
    }
  }
  return { modules: [...modules.values()], ofComponent }
}

import type { Dependency } from './schema/dependency.ts'
import type { Template } from './schema/template.ts'

/** A variable that arrives because of a dependency. */
export interface InjectedValue {
  /** The name with the prefix. */
  readonly variable: string
  readonly component: string
  readonly connection: string
  /** The place of the dependency in the list. */
  readonly position: number
}

/** The variables that a list of dependencies brings, in order. Unknown components bring none. */
export function injectedValues(template: Template, dependsOn: readonly Dependency[] | undefined): readonly InjectedValue[] {
  return (dependsOn ?? []).flatMap(({ component, prefix = '', inject = true }, position) => {
    const target = inject ? template.components.find(({ name }) => name === component) : undefined
    return (target?.connection ?? []).map(({ name }) => ({ variable: `${prefix}${name}`, component, connection: name, position }))
  })
}

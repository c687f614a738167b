import type { Template } from './schema/template.ts'

/**
 * The modules that must be on where a module is: those that it requires, and those of the components
 * that its own components depend on and can't do without; directly, not theirs in turn.
 * @param module its name; undefined for the components that belong to none, which are always there
 */
export function moduleRequires(template: Template, module: string | undefined): ReadonlySet<string> {
  const modules = new Map(template.components.map((component) => [component.name, component.module]))
  const required = new Set(template.modules?.find(({ name }) => name === module)?.requires)
  for (const component of template.components) {
    if (component.module !== module) continue
    for (const { component: needed, optional = false } of component.dependsOn ?? []) {
      const other = modules.get(needed)
      if (!optional && other !== undefined && other !== module) required.add(other)
    }
  }
  return required
}

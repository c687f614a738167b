import type { Path } from '../problem.ts'
import { RESERVED_VALUE_NAMES } from '../value-name.ts'
import type { CheckContext } from './check-context.ts'

function unique(context: CheckContext, items: readonly { readonly name?: string }[] | undefined, path: Path, what: string): void {
  const first = new Map<string, number>()
  for (const [position, { name }] of (items ?? []).entries()) {
    if (name === undefined) continue
    const before = first.get(name)
    if (before === undefined) first.set(name, position)
    else
      context.report(
        [...path, position, 'name'],
        `${what} ${name} is there already, as item ${before} of the list (counted from 0). Give one of them another name.`,
      )
  }
}

/** Names are unique among their like, and none is one that `${self.…}` keeps for itself. */
export function checkNames(context: CheckContext): void {
  const { template } = context
  unique(context, template.components, ['components'], 'component')
  unique(context, template.modules, ['modules'], 'module')
  unique(context, template.parameters, ['parameters'], 'parameter')
  unique(context, template.plugins, ['plugins'], 'plugin')
  unique(context, template.checks, ['checks'], 'check')
  unique(context, template.alerts, ['alerts'], 'alert')
  unique(context, template.routes, ['routes'], 'route')
  unique(context, template.artifacts, ['artifacts'], 'artifact')
  unique(context, template.configurationGroups, ['configurationGroups'], 'configuration group')
  for (const [position, { env }] of (template.configurationGroups ?? []).entries()) {
    unique(context, env, ['configurationGroups', position, 'env'], 'variable')
  }
  for (const [position, plugin] of (template.plugins ?? []).entries()) {
    unique(context, plugin.env, ['plugins', position, 'env'], 'variable')
    unique(context, plugin.ports, ['plugins', position, 'ports'], 'port')
  }
  for (const [position, { env }] of (template.checks ?? []).entries()) unique(context, env, ['checks', position, 'env'], 'variable')
  for (const [position, component] of template.components.entries()) {
    const path = ['components', position]
    unique(context, component.ports, [...path, 'ports'], `component ${component.name}: port`)
    unique(context, component.env, [...path, 'env'], `component ${component.name}: variable`)
    unique(context, component.connection, [...path, 'connection'], `component ${component.name}: connection value`)
    unique(context, component.volumes, [...path, 'volumes'], `component ${component.name}: volume`)
    unique(context, component.plugins, [...path, 'plugins'], `component ${component.name}: plugin`)
    unique(context, component.initContainers, [...path, 'initContainers'], `component ${component.name}: init container`)
    for (const [at, { env }] of (component.initContainers ?? []).entries()) unique(context, env, [...path, 'initContainers', at, 'env'], 'variable')
    for (const [moment, { env }] of Object.entries(component.hooks ?? {})) unique(context, env, [...path, 'hooks', moment, 'env'], 'variable')
    for (const [at, { name }] of (component.connection ?? []).entries()) {
      if (RESERVED_VALUE_NAMES.includes(name)) {
        context.report(
          [...path, 'connection', at, 'name'],
          `${name} means something else in \${self.${name}}. Choose another name, such as ${name.toUpperCase()}.`,
        )
      }
    }
  }
}

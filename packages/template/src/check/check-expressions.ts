import { suggestion } from '../did-you-mean.ts'
import { namesIn, parseExpression } from '../expression.ts'
import { expressionPlaces } from '../expression-places.ts'
import type { Component } from '../schema/component.ts'
import type { Template } from '../schema/template.ts'
import type { ValueName } from '../value-name.ts'
import type { CheckContext } from './check-context.ts'

function ofComponentFault(name: ValueName & { readonly kind: 'host' | 'name' | 'port' | 'connection' }, component: Component): string | undefined {
  if (name.kind === 'port') {
    const ports = (component.ports ?? []).map(({ name }) => name)
    return ports.includes(name.port) ? undefined : `component ${component.name} has no port ${JSON.stringify(name.port)}. ${suggestion(name.port, ports)}`
  }
  if (name.kind === 'connection') {
    const values = (component.connection ?? []).map(({ name }) => name)
    if (values.includes(name.connection)) return undefined
    return `component ${component.name} has no connection value ${JSON.stringify(name.connection)}. ${suggestion(name.connection, [...values, 'host', 'name'])}`
  }
  return undefined
}

/** Why a name means nothing in a template, or undefined where it means something. `self`: the component that it is said in. */
export function valueNameFault(template: Template, name: ValueName, self: string | undefined): string | undefined {
  switch (name.kind) {
    case 'parameter': {
      const parameters = (template.parameters ?? []).map(({ name }) => name)
      return parameters.includes(name.parameter)
        ? undefined
        : `there is no parameter ${JSON.stringify(name.parameter)}. ${suggestion(name.parameter, parameters)}`
    }
    case 'module': {
      const modules = (template.modules ?? []).map(({ name }) => name)
      return modules.includes(name.module) ? undefined : `there is no module ${JSON.stringify(name.module)}. ${suggestion(name.module, modules)}`
    }
    case 'site':
      return undefined
    case 'host':
    case 'name':
    case 'port':
    case 'connection':
    default: {
      const wanted = name.component ?? self
      if (wanted === undefined) return 'self means nothing here. Write components.NAME instead.'
      const component = template.components.find((each) => each.name === wanted)
      if (component !== undefined) return ofComponentFault(name, component)
      return `there is no component ${JSON.stringify(wanted)}. ${suggestion(
        wanted,
        template.components.map(({ name }) => name),
      )}`
    }
  }
}

/** Characters of all texts with names, counted wherever they are used: what a group holds is read anew for each component that uses it. */
const MAX_TEXT = 32 * 1024 * 1024

/** Every `${…}` is well formed and names something that is there. */
export function checkExpressions(context: CheckContext): void {
  let length = 0
  for (const { path, text, self } of expressionPlaces(context.template)) {
    if (context.isFull) return
    if (!text.includes('${')) continue
    length += text.length
    if (length > MAX_TEXT) return context.report(path, `the texts with names in them have more than ${MAX_TEXT} characters in all. Put large ones into files.`)
    const expression = context.attempt(path, () => parseExpression(text))
    for (const name of expression === undefined ? [] : namesIn(expression)) {
      const fault = valueNameFault(context.template, name, self)
      if (fault !== undefined) context.report(path, `\${${name.text}}: ${fault}`)
    }
  }
}

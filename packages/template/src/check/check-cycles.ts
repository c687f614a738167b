import { isSealiftError } from '@sealift/oci/sealift-error.ts'
import { waitOf } from '../dependency-wait.ts'
import { type Expression, namesIn, parseExpression } from '../expression.ts'
import { findCycle } from '../find-cycle.ts'
import type { Path } from '../problem.ts'
import type { CheckContext } from './check-context.ts'

const round = (cycle: readonly string[]): string => [...cycle, cycle[0]].join(' → ')

function waits(context: CheckContext): void {
  const { template } = context
  const edges = new Map(
    template.components.map((component) => [
      component.name,
      (component.dependsOn ?? [])
        .filter((dependency) => dependency.component !== component.name && waitOf(dependency, template) !== 'none')
        .map(({ component }) => component),
    ]),
  )
  const cycle = findCycle(edges)
  if (cycle === undefined) return
  const position = template.components.findIndex(({ name }) => name === cycle[0])
  const next = cycle[1] ?? cycle[0]
  const at = template.components[position]?.dependsOn?.findIndex(({ component }) => component === next) ?? 0
  context.report(['components', position, 'dependsOn', at], `these wait for each other for ever: ${round(cycle)}. Write wait: none in one of them.`)
}

/** The names in a text; malformed texts are reported elsewhere. */
function names(text: string): ReturnType<typeof namesIn> {
  let expression: Expression
  try {
    expression = parseExpression(text)
  } catch (thrown) {
    if (isSealiftError(thrown)) return []
    throw thrown
  }
  return namesIn(expression)
}

function values(context: CheckContext): void {
  const edges = new Map<string, string[]>()
  const places = new Map<string, Path>()
  const add = (node: string, text: string, self: string, path: Path): void => {
    places.set(node, path)
    edges.set(
      node,
      names(text).flatMap((name) => {
        if (name.kind === 'connection') return [`${name.component ?? self}.${name.connection}`]
        return name.kind === 'host' ? [`${name.component ?? self}.host`] : []
      }),
    )
  }
  for (const [position, { name, connection, address }] of context.template.components.entries()) {
    if (address !== undefined) add(`${name}.host`, address, name, ['components', position, 'address'])
    for (const [at, { name: value, value: text }] of (connection ?? []).entries()) {
      if (text !== undefined) add(`${name}.${value}`, text, name, ['components', position, 'connection', at, 'value'])
    }
  }
  const cycle = findCycle(edges)
  const path = places.get(cycle?.[0] ?? '')
  if (cycle === undefined || path === undefined) return
  context.report(
    path,
    `${cycle.length === 1 ? 'the value is made of itself' : 'these values are made of each other'}: ${round(cycle)}. Give one of them a value of its own.`,
  )
}

function modules(context: CheckContext): void {
  const list = context.template.modules ?? []
  const cycle = findCycle(new Map(list.map(({ name, requires }) => [name, requires ?? []])))
  const position = list.findIndex(({ name }) => name === cycle?.[0])
  if (cycle === undefined || position < 0) return
  context.report(['modules', position, 'requires'], `these modules require each other: ${round(cycle)}. Make them one module, or remove one of the lines.`)
}

/** Nothing waits for itself, is made of itself or requires itself, by whatever detour. */
export function checkCycles(context: CheckContext): void {
  waits(context)
  values(context)
  modules(context)
}

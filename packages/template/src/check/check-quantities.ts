import { parseReference } from '@sealift/oci/reference.ts'
import { parseByteSize } from '../byte-size.ts'
import { parseCpu } from '../cpu.ts'
import { imagePlaces } from '../image-places.ts'
import type { Path } from '../problem.ts'
import type { Scaling } from '../schema/scaling.ts'
import { parseVersion, parseVersionRange } from '../version.ts'
import type { CheckContext } from './check-context.ts'

function checkBounds(context: CheckContext, path: Path, low: number | undefined, high: number | undefined, names: readonly [string, string]): void {
  if (low !== undefined && high !== undefined && low > high) context.report([...path, names[1]], `${names[1]} (${high}) is less than ${names[0]} (${low}).`)
}

function checkScaling(context: CheckContext, scaling: Scaling, path: Path): void {
  const { min = 1, max = Math.max(1, min), step = 1, initial = min, metric } = scaling
  checkBounds(context, path, min, max, ['min', 'max'])
  if (min <= max && (initial < min || initial > max)) context.report([...path, 'initial'], `is ${initial}, outside ${min} to ${max}.`)
  else if ((initial - min) % step !== 0) context.report([...path, 'initial'], `is ${initial}, which steps of ${step} from ${min} don't meet.`)
  if (metric !== undefined && (metric.kind === 'query') !== (metric.query !== undefined)) {
    context.report(
      [...path, 'metric', 'query'],
      metric.kind === 'query' ? 'is missing for kind: query.' : `has no meaning for kind: ${metric.kind}. Remove it.`,
    )
  }
}

function checkResources(context: CheckContext): void {
  for (const [position, { resources, scaling }] of context.template.components.entries()) {
    const path = ['components', position, 'scaling']
    if (scaling === undefined) continue
    checkScaling(context, scaling, path)
    const { minMemory, maxMemory, minCpu, maxCpu } = scaling
    const size = (field: string, text: string | undefined): number | undefined =>
      text === undefined ? undefined : context.attempt([...path, field], () => parseByteSize(text, field))
    const [low, high, memory] = [size('minMemory', minMemory), size('maxMemory', maxMemory), size('memory', resources?.memory)]
    checkBounds(context, path, low, high, ['minMemory', 'maxMemory'])
    const cores = (text: string | undefined): number | undefined => (text === undefined ? undefined : parseCpu(text))
    checkBounds(context, path, cores(minCpu), cores(maxCpu), ['minCpu', 'maxCpu'])
    const cpu = cores(resources?.cpu)
    const outside = (value: number | undefined, from: number | undefined, to: number | undefined): boolean =>
      value !== undefined && ((from !== undefined && value < from) || (to !== undefined && value > to))
    if (outside(memory, low, high)) context.report(['components', position, 'resources', 'memory'], `${resources?.memory} is outside what scaling allows.`)
    if (outside(cpu, cores(minCpu), cores(maxCpu)))
      context.report(['components', position, 'resources', 'cpu'], `${resources?.cpu} is outside what scaling allows.`)
  }
}

/** Images, versions and bounds mean something. */
export function checkQuantities(context: CheckContext): void {
  const { template } = context
  for (const { path, image } of imagePlaces(template)) {
    context.attempt(path, () => parseReference(image))
  }
  const { version, upgradeFrom } = template.release ?? {}
  if (version !== undefined) context.attempt(['release', 'version'], () => parseVersion(version))
  if (upgradeFrom !== undefined) context.attempt(['release', 'upgradeFrom'], () => parseVersionRange(upgradeFrom))
  const engine = template.requires?.engine
  if (engine !== undefined) context.attempt(['requires', 'engine'], () => parseVersionRange(engine))
  for (const [position, plugin] of (template.plugins ?? []).entries()) context.attempt(['plugins', position, 'version'], () => parseVersion(plugin.version))
  checkResources(context)
}

import type { TSchema } from 'typebox'
import { AlertSchema } from './schema/alert.ts'
import { ArtifactSchema } from './schema/artifact.ts'
import { CheckSchema } from './schema/check.ts'
import { ComponentSchema, PrivilegedSchema, UpdateStrategySchema } from './schema/component.ts'
import { ConfigFileSchema } from './schema/config-file.ts'
import { ConfigurationGroupSchema } from './schema/configuration-group.ts'
import { ConnectionValueSchema } from './schema/connection-value.ts'
import { DependencySchema } from './schema/dependency.ts'
import { EnvVariableSchema } from './schema/env-variable.ts'
import { GenerateSchema } from './schema/generate.ts'
import { HookSchema } from './schema/hooks.ts'
import { InitContainerSchema } from './schema/init-container.ts'
import { ModuleSchema } from './schema/module.ts'
import { MonitorSchema } from './schema/monitor.ts'
import { ParameterSchema } from './schema/parameter.ts'
import { PluginSchema, PluginUseSchema } from './schema/plugin.ts'
import { PortSchema, PublicPortSchema } from './schema/port.ts'
import { HttpProbeSchema, ProbeSchema, ProbesSchema } from './schema/probe.ts'
import { ReleaseHeaderSchema } from './schema/release-header.ts'
import { RequiresSchema } from './schema/requires.ts'
import { GpusSchema, ResourcesSchema } from './schema/resources.ts'
import { RouteSchema, RouteTimeoutsSchema, RouteTlsSchema } from './schema/route.ts'
import { ScalingMetricSchema, ScalingSchema } from './schema/scaling.ts'
import { TemplateSchema } from './schema/template.ts'
import { VolumeSchema } from './schema/volume.ts'

/** The parts of a template that its reference has a table of. */
const NOUNS: Readonly<Record<string, TSchema>> = {
  template: TemplateSchema,
  release: ReleaseHeaderSchema,
  requires: RequiresSchema,
  parameter: ParameterSchema,
  module: ModuleSchema,
  component: ComponentSchema,
  port: PortSchema,
  'public port': PublicPortSchema,
  'environment variable': EnvVariableSchema,
  'connection value': ConnectionValueSchema,
  generate: GenerateSchema,
  dependency: DependencySchema,
  volume: VolumeSchema,
  file: ConfigFileSchema,
  probes: ProbesSchema,
  probe: ProbeSchema,
  'http probe': HttpProbeSchema,
  resources: ResourcesSchema,
  scaling: ScalingSchema,
  metric: ScalingMetricSchema,
  hook: HookSchema,
  'init container': InitContainerSchema,
  'configuration group': ConfigurationGroupSchema,
  'plugin use': PluginUseSchema,
  plugin: PluginSchema,
  monitor: MonitorSchema,
  update: UpdateStrategySchema,
  privileged: PrivilegedSchema,
  gpus: GpusSchema,
  route: RouteSchema,
  tls: RouteTlsSchema,
  timeouts: RouteTimeoutsSchema,
  alert: AlertSchema,
  check: CheckSchema,
  artifact: ArtifactSchema,
}

interface Field {
  readonly type?: string
  readonly const?: string
  readonly enum?: readonly string[]
  readonly anyOf?: readonly Field[]
  readonly items?: Field
  readonly properties?: Readonly<Record<string, Field>>
  readonly required?: readonly string[]
  readonly default?: string | number | boolean
  readonly description?: string
}

const WORDS: Readonly<Record<string, string>> = { string: 'text', integer: 'whole number', boolean: 'true, false', object: 'mapping' }

function kind({ type = '', const: constant, enum: words, anyOf, items }: Field): string {
  if (constant !== undefined) return `\`${constant}\``
  if (words !== undefined) return words.map((word) => `\`${word}\``).join(', ')
  if (anyOf !== undefined) return anyOf.map(kind).join(' or ')
  if (type === 'array') return items?.type === 'object' ? 'list' : `list of ${kind(items ?? {})}`
  return WORDS[type] ?? type
}

function table(noun: string): string {
  const schema: Field | undefined = NOUNS[noun]
  if (schema === undefined) throw new TypeError(`docs/template.md asks for the fields of ${noun}, which is none of ${Object.keys(NOUNS).join(', ')}`)
  const rows = Object.entries(schema.properties ?? {}).map(([name, field]) => {
    const needed = schema.required?.includes(name) ? ' **required**' : ''
    const fallback = field.default === undefined ? '' : ` Default: \`${String(field.default)}\`.`
    return `| \`${name}\` | ${kind(field)}${needed} | ${(field.description ?? '').replaceAll('|', '\\|')}${fallback} |`
  })
  return ['| field | | |', '|---|---|---|', ...rows].join('\n')
}

const MARKED = /(<!-- fields of ([a-z ]+) -->\n)[\s\S]*?(<!-- end -->)/g

/** The reference of the template with its tables of fields written anew; the rest of the text stays. */
export function withFieldTables(markdown: string): string {
  return markdown.replaceAll(MARKED, (_whole, begin: string, noun: string, end: string) => `${begin}${table(noun)}\n${end}`)
}

/** The parts of a template that a reference has no table of. */
export function missingTables(markdown: string): readonly string[] {
  const there = new Set([...markdown.matchAll(MARKED)].map(([, , noun]) => noun))
  return Object.keys(NOUNS).filter((noun) => !there.has(noun))
}

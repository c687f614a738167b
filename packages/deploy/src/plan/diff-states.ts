import { canonicalJson } from '@sealift/template/canonical-json.ts'
import {
  type Amount,
  type CheckState,
  type ComponentDefinition,
  type ComponentState,
  type Dependency,
  type FileState,
  isActive,
  type Json,
  type ModuleState,
  type PortState,
  type ProbeDefinition,
  type VolumeState,
  type WantedState,
} from '../state.ts'
import { MASK, sameContent, shownValue, type Value } from '../value.ts'
import { type Draft, ItemList, type Shown, type Why } from './item-list.ts'
import type { Notes } from './note.ts'
import type { ItemKind } from './plan.ts'
import { shownDependency, shownHook, shownImage, shownInitContainer, shownPlugin, shownPort, shownProbe, shownVolume } from './shown.ts'

const WHY: Readonly<Record<'added' | 'changed' | 'removed', string>> = {
  added: 'The release brings it.',
  changed: 'Taken from the release.',
  removed: 'It is wanted no longer.',
}

/** Under which kind a plan shows a part of a component's definition. */
const DEFINITION_KINDS: Readonly<Partial<Record<keyof ComponentDefinition, ItemKind>>> = {
  entrypoint: 'command',
  command: 'command',
}

function shownOr<T>(thing: T | undefined, shown: (thing: T) => string): Shown {
  return thing === undefined ? null : shown(thing)
}

function shownFile({ content, mode, template, uid = 0, gid = 0 }: FileState): string {
  const text = content.secret || content.secretId !== undefined ? MASK : content.expression.slice(7, 19)
  const owner = uid === 0 && gid === 0 ? '' : `, owner ${uid}:${gid}`
  return `${text}${content.origin === 'site' ? ' (of the site)' : ''}, mode ${mode.toString(8).padStart(4, '0')}${owner}${template ? ', a template' : ''}`
}

function shownJson(value: unknown): Shown {
  if (value === undefined) return null
  if (typeof value === 'string') return value
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value.join(' ')
  return canonicalJson(value)
}

/** A sentence, and whatever it leaves out: what differs is to be seen. */
function withRest(text: string, rest: Readonly<Record<string, Json>>): string {
  return Object.keys(rest).length === 0 ? text : `${text}, ${canonicalJson(rest)}`
}

const text = (json: Json | undefined): string => (typeof json === 'string' ? json : canonicalJson(json))

function shownRoute(definition: Json): string {
  const { component, port, name: _, host: __, path: ___, ...rest } = definition as Readonly<Record<string, Json>>
  return withRest(`to ${text(component)}:${text(port)}`, rest)
}

function shownCheck({ title, image, entrypoint = [], command = [], env, dependsOn, timeout }: CheckState): string {
  const program = [...entrypoint, ...command].join(' ')
  const uses = dependsOn.map((dependency) => `${dependency.component} (${shownDependency(dependency)})`).join(', ')
  const parts = [
    ...(title === undefined ? [] : [title]),
    shownImage(image),
    ...(program === '' ? [] : [program]),
    `at most ${timeout} s`,
    ...(uses === '' ? [] : [`uses ${uses}`]),
  ]
  return withRest(parts.join(', '), env)
}

const sameJson = (a: unknown, b: unknown): boolean => canonicalJson(a) === canonicalJson(b)

function samePort(a: PortState, b: PortState): boolean {
  return a.port === b.port && a.protocol === b.protocol && sameJson(a.public, b.public)
}

function probesOf({ probes }: ComponentDefinition): Readonly<Record<string, ProbeDefinition>> {
  return Object.fromEntries(Object.entries(probes))
}

function dependenciesOf({ dependsOn }: ComponentDefinition): Readonly<Record<string, Dependency>> {
  return Object.fromEntries(dependsOn.map((dependency) => [dependency.component, dependency]))
}

function namedOf<T extends { readonly name: string }>(things: readonly T[] | undefined): Readonly<Record<string, T>> {
  return Object.fromEntries((things ?? []).map((thing) => [thing.name, thing]))
}

/** How two states are compared. */
export interface DiffOptions {
  /** The reason for a difference without a note. */
  readonly why?: Why
  /** Also what is switched off, as two recorded states are compared; a plan shows only what runs. */
  readonly everything?: boolean
  /** What a value is; with it a value differs also where only this does. */
  readonly shownAs?: (value: Value) => string
  /** What components of the later state were called before, where the earlier one has them under their new names already. */
  readonly renamed?: ReadonlyMap<string, string>
}

/** What is carried and what is acted on can have one name. */
const CARRIED_NAMES: Readonly<Record<string, string>> = { scaling: 'autoscaling' }

function carriedOf({ carried }: ComponentDefinition): Readonly<Record<string, Json>> {
  return Object.fromEntries(Object.entries(carried).map(([name, value]) => [CARRIED_NAMES[name] ?? name, value]))
}

function compareDefinitions(list: ItemList, name: string, before: ComponentDefinition, after: ComponentDefinition): void {
  for (const key of new Set([...Object.keys(after), ...Object.keys(before)]) as Set<keyof ComponentDefinition>) {
    if (key === 'carried') {
      list.table(name, 'setting', carriedOf(before), carriedOf(after), (json) => shownJson(json) ?? '', sameJson)
      continue
    }
    if (key === 'probes') {
      list.table(name, 'probe', probesOf(before), probesOf(after), shownProbe, sameJson)
      continue
    }
    if (key === 'dependsOn') {
      list.table(name, 'dependency', dependenciesOf(before), dependenciesOf(after), shownDependency, sameJson)
      continue
    }
    if (key === 'initContainers') {
      list.table(name, 'initContainer', namedOf(before.initContainers), namedOf(after.initContainers), shownInitContainer, sameJson)
      // Which of them changed says nothing of their order.
      const order = (definition: ComponentDefinition): readonly string[] => (definition.initContainers ?? []).map(({ name }) => name)
      const reordered = sameJson(order(before).toSorted(), order(after).toSorted()) && !sameJson(order(before), order(after))
      list.compare(name, 'setting', 'order of init containers', order(before).join(' '), order(after).join(' '), reordered)
      continue
    }
    if (key === 'plugins') {
      list.table(name, 'plugin', namedOf(before.plugins), namedOf(after.plugins), shownPlugin, sameJson)
      continue
    }
    if (key === 'hooks') {
      list.table(name, 'hook', { ...before.hooks }, { ...after.hooks }, shownHook, sameJson)
      continue
    }
    const [now, then] = [before[key], after[key]]
    list.compare(name, DEFINITION_KINDS[key] ?? 'setting', key, shownJson(now), shownJson(then), !sameJson(now, then))
  }
}

function compareComponents(
  list: ItemList,
  name: string,
  before: ComponentState,
  after: ComponentState,
  { shownAs, renamed, everything = false }: DiffOptions,
): void {
  const was = renamed?.get(name)
  const runs = ({ leftOver }: ComponentState): string => (everything && leftOver === true ? 'runs, left over' : 'runs')
  const now = was === undefined ? runs(before) : `runs as ${was}`
  list.compare(name, 'component', name, now, runs(after), was !== undefined || before.leftOver !== after.leftOver)
  list.compare(name, 'image', 'image', shownOr(before.image, shownImage), shownOr(after.image, shownImage), before.image?.config !== after.image?.config)
  compareDefinitions(list, name, before.definition, after.definition)
  const same = shownAs === undefined ? sameContent : (a: Value, b: Value): boolean => sameContent(a, b) && shownAs(a) === shownAs(b)
  const values = (kind: 'env' | 'connection'): void => list.table<Value>(name, kind, before[kind], after[kind], shownAs ?? shownValue, same)
  values('env')
  values('connection')
  list.table(name, 'file', before.files, after.files, shownFile, (a, b) => sameJson(formOf(a), formOf(b)))
  list.table(
    name,
    'volume',
    before.volumes,
    after.volumes,
    shownVolumeState,
    (a, b) => sameContent(a.definition, b.definition) && a.generation === b.generation && sameJson(a.heldAs, b.heldAs),
  )
  list.table(name, 'port', before.ports, after.ports, shownPort, samePort)
  const amount = <T>(kind: 'cpu' | 'memory' | 'replicas', a: Amount<T>, b: Amount<T>): void => {
    const [now, then] = [a, b].map((each) => shownAmount(each, everything))
    list.compare(name, kind, kind, now ?? null, then ?? null, a.value !== b.value || now !== then)
  }
  amount('cpu', before.cpu, after.cpu)
  amount('memory', before.memory, after.memory)
  amount('replicas', before.replicas, after.replicas)
}

function shownVolumeState({ definition, generation, heldAs }: VolumeState): string {
  const held = heldAs === undefined ? '' : `, held as ${heldAs.component}/${heldAs.volume}`
  return `${shownVolume(definition.expression)}${generation === 1 ? '' : `, generation ${generation}`}${held}`
}

function shownAmount<T>({ value, origin }: Amount<T>, withOrigin: boolean): Shown {
  return value === null ? null : `${String(value)}${withOrigin && origin === 'site' ? ' (of the site)' : ''}`
}

function formOf({ content, mode, template, uid, gid }: FileState): unknown {
  return { content: content.secretId ?? content.expression, mode, template, uid: uid ?? 0, gid: gid ?? 0 }
}

/** What a component that comes anew has of its own to tell: what is generated and allocated for it, and what its site set. */
function describeNew(list: ItemList, name: string, notes: Notes, component: ComponentState): void {
  for (const [kind, values] of [
    ['env', component.env],
    ['connection', component.connection],
  ] as const) {
    for (const [variable, value] of Object.entries(values)) {
      if (value.origin !== 'vendor') list.compare(name, kind, variable, null, shownValue(value), true)
    }
  }
  for (const [path, file] of Object.entries(component.files)) if (file.content.origin === 'site') list.compare(name, 'file', path, null, shownFile(file), true)
  for (const [port, state] of Object.entries(component.ports)) {
    if (notes.get({ component: name, kind: 'port', name: port }) !== undefined) list.compare(name, 'port', port, null, shownPort(state), true)
  }
  for (const kind of ['cpu', 'memory', 'replicas'] as const) {
    const { value, origin } = component[kind]
    if (origin === 'site') list.compare(name, kind, kind, null, String(value), true)
  }
}

/**
 * Every attribute in which two states differ, and every one about which the notes have something to say.
 */
export function diffStates(before: WantedState | null, after: WantedState, notes: Notes, options: DiffOptions = {}): readonly Draft[] {
  const { why = (effect) => WHY[effect], everything = false, shownAs } = options
  const list = new ItemList(notes, why)
  const release = ({ version, digest }: WantedState['release']): string => `${version} (${digest.slice(7, 19)})`
  if (before !== null)
    list.compare(null, 'release', after.release.application, release(before.release), release(after.release), before.release.digest !== after.release.digest)
  const parameters = (state: WantedState | null): Readonly<Record<string, Value>> =>
    Object.fromEntries(Object.entries(state?.parameters ?? {}).map(([name, { value }]) => [name, value]))
  if (before === null) {
    for (const [name, value] of Object.entries(parameters(after))) list.compare(null, 'parameter', name, null, shownValue(value), true)
  } else {
    const same = shownAs === undefined ? sameContent : (a: Value, b: Value): boolean => sameContent(a, b) && shownAs(a) === shownAs(b)
    list.table(null, 'parameter', parameters(before), parameters(after), shownAs ?? shownValue, same)
  }
  const onOff = ({ value, origin }: ModuleState): string => `${value ? 'on' : 'off'}${everything && origin === 'site' ? ' (by the site)' : ''}`
  list.table(null, 'module', before?.modules ?? {}, after.modules, onOff, (a, b) => a.value === b.value && onOff(a) === onOff(b))
  for (const name of new Set([...Object.keys(after.components), ...Object.keys(before?.components ?? {})])) {
    const [now, then] = [before?.components[name], after.components[name]]
    const ran = before !== null && now !== undefined && isActive(before, name)
    const runs = then !== undefined && isActive(after, name)
    if (!ran && !runs && !everything) continue
    if (now !== undefined && then !== undefined && (everything || (ran && runs))) compareComponents(list, name, now, then, options)
    else {
      list.compare(name, 'component', name, ran ? 'runs' : null, runs ? 'runs' : null, true)
      if (runs) describeNew(list, name, notes, then)
    }
  }
  list.table(null, 'check', before?.checks ?? {}, after.checks, shownCheck, sameJson)
  list.table(
    null,
    'route',
    before?.routes ?? {},
    after.routes,
    ({ definition }) => shownRoute(definition),
    (a, b) => sameJson(a.definition, b.definition),
  )
  list.table(null, 'alert', alertsOf(before), alertsOf(after), shownAlert, sameJson)
  return list.items
}

function alertsOf(state: WantedState | null): Readonly<Record<string, Json>> {
  return Object.fromEntries((state?.alerts ?? []).map((alert) => [(alert as { readonly name: string }).name, alert]))
}

function shownAlert(alert: Json): string {
  const { name: _, expr, ...rest } = alert as Readonly<Record<string, Json>>
  return withRest(text(expr), rest)
}

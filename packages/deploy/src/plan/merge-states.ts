import { parseByteSize } from '@sealift/template/byte-size.ts'
import { canonicalJson } from '@sealift/template/canonical-json.ts'
import { parseCpu } from '@sealift/template/cpu.ts'
import { generatedSecretId } from '../secret-vault.ts'
import type {
  Amount,
  ComponentState,
  FileState,
  ModuleState,
  ParameterState,
  PortState,
  RouteState,
  ScalingBounds,
  Setting,
  VolumeState,
  WantedState,
} from '../state.ts'
import { shownDefault, type Value, type VendorValue } from '../value.ts'
import { type MergedValue, mergeValue } from '../value-merge.ts'
import type { VendorComponent, VendorState } from '../vendor-state.ts'
import type { Decisions } from './decisions.ts'
import { type Note, Notes } from './note.ts'
import { shownVolume } from './shown.ts'

/** What merging is done with. */
export interface MergeOptions {
  readonly installation: string
  readonly decisions: Decisions
  /** Takes away what an earlier release had and this one has no more. */
  readonly prune: boolean
  readonly platform: WantedState['platform']
  readonly site: Readonly<Record<string, string>>
}

const LEFT_OVER = 'The release no longer has it; it stays until it is pruned.'

function union<T>(a: Readonly<Record<string, T>> | undefined, b: Readonly<Record<string, unknown>> | undefined): readonly string[] {
  return [...new Set([...Object.keys(b ?? {}), ...Object.keys(a ?? {})])]
}

/**
 * Brings an installation under a release, attribute by attribute: what DESIGN's table of an upgrade
 * says. An installation that is new (`current` null) is the same with nothing to keep.
 */
export function mergeStates(current: WantedState | null, vendor: VendorState, options: MergeOptions): { next: WantedState; notes: Notes } {
  const notes = new Notes()
  const components: Record<string, ComponentState> = {}
  for (const name of union(current?.components, vendor.components)) {
    const merged = new ComponentMerge(name, current?.components[name], vendor.components[name], options, notes).merge()
    if (merged !== undefined) components[name] = merged
  }
  const next: WantedState = {
    format: 1,
    release: vendor.release,
    platform: options.platform,
    parameters: mergeParameters(current, vendor, options, notes),
    modules: mergeModules(current, vendor),
    components,
    checks: vendor.checks,
    routes: mergeRoutes(current, vendor, options, notes),
    alerts: vendor.alerts,
    allocations: current?.allocations ?? { hostPorts: {} },
    site: options.site,
  }
  return { next, notes }
}

function noteOf(component: string | null, kind: Note['kind'], name: string, { effect, why, value }: MergedValue, shown = shownDefault): Note {
  return { component, kind, name, effect, why, ...(effect === 'offered' && value.vendor !== null ? { offered: shown(value, value.vendor) } : {}) }
}

function mergeParameters(current: WantedState | null, vendor: VendorState, { decisions, prune, installation }: MergeOptions, notes: Notes) {
  const parameters: Record<string, ParameterState> = {}
  for (const name of union(current?.parameters, vendor.parameters)) {
    const before = current?.parameters[name]
    const theirs = vendor.parameters[name]
    if (theirs === undefined && before?.value.vendor !== null && prune) continue
    if (theirs === undefined && prune && before?.value.leftOver) continue
    const item = { component: null, kind: 'parameter', name } as const
    const definition = theirs?.definition ?? before?.definition
    if (definition === undefined) continue
    if (theirs !== undefined && theirs.value === null) {
      // Without a default there is nothing that could be offered: the site's value stays, or is asked for.
      const { leftOver: _, ...kept } = before?.value ?? UNSET
      parameters[name] = { definition, value: { ...kept, vendor: null, secret: definition.type === 'secret' || kept.secret } }
      continue
    }
    const merged = mergeValue(
      before?.value === UNSET ? undefined : before?.value,
      theirs?.value ?? undefined,
      decisions.for(item),
      `${installation}/parameter/${name}`,
    )
    parameters[name] = { definition, value: merged.value }
    if (merged.noteworthy) notes.add(noteOf(null, 'parameter', name, merged))
  }
  return parameters
}

/** A parameter without default and answer. */
export const UNSET: Value = { expression: '', origin: 'vendor', decided: null, vendor: null, onUpgrade: 'keep', secret: false }

/** Whether a parameter has neither a default nor an answer. */
export function isUnset({ value }: ParameterState): boolean {
  return value.origin === 'vendor' && value.vendor === null && value.expression === '' && value.leftOver === undefined
}

function mergeModules(current: WantedState | null, vendor: VendorState): Readonly<Record<string, ModuleState>> {
  const modules: Record<string, ModuleState> = {}
  for (const [name, { title, default: isDefault, requires }] of Object.entries(vendor.modules)) {
    const before = current?.modules[name]
    // What the site switched stays so; what came by default or need is decided anew by the same rule.
    const setting: Setting<boolean> =
      before?.origin === 'site' ? { value: before.value, origin: 'site' } : { value: before?.value ?? isDefault, origin: 'vendor' }
    const value = before !== undefined && before.origin === 'vendor' ? before.value : before?.origin === 'needed' ? isDefault : setting.value
    modules[name] = { title, default: isDefault, requires, origin: setting.origin, value }
  }
  for (const [name, before] of Object.entries(current?.modules ?? {})) {
    const usedByLeftOver = Object.values(current?.components ?? {}).some(({ definition }) => definition.module === name)
    if (modules[name] === undefined && usedByLeftOver) modules[name] = before
  }
  return modules
}

function mergeRoutes(current: WantedState | null, vendor: VendorState, { prune }: MergeOptions, notes: Notes) {
  const routes: Record<string, RouteState> = {}
  for (const name of union(current?.routes, vendor.routes)) {
    const definition = vendor.routes[name]
    if (definition !== undefined) {
      routes[name] = { definition }
      continue
    }
    const before = current?.routes[name]
    if (before === undefined || prune) continue
    routes[name] = { ...before, leftOver: true }
    notes.add({ component: null, kind: 'route', name, effect: 'leftOver', why: LEFT_OVER })
  }
  return routes
}

/** Merges one component. */
class ComponentMerge {
  readonly #name: string
  readonly #before: ComponentState | undefined
  readonly #vendor: VendorComponent | undefined
  readonly #options: MergeOptions
  readonly #notes: Notes

  constructor(name: string, before: ComponentState | undefined, vendor: VendorComponent | undefined, options: MergeOptions, notes: Notes) {
    this.#name = name
    this.#before = before
    this.#vendor = vendor
    this.#options = options
    this.#notes = notes
  }

  /** Undefined where it is pruned. */
  merge(): ComponentState | undefined {
    const before = this.#before
    const vendor = this.#vendor
    if (vendor === undefined) {
      if (before === undefined || this.#options.prune) return undefined
      this.#notes.add({
        component: this.#name,
        kind: 'component',
        name: this.#name,
        effect: 'leftOver',
        why: 'The release no longer has it; it is kept as it is until it is pruned.',
      })
      return { ...before, leftOver: true }
    }
    if (before?.leftOver) {
      this.#notes.add({
        component: this.#name,
        kind: 'component',
        name: this.#name,
        effect: 'changed',
        why: 'It was left over; the release has it again and adopts it.',
      })
    }
    return {
      definition: vendor.definition,
      ...(vendor.image === undefined ? {} : { image: vendor.image }),
      env: this.#values('env', before?.env, vendor.env),
      connection: this.#values('connection', before?.connection, vendor.connection),
      files: this.#files(vendor),
      volumes: this.#volumes(vendor),
      ports: this.#ports(vendor),
      cpu: this.#amount('cpu', before?.cpu, vendor.cpu, vendor.definition.scaling),
      memory: this.#amount('memory', before?.memory, vendor.memory, vendor.definition.scaling),
      replicas: this.#replicas(vendor),
    }
  }

  #value(kind: 'env' | 'connection' | 'file' | 'volume', name: string, before: Value | undefined, theirs: VendorValue | undefined): Value | undefined {
    const item = { component: this.#name, kind, name } as const
    if (theirs === undefined && this.#options.prune && (before?.vendor !== null || before.leftOver)) return undefined
    const secretId = generatedSecretId(this.#options.installation, this.#name, name, theirs?.generate)
    const merged = mergeValue(before, theirs, this.#options.decisions.for(item), secretId)
    const shown =
      kind === 'volume' ? (_: unknown, text: string) => shownVolume(text) : kind === 'file' ? (_: unknown, text: string) => text.slice(7, 19) : shownDefault
    if (merged.noteworthy) this.#notes.add(noteOf(this.#name, kind, name, merged, shown))
    return merged.value
  }

  #values(kind: 'env' | 'connection', before: Readonly<Record<string, Value>> | undefined, theirs: Readonly<Record<string, VendorValue>>) {
    const values: Record<string, Value> = {}
    for (const name of union(before, theirs)) {
      const value = this.#value(kind, name, before?.[name], theirs[name])
      if (value !== undefined) values[name] = value
    }
    return values
  }

  #files(vendor: VendorComponent): Readonly<Record<string, FileState>> {
    const files: Record<string, FileState> = {}
    for (const path of union(this.#before?.files, vendor.files)) {
      const before = this.#before?.files[path]
      const theirs = vendor.files[path]
      const content = this.#value('file', path, before?.content, theirs?.content)
      if (content === undefined) continue
      const form = theirs ?? before
      if (form === undefined) continue
      const { mode, template, uid, gid } = form
      files[path] = { content, mode, template, ...(uid === undefined ? {} : { uid }), ...(gid === undefined ? {} : { gid }) }
    }
    return files
  }

  #volumes(vendor: VendorComponent): Readonly<Record<string, VolumeState>> {
    const volumes: Record<string, VolumeState> = {}
    for (const name of union(this.#before?.volumes, vendor.volumes)) {
      const before = this.#before?.volumes[name]
      const theirs = vendor.volumes[name]
      const wanted: VendorValue | undefined = theirs === undefined ? undefined : { expression: canonicalJson(theirs), onUpgrade: 'keep', secret: false }
      const definition = this.#value('volume', name, before?.definition, wanted)
      if (definition !== undefined) volumes[name] = { definition, generation: before?.generation ?? 1 }
    }
    return volumes
  }

  #ports(vendor: VendorComponent): Readonly<Record<string, PortState>> {
    const ports: Record<string, PortState> = { ...vendor.ports }
    for (const [name, before] of Object.entries(this.#before?.ports ?? {})) {
      if (ports[name] !== undefined || this.#options.prune) continue
      ports[name] = { ...before, leftOver: true }
      this.#notes.add({ component: this.#name, kind: 'port', name, effect: 'leftOver', why: LEFT_OVER })
    }
    return ports
  }

  #amount(kind: 'cpu' | 'memory', before: Amount<string | null> | undefined, theirs: string | null, bounds: ScalingBounds): Amount<string | null> {
    if (before?.origin !== 'site' || before.value === null) return { value: theirs, origin: 'vendor', vendor: theirs }
    const parse = kind === 'cpu' ? parseCpu : parseByteSize
    const least = kind === 'cpu' ? bounds.minCpu : bounds.minMemory
    const most = kind === 'cpu' ? bounds.maxCpu : bounds.maxMemory
    const where = `component ${this.#name}: ${kind}`
    const amount = parse(before.value, where)
    const note = (effect: 'kept' | 'changed', why: string): void => this.#notes.add({ component: this.#name, kind, name: kind, effect, why })
    if (least !== undefined && amount < parse(least, where)) {
      note('changed', `Set by the site, and raised to the least that the release allows (${least}).`)
      return { value: least, origin: 'site', vendor: theirs }
    }
    if (most !== undefined && amount > parse(most, where)) {
      note('changed', `Set by the site, and lowered to the most that the release allows (${most}).`)
      return { value: most, origin: 'site', vendor: theirs }
    }
    note('kept', 'Set by the site and within the bounds of the release.')
    return { ...before, vendor: theirs }
  }

  #replicas(vendor: VendorComponent): Amount<number> {
    const before = this.#before?.replicas
    if (before?.origin !== 'site') return { value: vendor.replicas, origin: 'vendor', vendor: vendor.replicas }
    const value = withinBounds(before.value, vendor.definition.scaling)
    this.#notes.add(
      value === before.value
        ? { component: this.#name, kind: 'replicas', name: 'replicas', effect: 'kept', why: 'Set by the site and within the bounds of the release.' }
        : {
            component: this.#name,
            kind: 'replicas',
            name: 'replicas',
            effect: 'changed',
            why: `Set by the site, and brought within the bounds of the release (${describeBounds(vendor.definition.scaling)}).`,
          },
    )
    return { value, origin: 'site', vendor: vendor.replicas }
  }
}

/** The allowed number of replicas that is nearest to `replicas`, never more than asked for but for the least. */
export function withinBounds(replicas: number, { min, max, step }: ScalingBounds): number {
  if (replicas <= min) return min
  const capped = Math.min(replicas, max)
  return min + Math.floor((capped - min) / step) * step
}

/** `1 to 4, in steps of 2`. */
export function describeBounds({ min, max, step }: ScalingBounds): string {
  return `${min} to ${max}${step === 1 ? '' : `, in steps of ${step}`}`
}

import type { ComponentState, ModuleState, ParameterState, RouteState, Setting, WantedState } from '../state.ts'
import { mergeValue } from '../value-merge.ts'
import type { VendorState } from '../vendor-state.ts'
import { type Decisions, decisionOnValue, refuseNewDeclined } from './decisions.ts'
import { GroupChoices } from './group-choices.ts'
import { withKeptVolumes } from './kept-volumes.ts'
import { ComponentMerge, LEFT_OVER, namesOf, noteOf } from './merge-component.ts'
import { Notes } from './note.ts'
import { isUnset, UNSET } from './parameters.ts'

/** What merging is done with. */
export interface MergeOptions {
  readonly installation: string
  readonly decisions: Decisions
  /** Takes away what an earlier release had and this one has no more. */
  readonly prune: boolean
  readonly platform: WantedState['platform']
  readonly site: Readonly<Record<string, string>>
  /** Contents of files by digest, the ones that a merge makes among them afterwards. */
  readonly contents: Map<string, Buffer>
  /** For an installation made anew: what an earlier one of this name left, whose data and secrets are used again. */
  readonly kept?: WantedState | undefined
}

/**
 * Brings an installation under a release, attribute by attribute: what the table of an upgrade says.
 * An installation that is new (`current` null) is the same with nothing to keep.
 * @throws SealiftError `CHOICES_INVALID`, `VALUE_LOCKED`, `MERGE_CONFLICT` for decisions that can't be
 */
export function mergeStates(current: WantedState | null, vendor: VendorState, options: MergeOptions): { next: WantedState; notes: Notes } {
  const notes = new Notes()
  const { installation, decisions, prune, contents, kept } = options
  const components: Record<string, ComponentState> = {}
  const hostPorts: Record<string, number> = { ...(current ?? kept)?.allocations.hostPorts }
  const shared = { installation, decisions, prune, notes, contents, before: current ?? kept ?? null, groups: new GroupChoices(current) }
  for (const name of namesOf(current?.components, vendor.components)) {
    const merge = new ComponentMerge(name, current?.components[name], vendor.components[name], { ...shared, kept: kept?.components[name] })
    const merged = merge.merge()
    if (merged !== undefined) components[name] = merged
    for (const [before, after] of merge.renamedPorts) {
      const port = hostPorts[`${name}/${before}`]
      if (port !== undefined) hostPorts[`${name}/${after}`] ??= port
    }
  }
  const next: WantedState = {
    format: 1,
    release: vendor.release,
    platform: options.platform,
    parameters: mergeParameters(current, vendor, options, notes),
    modules: mergeModules(current, vendor, components),
    components,
    checks: vendor.checks,
    routes: mergeRoutes(current, vendor, options, notes),
    alerts: vendor.alerts,
    allocations: { hostPorts },
    site: options.site,
  }
  const earlier = current ?? kept
  return { next: earlier === undefined ? next : withKeptVolumes(next, [earlier]), notes }
}

function mergeParameters(current: WantedState | null, vendor: VendorState, { decisions, prune, installation }: MergeOptions, notes: Notes) {
  const parameters: Record<string, ParameterState> = {}
  for (const name of namesOf(current?.parameters, vendor.parameters)) {
    const before = current?.parameters[name]
    const theirs = vendor.parameters[name]
    const item = { component: null, kind: 'parameter', name } as const
    if (theirs === undefined) {
      if (before === undefined || prune) continue
      parameters[name] = { ...before, value: { ...before.value, vendor: null, leftOver: true } }
      notes.add({ ...item, effect: 'leftOver', why: LEFT_OVER })
      continue
    }
    const { definition } = theirs
    const decided = decisions.for(item)
    if (before === undefined) refuseNewDeclined(item, decided)
    if (theirs.value === null) {
      // Without a default there is nothing that could be offered: the site's value stays, or is asked for.
      const { leftOver: _, ...kept } = before?.value ?? UNSET
      parameters[name] = { definition, value: { ...kept, vendor: null, secret: definition.type === 'secret' || kept.secret } }
      continue
    }
    const answer = before === undefined || isUnset(before) ? undefined : before.value
    const decision = decisionOnValue(item, decided, theirs.value.onUpgrade === 'locked')
    const merged = mergeValue(answer, theirs.value, decision, `${installation}/parameter/${name}`)
    parameters[name] = { definition, value: merged.value }
    if (merged.noteworthy) notes.add(noteOf(null, 'parameter', name, merged))
  }
  return parameters
}

function mergeModules(current: WantedState | null, vendor: VendorState, components: Readonly<Record<string, ComponentState>>) {
  const modules: Record<string, ModuleState> = {}
  for (const [name, { title, default: isDefault, requires }] of Object.entries(vendor.modules)) {
    const before = current?.modules[name]
    // What the site switched stays so; what came by default stays as it was; what was on for another's sake is decided anew.
    const setting: Setting<boolean> =
      before === undefined || before.origin === 'needed' ? { value: isDefault, origin: 'vendor' } : { value: before.value, origin: before.origin }
    modules[name] = { title, default: isDefault, requires, ...setting }
  }
  const used = new Set(Object.values(components).map(({ definition }) => definition.module))
  for (const [name, before] of Object.entries(current?.modules ?? {})) {
    if (modules[name] === undefined && used.has(name)) modules[name] = before
  }
  return modules
}

function mergeRoutes(current: WantedState | null, vendor: VendorState, { prune }: MergeOptions, notes: Notes) {
  const routes: Record<string, RouteState> = {}
  for (const name of namesOf(current?.routes, vendor.routes)) {
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

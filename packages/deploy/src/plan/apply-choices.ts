import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { parseParameterValue } from '@sealift/template/parameter-value.ts'
import type { Choices, ChosenValue, ComponentChoices, GroupValues } from '../choices.ts'
import type { Amount, ComponentState, ModuleState, ParameterState, ScalingBounds, WantedState } from '../state.ts'
import { backToVendor, setBySite } from '../value-merge.ts'
import { type ApplyTo, applyAddedEnv, applyEnv, applyFiles } from './apply-values.ts'
import { amountBounds, describeBounds, withinBounds } from './bounds.ts'
import { chosenContent, GIVEN_UP, knownIn } from './chosen.ts'
import type { Notes } from './note.ts'
import { UNSET } from './parameters.ts'

const SET = 'Set by the site.'

/**
 * Puts a site's choices into a state: first those for whole groups, then those for single components.
 * @throws SealiftError `NAME_UNKNOWN`, `PARAMETER_INVALID`, `VALUE_LOCKED`, `OUT_OF_BOUNDS`, `CHOICES_INVALID`, `QUANTITY_INVALID`
 */
export function applyChoices(state: WantedState, choices: Choices, notes: Notes): WantedState {
  const parameters: Record<string, ParameterState> = { ...state.parameters }
  for (const [name, chosen] of Object.entries(choices.parameters)) parameters[name] = applyParameter(state, name, chosen, notes)
  const modules: Record<string, ModuleState> = { ...state.modules }
  for (const [name, value] of Object.entries(choices.modules)) {
    modules[name] = { ...knownIn(state.modules, name, 'module'), value, origin: 'site' }
    notes.add({ component: null, kind: 'module', name, effect: 'changed', why: value ? 'Switched on by the site.' : 'Switched off by the site.' })
  }
  const components: Record<string, ComponentState> = { ...state.components }
  for (const [group, chosen] of Object.entries(choices.groups)) Object.assign(components, applyGroup(components, group, chosen, notes))
  for (const [name, chosen] of Object.entries(choices.components)) {
    components[name] = applyToComponent({ name, component: knownIn(components, name, 'component'), state, notes }, chosen)
  }
  return { ...state, parameters, modules, components }
}

function applyParameter(state: WantedState, name: string, chosen: ChosenValue | null, notes: Notes): ParameterState {
  const { definition, value } = knownIn(state.parameters, name, 'parameter')
  notes.add({ component: null, kind: 'parameter', name, effect: 'changed', why: chosen === null ? GIVEN_UP : SET })
  if (chosen === null) return { definition, value: backToVendor(value) ?? { ...UNSET, secret: value.secret } }
  // Secrets were checked when they were sealed; a plan never sees them.
  const content = typeof chosen === 'string' ? String(parseParameterValue(definition, chosen)) : chosen
  return { definition, value: setBySite(value, chosenContent(content)) }
}

/** Sets a group's values in every component that has them of the group, but for those that were set there alone. */
function applyGroup(components: Readonly<Record<string, ComponentState>>, group: string, chosen: GroupValues, notes: Notes): Record<string, ComponentState> {
  const groups = new Map<string, { env: Set<string>; files: Set<string> }>()
  for (const { env, files } of Object.values(components)) {
    const add = (kind: 'env' | 'files', name: string, of: string | undefined): void => {
      if (of === undefined) return
      const known = groups.get(of) ?? { env: new Set(), files: new Set() }
      groups.set(of, known)
      known[kind].add(name)
    }
    for (const [name, value] of Object.entries(env)) add('env', name, value.group)
    for (const [path, { content }] of Object.entries(files)) add('files', path, content.group)
  }
  const known = knownIn(Object.fromEntries(groups), group, 'configuration group')
  for (const name of Object.keys(chosen.env)) knownIn(tableOf(known.env), name, 'variable', ` of group ${group}`)
  for (const path of Object.keys(chosen.files)) knownIn(tableOf(known.files), path, 'file', ` of group ${group}`)
  const changed: Record<string, ComponentState> = {}
  for (const [name, component] of Object.entries(components)) {
    const to: ApplyTo = { name, component, notes, group }
    const mine = <T>(table: Readonly<Record<string, T>>, groupOf: (name: string) => string | undefined): Record<string, T> =>
      Object.fromEntries(Object.entries(table).filter(([each]) => groupOf(each) === group))
    const env = mine(chosen.env, (variable) => component.env[variable]?.group)
    const files = mine(chosen.files, (path) => component.files[path]?.content.group)
    if (Object.keys(env).length + Object.keys(files).length === 0) continue
    changed[name] = { ...component, env: applyEnv(to, env), files: applyFiles(to, files) }
  }
  return changed
}

function tableOf(names: ReadonlySet<string>): Readonly<Record<string, true>> {
  return Object.fromEntries([...names].map((name) => [name, true]))
}

function applyToComponent(to: ApplyTo & { readonly state: WantedState }, chosen: ComponentChoices): ComponentState {
  const { name, component, notes } = to
  const { scaling } = component.definition
  const env = applyEnv(to, chosen.env)
  return {
    ...component,
    env: applyAddedEnv({ ...to, component: { ...component, env } }, chosen.addEnv ?? {}),
    files: applyFiles(to, chosen.files),
    ...(chosen.cpu === undefined ? {} : { cpu: applyAmount(name, 'cpu', chosen.cpu, component.cpu, scaling, notes) }),
    ...(chosen.memory === undefined ? {} : { memory: applyAmount(name, 'memory', chosen.memory, component.memory, scaling, notes) }),
    ...(chosen.replicas === undefined ? {} : { replicas: applyReplicas(name, chosen.replicas, component, notes) }),
  }
}

function applyAmount(
  name: string,
  kind: 'cpu' | 'memory',
  chosen: string | null,
  before: Amount<string | null>,
  scaling: ScalingBounds,
  notes: Notes,
): Amount<string | null> {
  if (chosen === null) {
    notes.add({ component: name, kind, name: kind, effect: 'changed', why: GIVEN_UP })
    return { ...before, value: before.vendor, origin: 'vendor' }
  }
  const where = `component ${name}: ${kind}`
  const { parse, least, most } = amountBounds(kind, scaling)
  const amount = parse(chosen, where)
  if (amount <= 0 || (least !== undefined && amount < parse(least, where)) || (most !== undefined && amount > parse(most, where))) {
    const allowed = [...(least === undefined ? [] : [`at least ${least}`]), ...(most === undefined ? [] : [`at most ${most}`])].join(' and ')
    throw new SealiftError('OUT_OF_BOUNDS', `${where}: ${chosen} was asked for, allowed is ${allowed === '' ? 'more than 0' : allowed}`)
  }
  notes.add({ component: name, kind, name: kind, effect: 'changed', why: SET })
  return { ...before, value: chosen, origin: 'site' }
}

function applyReplicas(name: string, chosen: number | null, { replicas, definition }: ComponentState, notes: Notes): Amount<number> {
  const value = chosen ?? replicas.vendor
  if (withinBounds(value, definition.scaling) !== value) {
    throw new SealiftError('OUT_OF_BOUNDS', `component ${name}: ${value} replicas were asked for, allowed are ${describeBounds(definition.scaling)}`)
  }
  notes.add({ component: name, kind: 'replicas', name: 'replicas', effect: 'changed', why: chosen === null ? GIVEN_UP : SET })
  return { ...replicas, value, origin: chosen === null ? 'vendor' : 'site' }
}

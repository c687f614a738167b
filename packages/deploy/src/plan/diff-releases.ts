import { canonicalJson } from '@sealift/template/canonical-json.ts'
import type { Parameter } from '@sealift/template/schema/parameter.ts'
import type { ModuleState, WantedState } from '../state.ts'
import { shownValue, type Value } from '../value.ts'
import type { VendorState } from '../vendor-state.ts'
import { Decisions } from './decisions.ts'
import { diffStates } from './diff-states.ts'
import { ItemList, type Why } from './item-list.ts'
import { mergeStates } from './merge-states.ts'
import { Notes } from './note.ts'
import type { PlanItem } from './plan.ts'

const WHY: Why = (effect) =>
  ({ added: 'Only the later release has it.', changed: 'The releases differ in it.', removed: 'Only the earlier release has it.' })[effect]

/** A release as it would be installed with every module on and no choice made. */
function installedWhole(vendor: VendorState): WantedState {
  const { next } = mergeStates(null, vendor, {
    installation: vendor.release.application,
    decisions: new Decisions(),
    prune: false,
    platform: { os: 'linux', architecture: 'amd64' },
    site: {},
    contents: new Map(),
  })
  const modules = Object.entries(next.modules).map(([name, module]): [string, ModuleState] => [name, { ...module, value: true }])
  return { ...next, modules: Object.fromEntries(modules) }
}

/** A default together with the rules for it. */
function shownWithRules(value: Value): string {
  const { generate, onUpgrade, secret } = value
  const rules = [
    ...(onUpgrade === 'keep' ? [] : [`on upgrade: ${onUpgrade}`]),
    ...(secret && generate === undefined ? ['secret'] : []),
    ...(generate === undefined
      ? []
      : [`${generate.length} characters ${generate.alphabet}`, ...(generate.group === undefined ? [] : [`group ${generate.group}`])]),
  ]
  const text = generate === undefined ? shownValue(value) : '(generated)'
  return rules.length === 0 ? text : `${text} (${rules.join(', ')})`
}

function shownParameter(definition: Parameter): string {
  const { name: _, title: __, description: ___, type, default: value, ...rules } = definition
  const first = value === undefined ? type : `${type}, default ${type === 'secret' ? shownValue(SECRET) : JSON.stringify(value)}`
  return Object.keys(rules).length === 0 ? first : `${first}, ${canonicalJson(rules)}`
}

const SECRET: Value = { expression: '', origin: 'vendor', decided: null, vendor: null, onUpgrade: 'keep', secret: true }

function shownRequirements({ requires, upgradeFrom }: VendorState): Readonly<Record<string, string>> {
  const { disk, memory, cpus, ports, architectures, engine } = requires
  const all = { disk, memory, cpus, ports: ports.join(', ') || undefined, architectures: architectures.join(', ') || undefined, engine, upgradeFrom }
  return Object.fromEntries(Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])))
}

/**
 * Every attribute in which two releases differ, as items like a plan's: the earlier release is `now`,
 * the later `then`. Defaults are shown with their rules, secrets masked. A pure function.
 */
export function diffReleases(before: VendorState, after: VendorState): readonly PlanItem[] {
  const [from, to] = [installedWhole(before), installedWhole(after)]
  const states = diffStates(from, to, new Notes(), { why: WHY, everything: true, shownAs: shownWithRules })
  const list = new ItemList(new Notes(), WHY)
  const text = (value: string): string => value
  const same = (a: string, b: string): boolean => a === b
  list.table(null, 'setting', shownRequirements(before), shownRequirements(after), text, same)
  const parameters = ({ parameters: all }: VendorState): Readonly<Record<string, Parameter>> =>
    Object.fromEntries(Object.entries(all).map(([name, { definition }]) => [name, definition]))
  list.table(null, 'parameter', parameters(before), parameters(after), shownParameter, (a, b) => canonicalJson(a) === canonicalJson(b))
  const modules = ({ modules: all }: VendorState): Readonly<Record<string, string>> =>
    Object.fromEntries(Object.entries(all).map(([name, module]) => [name, shownModule(module)]))
  list.table(null, 'module', modules(before), modules(after), text, same)
  const own = states.filter(({ kind, component }) => component !== null || (kind !== 'parameter' && kind !== 'module'))
  const items = own.map((item) => (item.kind === 'component' ? { ...item, now: componentOf(from, item.name), then: componentOf(to, item.name) } : item))
  return [...list.items, ...items].map((item) => ({ ...item, restart: false }))
}

function shownModule({ default: isDefault, requires }: { readonly default: boolean; readonly requires: readonly string[] }): string {
  return `${isDefault ? 'on' : 'off'} by default${requires.length === 0 ? '' : `, needs ${requires.join(', ')}`}`
}

function componentOf({ components }: WantedState, name: string): string | null {
  const component = components[name]
  if (component === undefined) return null
  const { definition, image } = component
  return [definition.workload, ...(image === undefined ? [] : [image.reference])].join(' ')
}

import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { parseByteSize } from '@sealift/template/byte-size.ts'
import { parseCpu } from '@sealift/template/cpu.ts'
import { closest, suggestion } from '@sealift/template/did-you-mean.ts'
import { parseParameterValue } from '@sealift/template/parameter-value.ts'
import type { Choices, ChosenValue, ComponentChoices } from '../choices.ts'
import type { Finding } from '../driver.ts'
import type { Amount, ComponentState, FileState, ModuleState, ParameterState, ScalingBounds, WantedState } from '../state.ts'
import { GENERATED_DEFAULT, type Value } from '../value.ts'
import { setBySite } from '../value-merge.ts'
import { describeBounds, UNSET, withinBounds } from './merge-states.ts'
import type { Notes } from './note.ts'

const SET = 'Set by the site.'
const GIVEN_UP = "The site's choice was given up for the vendor's."

function known<T>(table: Readonly<Record<string, T>>, name: string, what: string): T {
  const found = Object.hasOwn(table, name) ? table[name] : undefined
  if (found !== undefined) return found
  throw new SealiftError('NAME_UNKNOWN', `there is no ${what} ${JSON.stringify(name)}`, { hint: suggestion(name, Object.keys(table)) })
}

function chosenContent(chosen: ChosenValue): { expression: string } | { secretId: string } {
  return typeof chosen === 'string' ? { expression: chosen } : { secretId: chosen.secret }
}

/** The value that the vendor gives, where the site had another. */
function backToVendor(value: Value, where: string): Value | undefined {
  if (value.vendor === null) return undefined
  if (value.vendor === GENERATED_DEFAULT) {
    throw new SealiftError('CHOICES_INVALID', `${where}: its vendor's value is a generated one, which is not made again by leaving yours out`, {
      hint: 'Set the value that you want.',
    })
  }
  const { secretId: _, generate: __, ...rest } = value
  return { ...rest, expression: value.vendor, origin: 'vendor', decided: value.vendor }
}

/**
 * Puts a site's choices into a state.
 * @throws SealiftError `NAME_UNKNOWN`, `PARAMETER_INVALID`, `VALUE_LOCKED`, `OUT_OF_BOUNDS`, `CHOICES_INVALID`, `QUANTITY_INVALID`
 */
export function applyChoices(state: WantedState, choices: Choices, notes: Notes): { next: WantedState; findings: readonly Finding[] } {
  const findings: Finding[] = []
  const parameters: Record<string, ParameterState> = { ...state.parameters }
  for (const [name, chosen] of Object.entries(choices.parameters)) {
    const { definition, value } = known(state.parameters, name, 'parameter')
    const why = chosen === null ? GIVEN_UP : SET
    if (chosen === null) parameters[name] = { definition, value: backToVendor(value, `parameter ${name}`) ?? { ...UNSET, secret: value.secret } }
    else {
      // Secrets were checked when they were sealed; a plan never sees them.
      const content = typeof chosen === 'string' ? String(parseParameterValue(definition, chosen)) : chosen
      parameters[name] = { definition, value: setBySite(value, chosenContent(content)) }
    }
    notes.add({ component: null, kind: 'parameter', name, effect: 'changed', why })
  }
  const modules: Record<string, ModuleState> = { ...state.modules }
  for (const [name, value] of Object.entries(choices.modules)) {
    modules[name] = { ...known(state.modules, name, 'module'), value, origin: 'site' }
    notes.add({ component: null, kind: 'module', name, effect: 'changed', why: value ? 'Switched on by the site.' : 'Switched off by the site.' })
  }
  const components: Record<string, ComponentState> = { ...state.components }
  for (const [name, chosen] of Object.entries(choices.components)) {
    components[name] = applyToComponent(name, known(state.components, name, 'component'), chosen, notes, findings)
  }
  return { next: { ...state, parameters, modules, components }, findings }
}

function applyToComponent(name: string, component: ComponentState, chosen: ComponentChoices, notes: Notes, findings: Finding[]): ComponentState {
  const { scaling } = component.definition
  return {
    ...component,
    env: applyEnv(name, component, chosen, notes, findings),
    files: applyFiles(name, component, chosen, notes),
    ...(chosen.cpu === undefined ? {} : { cpu: applyAmount(name, 'cpu', chosen.cpu, component.cpu, scaling, notes) }),
    ...(chosen.memory === undefined ? {} : { memory: applyAmount(name, 'memory', chosen.memory, component.memory, scaling, notes) }),
    ...(chosen.replicas === undefined ? {} : { replicas: applyReplicas(name, chosen.replicas, component, notes) }),
  }
}

function assertUnlocked(value: Value | undefined, where: string): void {
  if (value?.onUpgrade === 'locked') throw new SealiftError('VALUE_LOCKED', `${where} is locked by the vendor`)
}

function applyEnv(name: string, component: ComponentState, { env: chosenEnv }: ComponentChoices, notes: Notes, findings: Finding[]) {
  const env: Record<string, Value> = { ...component.env }
  for (const [variable, chosen] of Object.entries(chosenEnv)) {
    const where = `component ${name}: variable ${variable}`
    const before = component.env[variable]
    if (!/^[^=\0]+$/.test(variable)) throw new SealiftError('CHOICES_INVALID', `${where}: this cannot be the name of a variable`)
    assertUnlocked(before, where)
    if (chosen === null) {
      if (before === undefined) known(component.env, variable, `variable of component ${name}`)
      const vendors = before === undefined ? undefined : backToVendor(before, where)
      if (vendors === undefined) delete env[variable]
      else env[variable] = vendors
      notes.add({ component: name, kind: 'env', name: variable, effect: vendors === undefined ? 'removed' : 'changed', why: GIVEN_UP })
      continue
    }
    env[variable] = setBySite(before, chosenContent(chosen))
    if (before !== undefined) {
      notes.add({ component: name, kind: 'env', name: variable, effect: 'changed', why: SET })
      continue
    }
    notes.add({ component: name, kind: 'env', name: variable, effect: 'added', why: 'Added by the site; the release does not know it.' })
    const near = closest(variable, Object.keys(component.env))
    findings.push({
      severity: 'warning',
      subject: `component ${name}`,
      message: `The release has no variable ${variable}; it is added.`,
      hint: near === undefined ? 'Check that the component reads it.' : `Did you mean ${near}?`,
    })
  }
  return env
}

function applyFiles(name: string, component: ComponentState, { files: chosenFiles }: ComponentChoices, notes: Notes) {
  const files: Record<string, FileState> = { ...component.files }
  for (const [path, chosen] of Object.entries(chosenFiles)) {
    const where = `component ${name}: file ${path}`
    const before = component.files[path]
    if (!path.startsWith('/') || path.includes('\0') || path.split('/').some((step) => step === '..' || step === '.')) {
      throw new SealiftError('CHOICES_INVALID', `${where}: expected an absolute path without . and ..`)
    }
    assertUnlocked(before?.content, where)
    if (chosen === null) {
      const { content, ...form } = known(component.files, path, `file of component ${name}`)
      const vendors = backToVendor(content, where)
      if (vendors === undefined) delete files[path]
      else files[path] = { ...form, content: vendors }
      notes.add({ component: name, kind: 'file', name: path, effect: vendors === undefined ? 'removed' : 'changed', why: GIVEN_UP })
      continue
    }
    files[path] = {
      ...(before ?? { mode: 0o644, template: false }),
      content: setBySite(before?.content, { expression: chosen.digest }),
    }
    notes.add({
      component: name,
      kind: 'file',
      name: path,
      effect: before === undefined ? 'added' : 'changed',
      why: before === undefined ? 'Added by the site.' : 'Replaced by the site.',
    })
  }
  return files
}

function applyAmount(
  name: string,
  kind: 'cpu' | 'memory',
  chosen: string | null,
  before: Amount<string | null>,
  bounds: ScalingBounds,
  notes: Notes,
): Amount<string | null> {
  if (chosen === null) {
    notes.add({ component: name, kind, name: kind, effect: 'changed', why: GIVEN_UP })
    return { ...before, value: before.vendor, origin: 'vendor' }
  }
  const where = `component ${name}: ${kind}`
  const parse = kind === 'cpu' ? parseCpu : parseByteSize
  const least = kind === 'cpu' ? bounds.minCpu : bounds.minMemory
  const most = kind === 'cpu' ? bounds.maxCpu : bounds.maxMemory
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

import { SealiftError } from '@sealift/oci/sealift-error.ts'
import type { ChosenFile, ChosenValue } from '../choices.ts'
import type { ComponentState, FileState, WantedState } from '../state.ts'
import type { Value } from '../value.ts'
import { backToVendor, type SiteContent, setBySite } from '../value-merge.ts'
import { chosenContent, GIVEN_UP, knownIn } from './chosen.ts'
import { GroupChoices } from './group-choices.ts'
import type { Notes } from './note.ts'

/** A component that choices are applied to. */
export interface ApplyTo {
  readonly name: string
  readonly component: ComponentState
  readonly notes: Notes
  /** The configuration group that is chosen for; absent where it is the component alone. */
  readonly group?: string
  /** Absent for a group. */
  readonly state?: WantedState
}

/** What a variable can be called everywhere. */
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_.-]{0,255}$/

/** What stands without the site's choice: what it set for the whole group, else the vendor's value; undefined where there is neither. */
function givenUp(value: Value, where: string, shared: SiteContent | undefined): Value | undefined {
  if (shared !== undefined) return setBySite(value, shared, true)
  const vendors = backToVendor(value)
  if (vendors !== undefined || value.vendor === null) return vendors
  throw new SealiftError('CHOICES_INVALID', `${where}: its vendor's value is a generated one, which was never made here`, {
    hint: 'Set the value that you want.',
  })
}

function assertUnlocked(value: Value | undefined, where: string): void {
  if (value?.onUpgrade === 'locked') throw new SealiftError('VALUE_LOCKED', `${where} is locked by the vendor`)
}

/** Whether a choice for a whole group leaves a value alone: it was set for this component. */
function staysOwn(value: Value | undefined, group: string | undefined): boolean {
  return group !== undefined && value?.origin === 'site' && value.byGroup === undefined
}

/** The variables that come from components that this one depends on: a site may set another value for them. */
function injectedNames({ component, state }: ApplyTo): ReadonlySet<string> {
  const names = component.definition.dependsOn.flatMap(({ component: other, inject, prefix }) =>
    inject ? Object.keys(state?.components[other]?.connection ?? {}).map((name) => `${prefix}${name}`) : [],
  )
  return new Set(names)
}

/** What the site set for the whole group that a value is of. */
function sharedContent({ group, state }: ApplyTo, kind: 'env' | 'file', name: string, value: Value): SiteContent | undefined {
  return group === undefined && state !== undefined ? new GroupChoices(state).find(value.group, kind, name) : undefined
}

function whySet(to: ApplyTo): string {
  return to.group === undefined ? 'Set by the site.' : `Set by the site for group ${to.group}.`
}

/** Puts chosen variables into those of a component. */
export function applyEnv(to: ApplyTo, chosenEnv: Readonly<Record<string, ChosenValue | null>>): Readonly<Record<string, Value>> {
  const { name: component, notes, group } = to
  const env: Record<string, Value> = { ...to.component.env }
  const injected = injectedNames(to)
  for (const [name, chosen] of Object.entries(chosenEnv)) {
    const where = `component ${component}: variable ${name}`
    const item = { component, kind: 'env', name } as const
    const before = Object.hasOwn(env, name) ? env[name] : undefined
    assertUnlocked(before, where)
    if (staysOwn(before, group)) {
      notes.add({ ...item, effect: 'kept', why: `Set by the site for this component alone, not for group ${group ?? ''}.` })
      continue
    }
    if (before === undefined && (chosen === null || !injected.has(name))) {
      const more = chosen === null ? '' : ' A variable that the release does not know is set with --add-env.'
      knownIn(Object.fromEntries([...Object.keys(env), ...injected].map((each) => [each, true])), name, 'variable', ` of component ${component}`, more)
    }
    if (chosen === null) {
      const vendors = before === undefined ? undefined : givenUp(before, where, sharedContent(to, 'env', name, before))
      if (vendors === undefined) delete env[name]
      else env[name] = vendors
      notes.add({ ...item, effect: vendors === undefined ? 'removed' : 'changed', why: GIVEN_UP })
      continue
    }
    env[name] = setBySite(before, chosenContent(chosen), group !== undefined)
    notes.add(
      before === undefined
        ? { ...item, effect: 'added', why: 'Set by the site, instead of what a component that this one depends on gives.' }
        : { ...item, effect: 'changed', why: whySet(to) },
    )
  }
  return env
}

/** Adds variables that the release does not know to those of a component. */
export function applyAddedEnv({ name: component, component: { env: before }, notes }: ApplyTo, added: Readonly<Record<string, ChosenValue>>) {
  const env: Record<string, Value> = { ...before }
  for (const [name, chosen] of Object.entries(added)) {
    const where = `component ${component}: variable ${name}`
    if (!VARIABLE.test(name)) throw new SealiftError('CHOICES_INVALID', `${where}: expected a letter or _, then letters, digits and _`)
    const there = Object.hasOwn(env, name) ? env[name] : undefined
    assertUnlocked(there, where)
    env[name] = setBySite(there, chosenContent(chosen))
    const why = there === undefined ? 'Added by the site; the release does not know it.' : 'Set by the site.'
    notes.add({ component, kind: 'env', name, effect: there === undefined ? 'added' : 'changed', why })
  }
  return env
}

function fileContent(chosen: ChosenFile): SiteContent {
  if ('digest' in chosen) return { expression: chosen.digest }
  if ('secret' in chosen) return { secretId: chosen.secret, ...(chosen.uses === undefined ? {} : { uses: chosen.uses }) }
  throw new TypeError('a file that was not sealed before planning')
}

/** Puts chosen files beside those of a component. */
export function applyFiles(to: ApplyTo, chosenFiles: Readonly<Record<string, ChosenFile | null>>): Readonly<Record<string, FileState>> {
  const { name: component, notes, group } = to
  const files: Record<string, FileState> = { ...to.component.files }
  for (const [path, chosen] of Object.entries(chosenFiles)) {
    const where = `component ${component}: file ${path}`
    const item = { component, kind: 'file', name: path } as const
    const before = Object.hasOwn(files, path) ? files[path] : undefined
    if (!path.startsWith('/') || path.endsWith('/') || path.includes('\0') || path.split('/').some((step) => step === '..' || step === '.')) {
      throw new SealiftError('CHOICES_INVALID', `${where}: expected an absolute path of a file without . and ..`)
    }
    assertUnlocked(before?.content, where)
    if (staysOwn(before?.content, group)) {
      notes.add({ ...item, effect: 'kept', why: `Replaced by the site for this component alone, not for group ${group ?? ''}.` })
      continue
    }
    if (chosen === null) {
      const { content, ...form } = knownIn(to.component.files, path, 'file', ` of component ${component}`)
      const vendors = givenUp(content, where, sharedContent(to, 'file', path, content))
      if (vendors === undefined) delete files[path]
      else files[path] = { ...form, content: vendors }
      notes.add({ ...item, effect: vendors === undefined ? 'removed' : 'changed', why: GIVEN_UP })
      continue
    }
    files[path] = { ...(before ?? { mode: 0o644, template: false }), content: setBySite(before?.content, fileContent(chosen), group !== undefined) }
    notes.add({
      ...item,
      effect: before === undefined ? 'added' : 'changed',
      why: before === undefined ? 'Added by the site.' : group === undefined ? 'Replaced by the site.' : `Replaced by the site for group ${group}.`,
    })
  }
  return files
}

import { posix } from 'node:path'
import { SWITCH } from '../../check/check-secrets.ts'
import type { Draft } from '../draft/draft.ts'
import { type DraftSlots, ownSlots } from '../draft/slots-of-draft.ts'
import type { TextSlot } from '../draft/text-slot.ts'
import { namesSecret, SECRET_OPTION } from './secret-names.ts'

/** A place at which a secret stands. */
export interface SecretUse {
  readonly component: string
  readonly slot: TextSlot
  readonly start: number
  readonly end: number
  /** The host that it is used at, where it stands in a URL. */
  readonly host?: string
}

/** A secret of a draft, with all places at which it stands. */
export interface FoundSecret {
  readonly value: string
  readonly uses: readonly SecretUse[]
  /** Set where the source itself calls a file a secret: its name there. */
  readonly declared?: string
}

/** Whether a value can't be anything else where it stands inside other text: no ordinary word, and part of no ordinary value. */
function isDistinctive(value: string, ordinary: ReadonlySet<string>): boolean {
  const mixed = /[0-9]/.test(value) || /[^A-Za-z0-9]/.test(value) || (/[a-z]/.test(value) && /[A-Z]/.test(value))
  return value.length >= (mixed ? 8 : 10) && ![...ordinary].some((text) => text.includes(value))
}

/** A private key is one, whatever file it is in. */
const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----/

const URL_CREDENTIALS = /[a-z][a-z0-9+.-]*:\/\/[^\s:/@?#"']*:([^\s/@"']+)@([A-Za-z0-9._-]*)/gi
const KEYWORD = /(?:^|[;\s&?,])(?:password|passwd|pwd)\s*=\s*(?:'([^']+)'|"([^"]+)"|([^;\s&,"']+))/gi
const OPTION_IN_TEXT = /--?[a-z-]*(?:requirepass|masterauth|passw(?:or)?d|passphrase|secret|token)[= ]\s*(?:'([^']+)'|"([^"]+)"|([^\s"'$&;|]+))/gi

/** `some_password: value`, as settings files have it. */
const ASSIGNMENT =
  /^[ \t]*["']?[\w.-]*(?:password|passwd|secret|token|api_?key)["']?[ \t]*[:=][ \t]*["']?(?!true|false|yes|no|null|\d+$|\$|\/|<|\{)[^\s"'#;]{4,}/gim

/** What stands where a secret would, and is none. */
const isNone = (value: string): boolean => value === '' || SWITCH.test(value) || /^\$[({A-Za-z_]/.test(value) || value.startsWith('/run/secrets/')

interface Candidate {
  readonly value: string
  readonly use: SecretUse
  readonly declared?: string
}

/** Finds the secrets of a draft; equal values are one secret where those that have them belong together. */
export function findSecrets(draft: Draft, slots: DraftSlots, linked: (a: string, b: string) => boolean): FoundSecret[] {
  const candidates: Candidate[] = []
  const ordinary = new Set<string>()
  for (const each of slots.components) {
    const component = each.component.name
    for (const slot of each.env) {
      const inText = insideText(component, slot)
      candidates.push(...inText)
      if (inText.length > 0 || isNone(slot.text)) continue
      if (namesSecret(slot.name) && !/^[a-z][a-z0-9+.-]*:\/\//i.test(slot.text))
        candidates.push({ value: slot.text, use: { component, slot, start: 0, end: slot.text.length } })
      else ordinary.add(slot.text)
    }
    for (const slots of [each.entrypoint, each.command, each.health]) candidates.push(...inArguments(component, slots ?? []))
  }
  for (const { slot, file, users } of slots.files.values()) {
    const declaredAs = file.secret ?? (PRIVATE_KEY.test(slot.text) ? posix.basename(file.path) : undefined)
    if (declaredAs === undefined) continue
    const value = slot.text.trim()
    const start = slot.text.indexOf(value)
    for (const component of users) candidates.push({ value, use: { component, slot, start, end: start + value.length }, declared: declaredAs })
  }
  candidates.push(...sharedRandom(slots, candidates))
  const names = new Set(draft.components.map(({ name }) => name))
  return [...Map.groupBy(candidates, ({ value, declared = '' }) => (value === '' ? ` ${declared}` : value)).values()].flatMap((same) => {
    const value = same[0]?.value ?? ''
    const distinctive = value === '' || (isDistinctive(value, ordinary) && !names.has(value))
    const known = same.map(({ use }) => use)
    const uses = value === '' ? known : elsewhere(value, slots, known, distinctive)
    const groups = distinctive ? [uses] : connected(uses, linked)
    const declared = same.find((candidate) => candidate.declared !== undefined)?.declared
    return groups.map((group) => ({ value, uses: group, ...(declared === undefined ? {} : { declared }) }))
  })
}

/** Lines of a file that seem to hold a secret which was found nowhere else, counted from 1. */
export function suspiciousLines(slot: TextSlot): readonly number[] {
  const found = [
    ...insideText(slot.component, slot).map(({ use }) => use),
    ...[...slot.text.matchAll(ASSIGNMENT)].map(({ index, 0: { length } }) => ({ start: index, end: index + length })),
  ]
  const lines = found.filter(({ start, end }) => slot.isFree(start, end)).map(({ start }) => slot.text.slice(0, start).split('\n').length)
  return [...new Set(lines)].toSorted((a, b) => a - b)
}

function matchesOf(text: string, pattern: RegExp): { readonly value: string; readonly start: number; readonly groups: RegExpExecArray }[] {
  return [...text.matchAll(pattern)].flatMap((groups) => {
    const value = groups.slice(1).find((group) => group !== undefined) ?? ''
    return isNone(value) ? [] : [{ value, start: groups.index + groups[0].indexOf(value, groups[0].search(/[=:\s]/)), groups }]
  })
}

function insideText(component: string, slot: TextSlot): Candidate[] {
  const urls = [...slot.text.matchAll(URL_CREDENTIALS)].flatMap((found) => {
    const [whole, value = '', host = ''] = found
    const start = found.index + whole.lastIndexOf(`:${value}@`) + 1
    return isNone(value) ? [] : [{ value: decoded(value), use: { component, slot, start, end: start + value.length, ...(host === '' ? {} : { host }) } }]
  })
  if (urls.length > 0) return urls
  return matchesOf(slot.text, KEYWORD).map(({ value, start }) => ({ value, use: { component, slot, start, end: start + value.length } }))
}

/** Inside a URL a secret may be written with `%`. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function inArguments(component: string, list: readonly TextSlot[]): Candidate[] {
  return list.flatMap((slot, index) => {
    const before = list[index - 1]?.text ?? ''
    if (SECRET_OPTION.test(before) && !slot.text.startsWith('-') && !isNone(slot.text)) {
      return [{ value: slot.text, use: { component, slot, start: 0, end: slot.text.length } }]
    }
    const inText = insideText(component, slot)
    if (inText.length > 0) return inText
    return matchesOf(slot.text, OPTION_IN_TEXT).map(({ value, start }) => ({ value, use: { component, slot, start, end: start + value.length } }))
  })
}

/** A long random text that several components have as the whole value of a variable is a secret, whatever it is called. */
function sharedRandom(slots: DraftSlots, found: readonly Candidate[]): Candidate[] {
  const known = new Set(found.map(({ value }) => value))
  const users = new Map<string, Candidate[]>()
  for (const { component, env } of slots.components) {
    for (const slot of env) {
      const { text } = slot
      if (known.has(text) || text.length < 20 || !/^[A-Za-z0-9+/=_-]+$/.test(text) || !/[0-9]/.test(text) || !/[A-Za-z]/.test(text) || text.startsWith('/'))
        continue
      if (/[-_/]/.test(text) && !/[0-9a-f]{16}|[A-Z].*[a-z].*[0-9]|[a-z].*[A-Z].*[0-9]/.test(text)) continue
      users.set(text, [...(users.get(text) ?? []), { value: text, use: { component: component.name, slot, start: 0, end: text.length } }])
    }
  }
  return [...users.values()].filter((uses) => new Set(uses.map(({ use }) => use.component)).size > 1).flat()
}

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')

/**
 * The other places at which a known secret stands: everywhere where it can't be anything else; an ordinary
 * word only behind what says that a password follows.
 */
function elsewhere(value: string, slots: DraftSlots, known: readonly SecretUse[], distinctive: boolean): SecretUse[] {
  const uses = [...known]
  const word = escaped(value)
  const pattern = distinctive
    ? new RegExp(word, 'g')
    : new RegExp(`(?<=(?:^|[\\s"'])-p|(?:passw(?:or)?d|passphrase|pwd|pass|auth|secret|token)["']?\\s*[=:\\s]\\s*["']?)${word}(?=$|[\\s"';,])`, 'gi')
  const add = (component: string, slot: TextSlot): void => {
    for (const { index: start } of slot.text.matchAll(pattern)) {
      const end = start + value.length
      if (slot.text.slice(start, end) !== value) continue
      if (!uses.some((use) => use.slot === slot && use.component === component && use.start < end && start < use.end))
        uses.push({ component, slot, start, end })
    }
  }
  const components = new Set(known.map(({ component }) => component))
  for (const each of slots.components) {
    if (distinctive || components.has(each.component.name)) for (const slot of ownSlots(each)) add(each.component.name, slot)
  }
  for (const { slot, users } of slots.files.values()) for (const user of users) if (distinctive || components.has(user)) add(user, slot)
  return uses
}

/** Uses of an ordinary word as a password, parted into those that have to do with one another. */
function connected(uses: readonly SecretUse[], linked: (a: string, b: string) => boolean): SecretUse[][] {
  const groups: SecretUse[][] = []
  for (const use of uses) {
    const near = groups.filter((group) => group.some((other) => other.component === use.component || linked(other.component, use.component)))
    const merged = [...near.flat(), use]
    for (const group of near) groups.splice(groups.indexOf(group), 1)
    groups.push(merged)
  }
  return groups
}

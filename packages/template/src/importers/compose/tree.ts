import { SealiftError } from '@sealift/oci/sealift-error.ts'

/** Where something stands. */
export interface Place {
  readonly file: string
  /** Counted from 1. */
  readonly line: number
}

export type ScalarValue = string | number | boolean | null

/** A scalar of a Compose file. */
export interface ScalarTree {
  readonly kind: 'scalar'
  readonly value: ScalarValue
  readonly place: Place
  readonly tag?: MergeTag
}

/** A list of a Compose file. */
export interface SequenceTree {
  readonly kind: 'sequence'
  readonly items: readonly Tree[]
  readonly place: Place
  readonly tag?: MergeTag
}

/** A mapping of a Compose file; the place of a member is that of its key. */
export interface MappingTree {
  readonly kind: 'mapping'
  readonly entries: ReadonlyMap<string, Tree>
  readonly place: Place
  readonly tag?: MergeTag
}

/** Data with the place of each part, so that whatever is said of it later can name its line. */
export type Tree = ScalarTree | SequenceTree | MappingTree

/** What a file asks of merging: `reset` takes a value away, `override` replaces instead of merging. */
export type MergeTag = 'reset' | 'override'

/** `compose.yaml:12` */
export function formatPlace({ file, line }: Place): string {
  return `${file}:${line}`
}

/** An error about a place of a Compose file. */
export function composeFault(place: Place, message: string, hint?: string): SealiftError {
  return new SealiftError('COMPOSE_INVALID', `${formatPlace(place)}: ${message}`, {
    ...(hint === undefined ? {} : { hint }),
    details: { file: place.file, line: place.line },
  })
}

export const scalar = (value: ScalarValue, place: Place): ScalarTree => ({ kind: 'scalar', value, place })
export const sequence = (items: readonly Tree[], place: Place): SequenceTree => ({ kind: 'sequence', items, place })
export const mapping = (entries: Iterable<readonly [string, Tree]>, place: Place): MappingTree => ({ kind: 'mapping', entries: new Map(entries), place })

const WORDS = { scalar: 'a single value', sequence: 'a list', mapping: 'a mapping' } as const

/** @throws SealiftError `COMPOSE_INVALID` where it is no mapping */
export function asMapping(tree: Tree, what: string): MappingTree {
  if (tree.kind === 'mapping') return tree
  if (tree.kind === 'scalar' && tree.value === null) return mapping([], tree.place)
  throw composeFault(tree.place, `${what}: expected a mapping, found ${WORDS[tree.kind]}.`)
}

/** @throws SealiftError `COMPOSE_INVALID` where it is no list */
export function asItems(tree: Tree, what: string): readonly Tree[] {
  if (tree.kind === 'sequence') return tree.items
  if (tree.kind === 'scalar' && tree.value === null) return []
  throw composeFault(tree.place, `${what}: expected a list, found ${WORDS[tree.kind]}.`)
}

/** The items of a list, or a single value as a list of one. */
export function asItemOrItems(tree: Tree, what: string): readonly Tree[] {
  return tree.kind === 'scalar' && tree.value !== null ? [tree] : asItems(tree, what)
}

/** A scalar as text: numbers and truth values as Compose prints them. @throws SealiftError `COMPOSE_INVALID` where it is none, or null */
export function asText(tree: Tree, what: string): string {
  const text = asOptionalText(tree, what)
  if (text === undefined) throw composeFault(tree.place, `${what}: has no value.`)
  return text
}

/** A scalar as text; undefined for null. @throws SealiftError `COMPOSE_INVALID` where it is no scalar */
export function asOptionalText(tree: Tree, what: string): string | undefined {
  if (tree.kind !== 'scalar') throw composeFault(tree.place, `${what}: expected a single value, found ${WORDS[tree.kind]}.`)
  return tree.value === null ? undefined : String(tree.value)
}

/** @throws SealiftError `COMPOSE_INVALID` where it is neither a number nor a text that is one */
export function asNumber(tree: Tree, what: string): number {
  const text = asText(tree, what)
  const number = Number(text)
  if (text.trim() === '' || !Number.isFinite(number)) throw composeFault(tree.place, `${what}: expected a number, found ${JSON.stringify(text)}.`)
  return number
}

/** @throws SealiftError `COMPOSE_INVALID` where it is neither true nor false, nor a text that says so */
export function asBoolean(tree: Tree, what: string): boolean {
  const text = asText(tree, what).toLowerCase()
  if (['true', 'y', 'yes', 'on', '1'].includes(text)) return true
  if (['false', 'n', 'no', 'off', '0'].includes(text)) return false
  throw composeFault(tree.place, `${what}: expected true or false, found ${JSON.stringify(text)}.`)
}

/** A member of a mapping. */
export function member(tree: Tree | undefined, ...path: readonly string[]): Tree | undefined {
  let at = tree
  for (const key of path) at = at?.kind === 'mapping' ? at.entries.get(key) : undefined
  return at?.kind === 'scalar' && at.value === null ? undefined : at
}

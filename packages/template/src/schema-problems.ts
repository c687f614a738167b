import type { TSchema } from 'typebox'
import { suggestion } from './did-you-mean.ts'
import type { Path, Problem } from './problem.ts'

/** The words of JSON Schema that the schemas here use. */
interface Node {
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean'
  readonly const?: string
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly Node[]
  readonly properties?: Readonly<Record<string, Node>>
  readonly patternProperties?: Readonly<Record<string, Node>>
  readonly required?: readonly string[]
  readonly items?: Node
  readonly pattern?: string
  readonly patternErrorMessage?: string
  readonly keysErrorMessage?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: number
  readonly minItems?: number
  readonly maxItems?: number
}

/** What may be told of a schema mismatch beside the value itself. */
export interface SchemaProblemOptions {
  /** How the value at a path was written, where that is known: `3.0` is the number 3. */
  readonly written?: (path: Path) => string | undefined
  /** More problems than this are not collected. */
  readonly limit?: number
}

const TYPES = { object: 'a mapping', array: 'a list', string: 'a text', integer: 'a whole number', number: 'a number', boolean: 'true or false' } as const

function typeOf(value: unknown): keyof typeof TYPES | 'null' {
  if (value === null || value === undefined) return 'null'
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number'
  return typeof value === 'string' || typeof value === 'boolean' ? (typeof value as 'string' | 'boolean') : 'object'
}

/** A value as it is spoken of in a message, shortened. */
function found(value: unknown): string {
  const type = typeOf(value)
  if (type === 'null') return 'nothing'
  if (type === 'object' || type === 'array') return TYPES[type]
  const text = JSON.stringify(value)
  return text.length > 80 ? `${text.slice(0, 77)}…` : text
}

function fitsType(node: Node, value: unknown): boolean {
  const type = typeOf(value)
  if (node.type === undefined) return true
  return node.type === type || (node.type === 'number' && type === 'integer')
}

function expectation(node: Node): string {
  if (node.const !== undefined) return node.const
  if (node.enum !== undefined) return node.enum.join(', ')
  if (node.anyOf !== undefined) return node.anyOf.map(expectation).join(' or ')
  if (node.patternErrorMessage !== undefined) return node.patternErrorMessage
  if (node.type === 'object' && node.properties !== undefined) return `a mapping with ${Object.keys(node.properties).join(', ')}`
  return node.type === undefined ? 'a value' : TYPES[node.type]
}

/** Compares a value with a schema, in words for the author of the value. */
class Comparison {
  readonly problems: Problem[] = []
  readonly #written: (path: Path) => string | undefined
  readonly #limit: number

  constructor({ written, limit }: SchemaProblemOptions) {
    this.#written = written ?? (() => undefined)
    this.#limit = limit ?? 200
  }

  #report(path: Path, message: string, atKey = false): void {
    if (!this.#full) this.problems.push({ code: 'TEMPLATE_INVALID', path, message, ...(atKey ? { atKey } : {}) })
  }

  /** Nothing more is collected, so that a text of nothing but mistakes costs no more than its reading. */
  get #full(): boolean {
    return this.problems.length >= this.#limit
  }

  compare(node: Node, value: unknown, path: Path): void {
    if (this.#full) return
    if (node.anyOf !== undefined) return this.#union(node, node.anyOf, value, path)
    if (node.const !== undefined && value !== node.const) return this.#report(path, `expected ${node.const}, found ${found(value)}.`)
    if (node.enum !== undefined && !node.enum.includes(value)) return this.#notAmong(node.enum, value, path)
    if (!fitsType(node, value)) return this.#wrongType(node, value, path)
    if (typeof value === 'string') return this.#string(node, value, path)
    if (typeof value === 'number') return this.#number(node, value, path)
    if (Array.isArray(value)) return this.#list(node, value, path)
    if (typeof value === 'object' && value !== null) return this.#mapping(node, value as Record<string, unknown>, path)
  }

  #union(node: Node, branches: readonly Node[], value: unknown, path: Path): void {
    const fitting = branches.filter((branch) => fitsType(branch, value))
    const [only] = fitting
    if (only !== undefined && fitting.length === 1 && only.const === undefined) return this.compare(only, value, path)
    if (fitting.some((branch) => this.#accepts(branch, value))) return
    this.#report(path, `expected ${expectation(node)}, found ${found(value)}.`)
  }

  #accepts(node: Node, value: unknown): boolean {
    const attempt = new Comparison({ limit: 1 })
    attempt.compare(node, value, [])
    return attempt.problems.length === 0
  }

  #notAmong(allowed: readonly unknown[], value: unknown, path: Path): void {
    const near = typeof value === 'string' ? ` ${suggestion(value, allowed.map(String))}` : ''
    this.#report(path, `expected one of ${allowed.join(', ')}, found ${found(value)}.${near.startsWith(' Did') ? near : ''}`)
  }

  #wrongType(node: Node, value: unknown, path: Path): void {
    const type = typeOf(value)
    let wayOut = ''
    if (type === 'null') wayOut = ' Give a value, or leave the field out.'
    else if (node.type === 'string' && (type === 'integer' || type === 'number' || type === 'boolean')) {
      wayOut = ` Put it in quotes: "${this.#written(path) ?? String(value)}".`
    } else if (node.type === 'array') wayOut = ' A list begins each item with "- ", or stands in [ ].'
    else if (type === 'string' && value !== '' && (node.type === 'integer' || node.type === 'number') && Number.isFinite(Number(value)))
      wayOut = ' Leave the quotes out.'
    this.#report(path, `expected ${expectation(node)}, found ${found(value)}.${wayOut}`)
  }

  #string(node: Node, value: string, path: Path): void {
    if (node.minLength !== undefined && value.length < node.minLength) {
      this.#report(path, value === '' ? 'is empty; a text is expected.' : `has ${value.length} characters, fewer than ${node.minLength}.`)
    } else if (node.maxLength !== undefined && value.length > node.maxLength) {
      this.#report(path, `has ${value.length} characters, more than the limit of ${node.maxLength}.`)
    } else if (node.pattern !== undefined && !new RegExp(node.pattern).test(value)) {
      this.#report(path, `expected ${node.patternErrorMessage ?? `a text like ${node.pattern}`}, found ${found(value)}.`)
    }
  }

  #number(node: Node, value: number, path: Path): void {
    if (node.minimum !== undefined && value < node.minimum) this.#report(path, `is ${value}, less than ${node.minimum}.`)
    else if (node.exclusiveMinimum !== undefined && value <= node.exclusiveMinimum)
      this.#report(path, `is ${value}, expected more than ${node.exclusiveMinimum}.`)
    else if (node.maximum !== undefined && value > node.maximum) this.#report(path, `is ${value}, more than ${node.maximum}.`)
  }

  #list(node: Node, value: readonly unknown[], path: Path): void {
    if (node.minItems !== undefined && value.length < node.minItems) this.#report(path, `has ${value.length} items, fewer than ${node.minItems}.`)
    if (node.maxItems !== undefined && value.length > node.maxItems)
      return this.#report(path, `has ${value.length} items, more than the limit of ${node.maxItems}.`)
    const { items } = node
    if (items !== undefined) value.forEach((item, position) => this.compare(items, item, [...path, position]))
  }

  #mapping(node: Node, value: Readonly<Record<string, unknown>>, path: Path): void {
    const { properties } = node
    const unknown: string[] = []
    for (const [key, member] of Object.entries(value)) {
      if (properties !== undefined) {
        const property = Object.hasOwn(properties, key) ? properties[key] : undefined
        if (property === undefined) unknown.push(key)
        else this.compare(property, member, [...path, key])
        continue
      }
      const match = Object.entries(node.patternProperties ?? {}).find(([pattern]) => new RegExp(pattern).test(key))
      if (match !== undefined) this.compare(match[1], member, [...path, key])
      else if (node.patternProperties !== undefined)
        this.#report([...path, key], `expected ${node.keysErrorMessage ?? 'another name'}, found ${found(key)}.`, true)
    }
    const missing = (node.required ?? []).filter((key) => !Object.hasOwn(value, key))
    for (const key of unknown) {
      if (this.#full) return
      const free = Object.keys(properties ?? {}).filter((name) => !Object.hasOwn(value, name))
      this.#report([...path, key], `unknown field. ${suggestion(key, free)}`, true)
    }
    for (const key of missing) {
      const property = properties?.[key]
      this.#report([...path, key], `is missing. Expected ${property === undefined ? 'a value' : expectation(property)}.`)
    }
  }
}

/** Everything in which a value differs from a schema. Empty exactly where JSON Schema would say that it is valid. */
export function schemaProblems(schema: TSchema, value: unknown, options: SchemaProblemOptions = {}): readonly Problem[] {
  const comparison = new Comparison(options)
  comparison.compare(schema, value, [])
  return comparison.problems
}

import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument } from 'yaml'
import type { Path } from './problem.ts'
import { YAML_OPTIONS } from './yaml-options.ts'

/** A place in a text, both counted from 1. */
export interface Position {
  readonly line: number
  readonly column: number
}

/** Something that makes a text no YAML that is accepted. */
export interface YamlFault extends Position {
  readonly message: string
}

/** The largest template that is read. */
export const MAX_TEMPLATE_BYTES = 1024 * 1024

/** Nothing that a person writes nests deeper or unfolds to more. */
const MAX_DEPTH = 64
const MAX_NODES = 200_000

/** What a YAML text says, and where it says it. */
export interface YamlSource {
  /** Plain JSON data; meaningless where there are faults. */
  readonly value: unknown
  readonly faults: readonly YamlFault[]
  /** Where a path is, or the nearest part of it that exists; `atKey`: its key rather than its value. */
  locate(path: Path, atKey?: boolean): Position
  /** How the scalar at a path was written. */
  written(path: Path): string | undefined
}

/** What the library says, in words that help. */
function faultInWords(code: string, message: string): string {
  if (code === 'MULTIPLE_DOCS') return 'a second document begins here; a file holds one template.'
  if (message.startsWith('Maximum call stack')) return 'is nested too deeply.'
  return `${message}.`
}

/** Unfolds the nodes of a document into data, with its limits. */
class Reader {
  readonly faults: YamlFault[] = []
  readonly #lines: LineCounter
  readonly #anchors = new Map<string, Node>()
  readonly #aliases = new Map<Node, Node>()
  readonly #open = new Set<Node>()
  #nodes = 0

  constructor(lines: LineCounter) {
    this.#lines = lines
  }

  positionOf(offset: number): Position {
    const { line, col } = this.#lines.linePos(offset)
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }

  /** The node that an alias stands for, any other node itself. */
  resolved(node: unknown): Node | undefined {
    if (isAlias(node)) return this.#aliases.get(node)
    return isMap(node) || isSeq(node) || isScalar(node) ? node : undefined
  }

  fault(at: unknown, message: string): undefined {
    const offset = isAlias(at) || isMap(at) || isSeq(at) || isScalar(at) ? (at.range?.[0] ?? 0) : 0
    if (this.faults.length < 100) this.faults.push({ ...this.positionOf(offset), message })
  }

  read(node: unknown, depth: number): unknown {
    if (++this.#nodes > MAX_NODES) return this.#nodes === MAX_NODES + 1 ? this.fault(node, `unfolds to more than ${MAX_NODES} values.`) : undefined
    if (depth > MAX_DEPTH) return this.fault(node, `is nested deeper than ${MAX_DEPTH} levels.`)
    if (isAlias(node)) return this.#alias(node, node.source, depth)
    if (node === null || node === undefined) return null
    if (isScalar(node)) {
      if (node.anchor !== undefined) this.#anchors.set(node.anchor, node)
      return this.#scalar(node, node.value)
    }
    if (!isMap(node) && !isSeq(node)) return this.fault(node, 'is nothing that a template can hold.')
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, node)
    this.#open.add(node)
    try {
      return isSeq(node) ? node.items.map((item) => this.read(item, depth + 1)) : this.#mapping(node.items, depth)
    } finally {
      this.#open.delete(node)
    }
  }

  #alias(node: Node, name: string, depth: number): unknown {
    const target = this.#anchors.get(name)
    if (target === undefined) return this.fault(node, `*${name} stands for nothing: there is no &${name} before it.`)
    if (this.#open.has(target)) return this.fault(node, `*${name} stands inside what it stands for.`)
    this.#aliases.set(node, target)
    return this.read(target, depth)
  }

  #scalar(node: Node, value: unknown): unknown {
    if (typeof value === 'number' && (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value)))) {
      return this.fault(node, 'is a number that JSON can not carry exactly. Put it in quotes.')
    }
    if (value === undefined || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value ?? null
    return value === null ? null : this.fault(node, 'is nothing that a template can hold.')
  }

  #mapping(pairs: readonly Pair[], depth: number): Record<string, unknown> {
    const value: Record<string, unknown> = {}
    for (const { key, value: member } of pairs) {
      const name = isScalar(key) ? String(key.value) : undefined
      if (name === undefined) this.fault(key, 'only a text can be the name of a field.')
      else if (name === '__proto__') this.fault(key, '__proto__ can not be the name of a field.')
      else if (name === '<<') this.fault(key, '<< (merging) is not part of YAML 1.2. Write the fields out.')
      else if (Object.hasOwn(value, name)) this.fault(key, `${name} is given twice. Remove one of them.`)
      else value[name] = this.read(member, depth + 1)
    }
    return value
  }
}

/**
 * Reads one YAML 1.2 document with the core schema: no tags of its own, no field twice, no merging,
 * bounded in size, depth and in what its aliases unfold to. Never throws; all faults are collected.
 */
export function readYaml(text: string): YamlSource {
  const lines = new LineCounter()
  const reader = new Reader(lines)
  const nowhere = { line: 1, column: 1 }
  const unreadable = (message: string): YamlSource => ({
    value: undefined,
    faults: [{ ...nowhere, message }],
    locate: () => nowhere,
    written: () => undefined,
  })
  const bytes = Buffer.byteLength(text)
  if (bytes > MAX_TEMPLATE_BYTES) return unreadable(`the file has ${bytes} bytes, more than the limit of ${MAX_TEMPLATE_BYTES}.`)
  let document: ReturnType<typeof parseDocument>
  try {
    document = parseDocument(text, { ...YAML_OPTIONS, stringKeys: true, lineCounter: lines })
  } catch (thrown) {
    if (thrown instanceof RangeError) return unreadable('the file is nested too deeply.')
    throw thrown
  }
  for (const { pos, code, message } of [...document.errors, ...document.warnings].slice(0, 100)) {
    const said = faultInWords(code, message)
    reader.faults.push({ ...reader.positionOf(pos[0]), message: said })
  }
  const { contents } = document
  // The tree of a broken text is a guess; reading on would only add noise.
  const value = reader.faults.length > 0 ? undefined : reader.read(contents, 0)

  const nodeAt = (path: Path): { key?: Node; node?: Node; whole: boolean } => {
    let node = reader.resolved(contents)
    let key: Node | undefined
    for (const step of path) {
      if (isMap(node) && typeof step === 'string') {
        const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === step)
        if (pair === undefined || !isScalar(pair.key)) return { ...(key ? { key } : {}), ...(node ? { node } : {}), whole: false }
        key = pair.key
        node = reader.resolved(pair.value) ?? pair.key
      } else if (isSeq(node) && typeof step === 'number') {
        const item = reader.resolved(node.items[step])
        if (item === undefined) return { ...(key ? { key } : {}), node, whole: false }
        key = item
        node = item
      } else return { ...(key ? { key } : {}), ...(node ? { node } : {}), whole: false }
    }
    return { ...(key ? { key } : {}), ...(node ? { node } : {}), whole: true }
  }
  return {
    value,
    faults: reader.faults,
    locate(path, atKey = false) {
      const { key, node, whole } = nodeAt(path)
      const at = atKey && whole ? (key ?? node) : node
      return at?.range ? reader.positionOf(at.range[0]) : nowhere
    },
    written(path) {
      const { node, whole } = nodeAt(path)
      return whole && isScalar(node) && typeof node.source === 'string' ? node.source : undefined
    },
  }
}

import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml'
import { YAML_OPTIONS } from '../../yaml-options.ts'
import { composeFault, type MappingTree, type MergeTag, mapping, type Place, type Tree } from './tree.ts'

/** The largest file that is read. */
export const MAX_COMPOSE_BYTES = 4 * 1024 * 1024
const MAX_DEPTH = 64
const MAX_NODES = 200_000

const TAGS: Readonly<Record<string, MergeTag>> = { '!reset': 'reset', '!override': 'override' }

/**
 * Reads a Compose file into a tree that knows the place of each part; anchors, aliases and `<<` are
 * unfolded, within bounds.
 * @param file names it in places
 * @throws SealiftError `COMPOSE_INVALID`
 */
export function readComposeFile(text: string, file: string): MappingTree {
  const nowhere: Place = { file, line: 1 }
  const bytes = Buffer.byteLength(text)
  if (bytes > MAX_COMPOSE_BYTES) throw composeFault(nowhere, `the file has ${bytes} bytes, more than the limit of ${MAX_COMPOSE_BYTES}.`)
  const lines = new LineCounter()
  let document: ReturnType<typeof parseDocument>
  try {
    document = parseDocument(text, { ...YAML_OPTIONS, stringKeys: false, lineCounter: lines })
  } catch (thrown) {
    if (thrown instanceof RangeError) throw composeFault(nowhere, 'the file is nested too deeply.')
    throw thrown
  }
  const [fault] = document.errors
  if (fault !== undefined) {
    const { line } = lines.linePos(fault.pos[0])
    const message = fault.code === 'MULTIPLE_DOCS' ? 'a second document begins here; give each a file of its own, with -f for each' : fault.message
    throw composeFault({ file, line: Math.max(1, line) }, `${message}.`)
  }
  const tree = new Unfolding(file, lines).read(document.contents, 0)
  if (tree.kind === 'mapping') return tree
  if (tree.kind === 'scalar' && tree.value === null) return mapping([], nowhere)
  throw composeFault(nowhere, 'is no Compose file: expected a mapping with services.')
}

/** Turns nodes into a tree. */
class Unfolding {
  readonly #file: string
  readonly #lines: LineCounter
  readonly #anchors = new Map<string, Node>()
  readonly #open = new Set<Node>()
  #nodes = 0

  constructor(file: string, lines: LineCounter) {
    this.#file = file
    this.#lines = lines
  }

  read(node: unknown, depth: number, place = this.#placeOf(node)): Tree {
    if (++this.#nodes > MAX_NODES) throw composeFault(place, `unfolds to more than ${MAX_NODES} values.`)
    if (depth > MAX_DEPTH) throw composeFault(place, `is nested deeper than ${MAX_DEPTH} levels.`)
    if (isAlias(node)) return this.#alias(node, node.source, depth, place)
    if (node === null || node === undefined) return { kind: 'scalar', value: null, place }
    if (!isScalar(node) && !isMap(node) && !isSeq(node)) throw composeFault(place, 'is nothing that a Compose file can hold.')
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, node)
    const tag = this.#tagOf(node, place)
    if (isScalar(node) && tag.tag === 'reset') return { kind: 'scalar', value: null, place, ...tag }
    if (isScalar(node)) return { kind: 'scalar', value: scalarValue(node.value, node.source, place), place, ...tag }
    this.#open.add(node)
    try {
      if (isSeq(node)) return { kind: 'sequence', items: node.items.map((item) => this.read(item, depth + 1)), place, ...tag }
      return { kind: 'mapping', entries: this.#entries(node.items, depth), place, ...tag }
    } finally {
      this.#open.delete(node)
    }
  }

  #alias(node: Node, name: string, depth: number, place: Place): Tree {
    const target = this.#anchors.get(name)
    if (target === undefined) throw composeFault(place, `*${name} stands for nothing: there is no &${name} before it.`)
    if (this.#open.has(target)) throw composeFault(this.#placeOf(node), `*${name} stands inside what it stands for.`)
    return this.read(target, depth)
  }

  #entries(pairs: readonly { readonly key: unknown; readonly value: unknown }[], depth: number): Map<string, Tree> {
    const entries = new Map<string, Tree>()
    const merged = new Map<string, Tree>()
    for (const { key, value } of pairs) {
      const place = this.#placeOf(key)
      if (!isScalar(key)) throw composeFault(place, 'only a text can be the name of a field.')
      const name = String(key.value)
      if (name === '<<') {
        const from = this.read(value, depth + 1, place)
        for (const source of from.kind === 'sequence' ? from.items : [from]) {
          if (source.kind !== 'mapping') throw composeFault(place, '<<: expected a mapping, or a list of mappings.')
          // The first one counts, as YAML says.
          for (const [each, tree] of source.entries) if (!merged.has(each)) merged.set(each, tree)
        }
        continue
      }
      if (entries.has(name)) throw composeFault(place, `${name} is given twice. Remove one of them.`)
      entries.set(name, this.read(value, depth + 1, place))
    }
    for (const [name, tree] of merged) if (!entries.has(name)) entries.set(name, tree)
    return entries
  }

  #tagOf(node: { readonly tag?: string | undefined }, place: Place): { readonly tag?: MergeTag } {
    if (node.tag === undefined || node.tag.startsWith('tag:yaml.org,2002:')) return {}
    const tag = TAGS[node.tag]
    if (tag === undefined) throw composeFault(place, `the tag ${node.tag} is not known; a Compose file may use !reset and !override.`)
    return { tag }
  }

  #placeOf(node: unknown): Place {
    const offset = isAlias(node) || isMap(node) || isSeq(node) || isScalar(node) ? (node.range?.[0] ?? 0) : 0
    return { file: this.#file, line: Math.max(1, this.#lines.linePos(offset).line) }
  }
}

function scalarValue(value: unknown, source: string | undefined, place: Place): string | number | boolean | null {
  // A leading zero means octal, as Compose's own reader has it.
  if (typeof value === 'number' && source !== undefined && /^0[0-7]+$/.test(source)) return Number.parseInt(source, 8)
  if (value === null || value === undefined) return null
  if (typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number') return Number.isSafeInteger(value) || !Number.isInteger(value) ? value : (source ?? String(value))
  if (typeof value === 'bigint') return value.toString()
  throw new SealiftError('COMPOSE_INVALID', `${place.file}:${place.line}: is nothing that a Compose file can hold.`)
}

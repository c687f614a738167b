import { posix } from 'node:path'
import { asOptionalText, type MappingTree, member, type Tree } from './tree.ts'

/** Lists that the later file replaces as a whole. */
const REPLACED = new Set(['command', 'entrypoint', 'healthcheck.test'])

const text = (tree: Tree, key: string): string => {
  const found = member(tree, key)
  return found === undefined ? '' : (asOptionalText(found, key) ?? '')
}

/** Lists whose items are one thing by a key: a later item of the same key takes the place of the earlier one. */
const KEYED: Readonly<Record<string, (item: Tree) => string>> = {
  ports: (item) => `${text(item, 'host_ip')}:${text(item, 'published')}:${text(item, 'target')}/${text(item, 'protocol')}`,
  volumes: (item) => posix.normalize(text(item, 'target')),
  configs: (item) => text(item, 'target') || `/${text(item, 'source')}`,
  secrets: (item) => text(item, 'target') || text(item, 'source'),
}

/** Lists of texts in which each stands once. */
const UNIQUE = new Set(['expose', 'dns', 'dns_search', 'dns_opt', 'tmpfs', 'cap_add', 'cap_drop', 'group_add', 'profiles', 'security_opt', 'external_links'])

/**
 * Lays one canonical service over another by the merge rules of the Compose specification: mappings part
 * by part, lists one after the other, single values by the later one; `!reset` and `!override` as they say.
 */
export function mergeServices(base: MappingTree, over: MappingTree): MappingTree {
  return mergeMappings(base, over, '')
}

/** Lays one mapping over another, all lists by concatenation: for what stands outside of services. */
export function mergeMappings(base: MappingTree, over: MappingTree, path: string): MappingTree {
  const entries = new Map(base.entries)
  for (const [key, tree] of over.entries) {
    const merged = mergeTrees(entries.get(key), tree, path === '' ? key : `${path}.${key}`)
    if (merged === undefined) entries.delete(key)
    else entries.set(key, merged)
  }
  return { kind: 'mapping', entries, place: over.place }
}

function mergeTrees(base: Tree | undefined, over: Tree, path: string): Tree | undefined {
  if (over.tag === 'reset') return undefined
  if (base === undefined || over.tag === 'override' || base.kind !== over.kind) return over
  if (over.kind === 'mapping' && base.kind === 'mapping') {
    // Options of one logging driver mean nothing to another.
    if (path === 'logging' && text(over, 'driver') !== '' && text(over, 'driver') !== text(base, 'driver')) return over
    return mergeMappings(base, over, path)
  }
  if (over.kind !== 'sequence' || base.kind !== 'sequence' || REPLACED.has(path)) return over
  const keyOf = KEYED[path]
  if (keyOf !== undefined) {
    const items = new Map(base.items.map((item) => [keyOf(item), item]))
    for (const item of over.items) items.set(keyOf(item), item)
    return { ...over, items: [...items.values()] }
  }
  const items = [...base.items, ...over.items]
  if (!UNIQUE.has(path)) return { ...over, items }
  const seen = new Set<string>()
  return { ...over, items: items.filter((item) => item.kind !== 'scalar' || (!seen.has(String(item.value)) && seen.add(String(item.value)))) }
}

/** Without the values that a file took away from nothing. */
export function withoutResets(tree: MappingTree): MappingTree {
  return {
    ...tree,
    entries: new Map(
      [...tree.entries].filter(([, each]) => each.tag !== 'reset').map(([key, each]) => [key, each.kind === 'mapping' ? withoutResets(each) : each]),
    ),
  }
}

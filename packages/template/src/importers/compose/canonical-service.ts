import { posix } from 'node:path'
import { portTrees } from './port-syntax.ts'
import { shellWords } from './shell-words.ts'
import { asItemOrItems, asItems, asMapping, asText, composeFault, type MappingTree, mapping, type Place, scalar, sequence, type Tree } from './tree.ts'
import { volumeTree } from './volume-syntax.ts'

/** Fields that are a list of `NAME=VALUE`, or a mapping. */
const PAIRS = ['environment', 'labels', 'annotations', 'sysctls', 'storage_opt'] as const

/** Fields that are one text, or a list of them. */
const TEXT_OR_LIST = ['tmpfs', 'dns', 'dns_search', 'dns_opt', 'label_file'] as const

/**
 * A service with every short form written out, and every path made absolute, so that services can be
 * merged part by part.
 * @param folder that relative paths begin at
 * @throws SealiftError `COMPOSE_INVALID`
 */
export function canonicalService(service: MappingTree, folder: string): MappingTree {
  const entries = new Map<string, Tree>()
  for (const [key, tree] of service.entries) entries.set(key, kept(tree, canonicalField(key, tree, folder)))
  return { ...service, entries }
}

/** What merging was told about a value holds for its long form too. */
function kept(from: Tree, to: Tree): Tree {
  return from.tag === undefined || to.tag !== undefined ? to : { ...to, tag: from.tag }
}

function canonicalField(key: string, tree: Tree, folder: string): Tree {
  if (tree.kind === 'scalar' && tree.value === null) return tree
  if ((PAIRS as readonly string[]).includes(key)) return pairs(tree, key)
  if ((TEXT_OR_LIST as readonly string[]).includes(key)) return sequence(asItemOrItems(tree, key), tree.place)
  switch (key) {
    case 'command':
    case 'entrypoint':
      return words(tree, key)
    case 'extra_hosts':
      return extraHosts(tree)
    case 'env_file':
      return envFiles(tree, folder)
    case 'depends_on':
      return named(tree, key, (place) => mapping([['condition', scalar('service_started', place)]], place))
    case 'networks':
      return named(tree, key, (place) => scalar(null, place))
    case 'ports':
      return sequence(
        asItems(tree, key).flatMap((item) => portTrees(item)),
        tree.place,
      )
    case 'volumes':
      return sequence(
        asItems(tree, key).map((item) => volumeTree(item, folder)),
        tree.place,
      )
    case 'configs':
    case 'secrets':
      return sequence(
        asItems(tree, key).map((item) => (item.kind === 'mapping' ? item : mapping([['source', item]], item.place))),
        tree.place,
      )
    case 'healthcheck': {
      const entries = new Map(asMapping(tree, key).entries)
      const test = entries.get('test')
      if (test?.kind === 'scalar' && test.value !== null) entries.set('test', kept(test, sequence([scalar('CMD-SHELL', test.place), test], test.place)))
      return { ...asMapping(tree, key), entries }
    }
    case 'build':
      return tree.kind === 'scalar' ? mapping([['context', tree]], tree.place) : tree
    case 'ulimits':
      return mapping(
        [...asMapping(tree, key).entries].map(([name, limit]) => [
          name,
          limit.kind === 'scalar'
            ? mapping(
                [
                  ['soft', limit],
                  ['hard', limit],
                ],
                limit.place,
              )
            : limit,
        ]),
        tree.place,
      )
    default:
      return tree
  }
}

function pairs(tree: Tree, what: string): MappingTree {
  if (tree.kind === 'mapping') return tree
  return mapping(
    asItems(tree, what).map((item): [string, Tree] => {
      const text = asText(item, what)
      const equals = text.indexOf('=')
      return equals < 0 ? [text, scalar(null, item.place)] : [text.slice(0, equals), scalar(text.slice(equals + 1), item.place)]
    }),
    tree.place,
  )
}

function words(tree: Tree, what: string): Tree {
  if (tree.kind !== 'scalar') return tree
  const list = shellWords(asText(tree, what))
  if (list === undefined) throw composeFault(tree.place, `${what}: a quote is not closed.`)
  return sequence(
    list.map((word) => scalar(word, tree.place)),
    tree.place,
  )
}

/** Host names, each with a list of addresses. */
function extraHosts(tree: Tree): Tree {
  const hosts = new Map<string, Tree[]>()
  const add = (host: string, address: Tree): void => void hosts.set(host, [...(hosts.get(host) ?? []), address])
  if (tree.kind === 'mapping') for (const [host, addresses] of tree.entries) for (const address of asItemOrItems(addresses, 'extra_hosts')) add(host, address)
  else {
    for (const item of asItems(tree, 'extra_hosts')) {
      const parts = /^([^=:\s]+)[=:](.+)$/.exec(asText(item, 'extra_hosts'))
      if (parts?.[1] === undefined || parts[2] === undefined)
        throw composeFault(item.place, `extra_hosts: expected HOST=ADDRESS, found ${JSON.stringify(asText(item, 'extra_hosts'))}.`)
      add(parts[1], scalar(parts[2].replace(/^\[(.*)\]$/, '$1'), item.place))
    }
  }
  return mapping(
    [...hosts].map(([host, addresses]) => [host, sequence(addresses, addresses[0]?.place ?? tree.place)]),
    tree.place,
  )
}

function envFiles(tree: Tree, folder: string): Tree {
  return sequence(
    asItemOrItems(tree, 'env_file').map((item) => {
      const path = item.kind === 'mapping' ? item.entries.get('path') : item
      if (path === undefined) throw composeFault(item.place, 'env_file: has no path.')
      const absolute = scalar(posix.resolve(folder, asText(path, 'env_file')), path.place)
      return mapping([...(item.kind === 'mapping' ? item.entries : []), ['path', absolute]], item.place)
    }),
    tree.place,
  )
}

function named(tree: Tree, what: string, value: (place: Place) => Tree): Tree {
  if (tree.kind === 'mapping') return tree
  return mapping(
    asItems(tree, what).map((item) => [asText(item, what), value(item.place)]),
    tree.place,
  )
}

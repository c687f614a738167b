import { homedir } from 'node:os'
import { posix } from 'node:path'
import { asText, composeFault, type MappingTree, mapping, scalar, type Tree } from './tree.ts'

/** Whether the source of a short mount is a path of the host rather than the name of a volume. */
const isPath = (source: string): boolean => /^(\.|~|\/)/.test(source)

/** A path as the host has it. */
export function hostPath(text: string, folder: string): string {
  const expanded = text === '~' || text.startsWith('~/') ? posix.join(homedir(), text.slice(1)) : text
  return posix.resolve(folder, expanded)
}

/** A mount in its long form, a path of the host made absolute. @throws SealiftError `COMPOSE_INVALID` */
export function volumeTree(tree: Tree, folder: string): MappingTree {
  if (tree.kind === 'mapping') {
    const source = tree.entries.get('source')
    const type = tree.entries.get('type')
    if (tree.entries.get('target') === undefined) throw composeFault(tree.place, 'volumes: has no target.')
    if (source === undefined || type === undefined || asText(type, 'volumes.type') !== 'bind') return tree
    return { ...tree, entries: new Map([...tree.entries, ['source', scalar(hostPath(asText(source, 'volumes.source'), folder), source.place)]]) }
  }
  const { place } = tree
  const text = asText(tree, 'volumes')
  const [first = '', second, third, ...more] = text.split(':')
  if (first === '' || more.length > 0) throw composeFault(place, `volumes: expected [SOURCE:]TARGET[:MODE], found ${JSON.stringify(text)}.`)
  if (second === undefined) {
    return mapping(
      [
        ['type', scalar('volume', place)],
        ['target', scalar(first, place)],
      ],
      place,
    )
  }
  const options = (third ?? '').split(',').filter((option) => option !== '')
  const bind = isPath(first)
  return mapping(
    [
      ['type', scalar(bind ? 'bind' : 'volume', place)],
      ['source', scalar(bind ? hostPath(first, folder) : first, place)],
      ['target', scalar(second, place)],
      ...(options.includes('ro') ? ([['read_only', scalar(true, place)]] as const) : []),
      ...(options.includes('nocopy') ? ([['volume', mapping([['nocopy', scalar(true, place)]], place)]] as const) : []),
    ],
    place,
  )
}

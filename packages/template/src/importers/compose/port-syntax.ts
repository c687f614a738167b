import { asText, composeFault, type MappingTree, mapping, type Place, scalar, type Tree } from './tree.ts'

interface Range {
  readonly from: number
  readonly to: number
}

function range(text: string, place: Place): Range {
  const parts = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text)
  const from = Number(parts?.[1])
  const to = Number(parts?.[2] ?? parts?.[1])
  if (parts === null || from > 65_535 || to > 65_535 || to < from)
    throw composeFault(place, `ports: expected a port or a range of ports, found ${JSON.stringify(text)}.`)
  return { from, to }
}

/** A port mapping in its long form, one for each port of a range. @throws SealiftError `COMPOSE_INVALID` */
export function portTrees(tree: Tree): MappingTree[] {
  if (tree.kind === 'mapping') return ofLong(tree)
  const text = asText(tree, 'ports')
  const { place } = tree
  // [IP:][HOST:]CONTAINER[/PROTOCOL]; an IPv6 address stands in brackets.
  const parts = /^(?:(\[[0-9a-fA-F:.]+\]|\d+\.\d+\.\d+\.\d+):)?(?:(\d[\d-]*)?:)?(\d[\d-]*)(?:\/([a-z]+))?$/.exec(text)
  if (parts?.[3] === undefined) throw composeFault(place, `ports: expected [[IP:]HOST:]CONTAINER[/PROTOCOL], found ${JSON.stringify(text)}.`)
  const [, ip, host, container, protocol = 'tcp'] = parts
  return expand(range(container, place), host === undefined ? undefined : range(host, place), place, {
    protocol: scalar(protocol, place),
    ...(ip === undefined ? {} : { host_ip: scalar(ip.replaceAll(/[[\]]/g, ''), place) }),
  })
}

function ofLong(tree: MappingTree): MappingTree[] {
  const { place } = tree
  const target = tree.entries.get('target')
  if (target === undefined) throw composeFault(place, 'ports: has no target.')
  const published = tree.entries.get('published')
  const text = published === undefined || (published.kind === 'scalar' && published.value === null) ? '' : asText(published, 'ports.published')
  const others = Object.fromEntries([...tree.entries].filter(([key]) => key !== 'target' && key !== 'published'))
  return expand(range(asText(target, 'ports.target'), place), text === '' ? undefined : range(text, place), place, {
    protocol: scalar('tcp', place),
    ...others,
  })
}

function expand(container: Range, host: Range | undefined, place: Place, others: Readonly<Record<string, Tree>>): MappingTree[] {
  const count = container.to - container.from + 1
  if (count > 100)
    throw composeFault(place, `ports: a range of ${count} ports; a component has at most 100.`, 'Publish fewer ports, or let a gateway lead to them.')
  const hosts = host === undefined ? 0 : host.to - host.from + 1
  // One container port for a range of the host: the first free one, so the first is as good.
  if (hosts > 0 && count > 1 && hosts !== count) throw composeFault(place, `ports: ${count} ports of the container for ${hosts} of the host.`)
  return Array.from({ length: count }, (_, index) =>
    mapping(
      [
        ...Object.entries(others),
        ['target', scalar(container.from + index, place)],
        ...(host === undefined ? [] : ([['published', scalar(host.from + index, place)]] as const)),
      ],
      place,
    ),
  )
}

import type { DraftPort } from '../draft/draft.ts'
import type { ServiceContext } from './service-context.ts'
import { asItems, asMapping, asNumber, asText, composeFault, member, type Tree } from './tree.ts'

const LOOPBACK = /^(127\.|::1$|localhost$)/

/** The ports of a service: published ones, exposed ones, and those that its image names. @throws SealiftError `COMPOSE_INVALID` */
export function servicePorts(context: ServiceContext): DraftPort[] {
  const ports = new Map<string, DraftPort>()
  const tree = context.get('ports')
  for (const item of tree === undefined ? [] : asItems(tree, 'ports')) {
    const port = published(context, item)
    if (port === undefined) continue
    const key = `${port.port}/${port.protocol}`
    const before = ports.get(key)
    if (before?.published !== undefined && port.published !== undefined) {
      context.note('left-out', 'ports', item.place, `${key} is published twice; a port is published once.`)
      continue
    }
    ports.set(key, { ...before, ...port })
  }
  const exposed = context.get('expose')
  const more = [
    ...(exposed === undefined ? [] : asItems(exposed, 'expose')).flatMap((item) => rangeOf(asText(item, 'expose'), item)),
    ...(context.image.facts?.ports ?? []).map((text) => ({
      port: Number.parseInt(text, 10),
      protocol: text.endsWith('/udp') ? ('udp' as const) : ('tcp' as const),
    })),
  ]
  for (const port of more) if (!ports.has(`${port.port}/${port.protocol}`)) ports.set(`${port.port}/${port.protocol}`, port)
  return [...ports.values()].slice(0, 100)
}

function rangeOf(text: string, item: Tree): DraftPort[] {
  const parts = /^(\d+)(?:-(\d+))?(?:\/(tcp|udp))?$/.exec(text)
  if (parts === null) throw composeFault(item.place, `expose: expected a port, found ${JSON.stringify(text)}.`)
  const [from, to] = [Number(parts[1]), Number(parts[2] ?? parts[1])]
  const protocol = parts[3] === 'udp' ? 'udp' : 'tcp'
  return Array.from({ length: Math.min(100, Math.max(0, to - from + 1)) }, (_, index) => ({ port: from + index, protocol }))
}

function published(context: ServiceContext, item: Tree): DraftPort | undefined {
  const text = (key: string): string | undefined => {
    const tree = member(item, key)
    return tree === undefined ? undefined : asText(tree, `ports.${key}`)
  }
  const target = member(item, 'target')
  if (target === undefined) throw composeFault(item.place, 'ports: has no target.')
  const port = asNumber(target, 'ports.target')
  const protocol = text('protocol') ?? 'tcp'
  if (protocol !== 'tcp' && protocol !== 'udp') {
    context.note('left-out', 'ports', item.place, `${port}/${protocol}: a port speaks tcp or udp.`)
    return undefined
  }
  const name = text('name')
  const speaks = text('app_protocol')
  const base = { port, protocol, ...(name === undefined ? {} : { name }), ...(speaks === undefined ? {} : { speaks }) } as const
  const address = text('host_ip') ?? ''
  if (LOOPBACK.test(address)) {
    context.note(
      'left-out',
      'ports',
      item.place,
      `${port}/${protocol} is published on ${address} alone, which a template can not say; it is not published at all. Give it a public port in the template where others are to reach it.`,
    )
    return base
  }
  if (address !== '' && address !== '0.0.0.0' && address !== '::') {
    context.note('changed', 'ports', item.place, `${port}/${protocol} is published on ${address} of one host; at a site it is on all addresses.`)
  }
  const hostPort = text('published')
  return { ...base, published: hostPort === undefined || hostPort === '0' ? {} : { hostPort: Number(hostPort) } }
}

/** Names beside its own by which others reach a service: container name, aliases, host name, what others link it as. */
export function serviceHostNames(context: ServiceContext): string[] {
  const names = new Set<string>([context.service])
  const containerName = context.get('container_name')
  if (containerName !== undefined) names.add(asText(containerName, 'container_name'))
  const hostname = context.get('hostname')
  if (hostname !== undefined) names.add(asText(hostname, 'hostname'))
  const networks = context.get('networks')
  for (const network of networks === undefined ? [] : asMapping(networks, 'networks').entries.values()) {
    const aliases = member(network, 'aliases')
    for (const alias of aliases === undefined ? [] : asItems(aliases, 'networks.aliases')) names.add(asText(alias, 'networks.aliases'))
  }
  names.delete(context.component)
  return [...names]
}

/** Whom a service links to, and as what. */
export function serviceLinks(context: ServiceContext): { readonly service: string; readonly alias: string; readonly tree: Tree }[] {
  const links = context.get('links')
  return (links === undefined ? [] : asItems(links, 'links')).map((tree) => {
    const [service = '', alias = service] = asText(tree, 'links').split(':')
    return { service, alias, tree }
  })
}

/** Says what of the networks of a service is not carried, and refuses a network that is not its own. */
export function checkNetworks(context: ServiceContext): void {
  const mode = context.get('network_mode')
  if (mode !== undefined) {
    const text = asText(mode, 'network_mode')
    if (text === 'none') {
      context.note('left-out', 'network_mode', mode.place, 'none: every component is in the network of its installation.')
    } else if (text !== 'bridge' && text !== 'default') {
      const what = text === 'host' ? "the host's network" : 'the network of another container'
      context.refuse('network_mode', mode.place, `${text}: ${what} can not be carried. Publish ports instead, or use component names.`)
    }
  }
}

import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { parseHostPort, portKey } from '../resolve.ts'
import { Scope, secretNames } from '../scope.ts'
import { runningComponents, type WantedState } from '../state.ts'
import type { Notes } from './note.ts'

/** Where host ports are allocated from, both ends included. */
export const ALLOCATED_PORTS = { first: 30_000, last: 32_767 } as const

/** A port that the host publishes: a component's, or that of a plugin in its network. */
interface PublicPort {
  readonly component: string
  readonly plugin?: string
  readonly name: string
  readonly protocol: 'tcp' | 'udp'
  readonly hostPort: string | null
}

function* publicPorts(state: WantedState): Generator<PublicPort> {
  for (const component of runningComponents(state)) {
    const { ports = {}, definition } = state.components[component] ?? {}
    for (const [name, { protocol, public: open }] of Object.entries(ports)) {
      if (open !== undefined) yield { component, name, protocol, hostPort: open.hostPort }
    }
    for (const plugin of definition?.plugins ?? []) {
      for (const { name, protocol, public: open } of plugin.ports) {
        if (open !== undefined) yield { component, plugin: plugin.name, name, protocol, hostPort: open.hostPort }
      }
    }
  }
}

function whereOf({ component, plugin, name }: PublicPort): string {
  return `component ${component}: ${plugin === undefined ? '' : `plugin ${plugin}: `}port ${name}`
}

function bothWant(state: WantedState, owner: string, other: string, port: string): SealiftError {
  const left = Object.values(state.components).some(
    (component) => component.leftOver === true || Object.values(component.ports).some(({ leftOver }) => leftOver === true),
  )
  return new SealiftError('PORT_INVALID', `${owner} and ${other} both want host port ${port}`, {
    hint: left
      ? 'Give one of them another port. If one is left over from an earlier release, --prune removes it; if it is the same under another name, --map OLD=NEW says so.'
      : 'Give one of them another port.',
  })
}

/**
 * Gives every public port without a number one of its own: the one that it had, else the lowest that is free.
 * @param taken host ports that others hold
 * @throws SealiftError `PORTS_EXHAUSTED`; `PORT_INVALID` where two components want the same number
 */
export function allocateHostPorts(state: WantedState, taken: ReadonlySet<number>, notes: Notes): WantedState {
  const scope = new Scope(state, secretNames)
  const owners = new Map<number, string>()
  const claim = (port: number, protocol: string, owner: string): void => {
    const key = port * 2 + (protocol === 'udp' ? 1 : 0)
    const other = owners.get(key)
    if (other !== undefined) throw bothWant(state, owner, other, `${port}/${protocol}`)
    owners.set(key, owner)
  }
  const open: (PublicPort & { readonly key: string })[] = []
  for (const port of publicPorts(state)) {
    const { component, plugin, name, protocol, hostPort } = port
    const where = whereOf(port)
    if (hostPort === null) open.push({ ...port, key: portKey(component, name, plugin) })
    else claim(parseHostPort(scope.text(hostPort, component, where), where), protocol, where)
  }
  const hostPorts: Record<string, number> = { ...state.allocations.hostPorts }
  const isFree = (port: number): boolean => !owners.has(port * 2) && !owners.has(port * 2 + 1)
  const held = new Set(Object.values(hostPorts))
  for (const wanted of open) {
    const { key, component, name, plugin, protocol } = wanted
    const kept = hostPorts[key]
    if (kept !== undefined) {
      claim(kept, protocol, whereOf(wanted))
      continue
    }
    let port: number = ALLOCATED_PORTS.first
    while (port <= ALLOCATED_PORTS.last && (taken.has(port) || held.has(port) || !isFree(port))) port += 1
    if (port > ALLOCATED_PORTS.last) {
      throw new SealiftError('PORTS_EXHAUSTED', `component ${component}: no host port from ${ALLOCATED_PORTS.first} to ${ALLOCATED_PORTS.last} is free`)
    }
    hostPorts[key] = port
    claim(port, protocol, whereOf(wanted))
    notes.add({
      component,
      kind: 'port',
      name: plugin === undefined ? name : `${plugin}/${name}`,
      effect: 'allocated',
      why: `Host port ${port} was free; it is kept for as long as the installation lives.`,
    })
  }
  return { ...state, allocations: { hostPorts } }
}

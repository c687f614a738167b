import { isSealiftError, SealiftError } from '@sealift/oci/sealift-error.ts'
import { isLocalAddress } from './engine-address.ts'
import type { EngineClient } from './engine-client.ts'
import type { ContainerSummary } from './engine-types.ts'
import { Label } from './labels.ts'
import { listenerOf } from './port-listener.ts'

const CONFLICT = /port is already allocated|address already in use|ports are not available|proxy already running/i
/** `Bind for 0.0.0.0:80 failed: …`, `listen tcp4 0.0.0.0:80: bind: …`, `exposing port TCP 0.0.0.0:80 -> …` */
const PORT = /(?:bind for|listen|exposing port)\s+(?:(tcp|udp)[46]?\s+)?\S*?:(\d{1,5})(?!\d)/i

/** Turns the engine's failure to publish a port into `PORT_IN_USE`, with who holds it; anything else is returned as it is. */
export async function explainPortConflict(engine: EngineClient, thrown: unknown, component: string): Promise<unknown> {
  if (!isSealiftError(thrown, 'ENGINE_FAILED') || !CONFLICT.test(thrown.message)) return thrown
  const conflict = conflictingPort(thrown.message)
  if (conflict === undefined) return new SealiftError('PORT_IN_USE', `component ${component}: ${thrown.message}`, { cause: thrown, details: thrown.details })
  const { port } = conflict
  for (const protocol of conflict.protocol === undefined ? (['tcp', 'udp'] as const) : [conflict.protocol]) {
    const holder = await portHolder(engine, port, protocol)
    if (holder !== undefined) return portInUse(component, port, holder, thrown)
  }
  return portInUse(component, port, 'another program', thrown)
}

const portInUse = (component: string, port: number, holder: string, cause: unknown): SealiftError =>
  new SealiftError('PORT_IN_USE', `component ${component} publishes host port ${port}, which ${holder} holds`, { cause, details: { component, port, holder } })

/** The host port that an engine's words name, and its protocol where they say it. */
export function conflictingPort(words: string): { readonly port: number; readonly protocol?: 'tcp' | 'udp' } | undefined {
  const match = PORT.exec(words)
  if (match?.[2] === undefined) return undefined
  const protocol = match[1]?.toLowerCase()
  return { port: Number(match[2]), ...(protocol === 'tcp' || protocol === 'udp' ? { protocol } : {}) }
}

/** Who has a port of the engine's host, in words; undefined where it can't be told. */
async function portHolder(engine: EngineClient, port: number, protocol: 'tcp' | 'udp'): Promise<string | undefined> {
  const container = publisherOf(await engine.listContainers({}), port, protocol)
  if (container !== undefined) return describePublisher(container)
  return isLocalAddress(engine.address) ? listenerOf(port, protocol) : undefined
}

/** The running container that publishes a host port. */
export function publisherOf(containers: readonly ContainerSummary[], port: number, protocol: 'tcp' | 'udp'): ContainerSummary | undefined {
  // Podman also lists the ports of containers that never got them.
  return containers.find(({ State, Ports }) => State === 'running' && Ports?.some(({ PublicPort, Type }) => PublicPort === port && Type === protocol))
}

/** A container as a person knows it. */
export function describePublisher({ Labels, Names, Id }: ContainerSummary): string {
  const installation = Labels?.[Label.installation]
  const component = Labels?.[Label.component]
  if (installation !== undefined && component !== undefined) return `component ${component} of installation ${installation}`
  return `container ${Names[0]?.replace(/^\//, '') ?? Id.slice(0, 12)}`
}

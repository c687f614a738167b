import { createSocket } from 'node:dgram'
import { statfs } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { Finding, PreflightRequest, WantedComponent, WantedPort } from '@sealift/deploy/driver.ts'
import { isLocalAddress } from './engine-address.ts'
import type { EngineClient } from './engine-client.ts'
import type { ContainerSummary, EngineInfo } from './engine-types.ts'
import { gpuFindings } from './gpus.ts'
import { Label } from './labels.ts'
import { describePublisher, publisherOf } from './port-conflict.ts'
import { listenerOf } from './port-listener.ts'

/** An engine unpacks an archive into a temporary folder and then into its store: both are there for a while. */
const COPIES_WHILE_LOADING = 2

/** Looks for what would make a change fail. */
export async function preflight(engine: EngineClient, request: PreflightRequest): Promise<readonly Finding[]> {
  const info = await engine.info()
  const findings = [
    ...duplicatePorts(request.components),
    ...memory(request.components, info),
    ...processors(request.components, info),
    ...gpuFindings(request.components, info),
    ...(await disk(engine, info, request.imageBytes)),
  ]
  const containers = await engine.listContainers({})
  for (const port of request.ports ?? []) {
    const holder = await holderOfPort(engine, containers, request.installation, port, 'tcp')
    if (holder !== undefined) findings.push(asked(port, holder))
  }
  for (const component of request.components) {
    for (const port of allPorts(component)) {
      if (port.hostPort === undefined) continue
      if (component.replicas > 1) findings.push(onlyFirstReplica(component, port))
      const holder = await holderOfPort(engine, containers, request.installation, port.hostPort, port.protocol)
      if (holder !== undefined) findings.push(taken(component.name, `${port.hostPort}/${port.protocol}`, holder))
    }
  }
  return findings
}

/** Free bytes where the engine keeps its data, where that can be looked at from here. */
export async function freeDisk(engine: EngineClient, info: EngineInfo): Promise<number | undefined> {
  if (!isLocalAddress(engine.address)) return undefined
  try {
    const { bavail, bsize } = await statfs(info.DockerRootDir)
    return bavail * bsize
  } catch {
    // In a container of its own, or a folder that only root sees: then it can't be told.
    return undefined
  }
}

async function disk(engine: EngineClient, info: EngineInfo, imageBytes: number): Promise<readonly Finding[]> {
  const free = await freeDisk(engine, info)
  const needed = imageBytes * COPIES_WHILE_LOADING
  if (free === undefined || free >= needed) return []
  return [
    {
      severity: 'error',
      subject: 'disk',
      message: `${megabytes(free)} MB are free where the engine keeps its data (${info.DockerRootDir}); loading the images takes ${megabytes(needed)} MB for a while`,
      hint: "Free space there: 'docker system df' shows what could go.",
    },
  ]
}

function memory(components: readonly WantedComponent[], info: EngineInfo): readonly Finding[] {
  const findings: Finding[] = []
  let sum = 0
  for (const { name, memory: limit = 0, replicas } of components) {
    sum += limit * replicas
    if (limit <= info.MemTotal) continue
    findings.push({
      severity: 'warning',
      subject: name,
      message: `may use ${megabytes(limit)} MB of memory; the machine has ${megabytes(info.MemTotal)} MB`,
      hint: 'Lower its memory, or use a larger machine.',
    })
  }
  if (findings.length === 0 && sum > info.MemTotal) {
    findings.push({
      severity: 'warning',
      subject: 'memory',
      message: `all components together may use ${megabytes(sum)} MB; the machine has ${megabytes(info.MemTotal)} MB`,
      hint: 'It works as long as not all use their full memory at the same time; otherwise lower some, or switch modules off.',
    })
  }
  return findings
}

/** The ports of a component and of its plugins, which share one network. */
function allPorts({ ports, plugins = [] }: WantedComponent): readonly WantedPort[] {
  return [...ports, ...plugins.flatMap(({ ports }) => ports)]
}

/** An engine makes no container that may use more processor time than there is. */
function processors(components: readonly WantedComponent[], info: EngineInfo): readonly Finding[] {
  return components.flatMap(({ name, cpu, plugins = [] }) =>
    [{ what: '', cpu }, ...plugins.map((plugin) => ({ what: `plugin ${plugin.name} `, cpu: plugin.cpu }))].flatMap(({ what, cpu }): readonly Finding[] =>
      cpu === undefined || cpu <= info.NCPU
        ? []
        : [
            {
              severity: 'error',
              subject: name,
              message: `${what}may use ${cpu} processor cores; the machine has ${info.NCPU}`,
              hint: `Give it at most ${info.NCPU} with sealift configure, or use a larger machine.`,
            },
          ],
    ),
  )
}

const megabytes = (bytes: number): number => Math.ceil(bytes / 1_000_000)

function duplicatePorts(components: readonly WantedComponent[]): readonly Finding[] {
  const seen = new Map<string, string>()
  const findings: Finding[] = []
  for (const component of components) {
    const { name } = component
    for (const { hostPort, protocol } of allPorts(component)) {
      if (hostPort === undefined) continue
      const key = `${hostPort}/${protocol}`
      const other = seen.get(key)
      if (other !== undefined) findings.push(taken(name, key, other === name ? 'another port of itself' : `component ${other} of the same installation`))
      seen.set(key, name)
    }
  }
  return findings
}

const taken = (component: string, port: string, holder: string): Finding => ({
  severity: 'error',
  subject: component,
  message: `publishes host port ${port}, which ${holder} holds`,
  hint: 'Stop what holds the port, or choose another host port.',
})

const asked = (port: number, holder: string): Finding => ({
  severity: 'error',
  subject: `port ${port}`,
  message: `the release asks for host port ${port}, which ${holder} holds`,
  hint: 'Stop what holds the port, or install on another machine.',
})

const onlyFirstReplica = ({ name, replicas }: WantedComponent, { hostPort }: WantedPort): Finding => ({
  severity: 'warning',
  subject: name,
  message: `has ${replicas} replicas; host port ${hostPort} leads to the first one only`,
  hint: 'Put a component that distributes requests before it, or reach it by its name inside the installation.',
})

/** Who other than the installation has a host port; undefined where it is free. */
async function holderOfPort(
  engine: EngineClient,
  containers: readonly ContainerSummary[],
  installation: string,
  hostPort: number,
  protocol: 'tcp' | 'udp',
): Promise<string | undefined> {
  const publisher = publisherOf(containers, hostPort, protocol)
  if (publisher !== undefined) {
    // Within the installation ports may move from one component to another; the plan's order sees to that.
    return publisher.Labels?.[Label.installation] === installation ? undefined : describePublisher(publisher)
  }
  if (!isLocalAddress(engine.address) || (await canBind(hostPort, protocol))) return undefined
  return (await listenerOf(hostPort, protocol)) ?? 'another program'
}

/** Whether nothing on this machine has the port. Where this process may not bind it, it counts as free. */
function canBind(port: number, protocol: 'tcp' | 'udp'): Promise<boolean> {
  return new Promise((resolve) => {
    const failed = (error: Error): void => resolve(!('code' in error && error.code === 'EADDRINUSE'))
    if (protocol === 'tcp') {
      const server = createServer()
      server.on('error', failed)
      server.listen({ port, host: '0.0.0.0', exclusive: true }, () => server.close(() => resolve(true)))
    } else {
      const socket = createSocket('udp4')
      socket.on('error', failed)
      socket.bind({ port, address: '0.0.0.0', exclusive: true }, () => socket.close(() => resolve(true)))
    }
  })
}

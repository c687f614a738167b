import type { WantedComponent, WantedPort } from '@sealift/deploy/driver.ts'
import { type Digest, digestOf } from '@sealift/oci/digest.ts'
import type { ContainerSpec, EngineInfo } from './engine-types.ts'
import { foreignLabels, Label, type Role } from './labels.ts'
import { hostName, networkName, stableName } from './names.ts'
import { mountsOf } from './volumes.ts'

const NANO = 1_000_000_000

/** What containers are made with that is the engine's, not the component's. */
export interface EngineSettings {
  readonly holderImage: string
  /** Set where the engine's own choice writes files that nobody rotates. */
  readonly logConfig?: { readonly Type: string; readonly Config: Readonly<Record<string, string>> }
}

/** Rotates logs where the engine keeps them in files that would grow for ever; another choice of the administrator stays. */
export function logConfigFor(info: EngineInfo): EngineSettings['logConfig'] {
  return info.LoggingDriver === 'json-file' ? { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } } : undefined
}

const isNetworkSysctl = (name: string): boolean => name.startsWith('net.')

/** Host names with their addresses as the engine takes them. */
export function hostEntries(hosts: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(hosts)
    .map(([host, address]) => `${host}:${address}`)
    .toSorted()
}

const portKey = ({ port, protocol }: WantedPort): string => `${port}/${protocol}`

/** The holder's part of a component: what belongs to the network rather than to the program. */
function podParts(wanted: WantedComponent, index: number) {
  const stable = wanted.workload === 'stateful'
  return {
    network: networkName(wanted.installation),
    hostname: wanted.hostname ?? hostName(wanted.name, index, stable),
    aliases: stable ? [wanted.name, stableName(wanted.name, index)] : [wanted.name],
    exposed: wanted.ports.map(portKey).toSorted(),
    // A host port can be published once: the first replica has it.
    published: wanted.ports
      .filter(({ hostPort }) => hostPort !== undefined && index === 0)
      .map((port): readonly [string, number] => [portKey(port), port.hostPort ?? 0])
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
    extraHosts: hostEntries(wanted.extraHosts),
    sysctls: Object.fromEntries(
      Object.entries(wanted.sysctls)
        .filter(([name]) => isNetworkSysctl(name))
        .toSorted(([a], [b]) => (a < b ? -1 : 1)),
    ),
    restart: wanted.workload === 'job' ? ('no' as const) : ('unless-stopped' as const),
  }
}

/** The hash of all that a holder is made from: while it stays, a changed component keeps its holder. */
export function podHash(wanted: WantedComponent, index: number): Digest {
  return digestOf(JSON.stringify(podParts(wanted, index)))
}

function labelsFor(wanted: WantedComponent, index: number, role: Role): Readonly<Record<string, string>> {
  return {
    ...foreignLabels(wanted.labels),
    [Label.installation]: wanted.installation,
    [Label.component]: wanted.name,
    [Label.replica]: String(index),
    [Label.role]: role,
    [Label.workload]: wanted.workload,
  }
}

/** The container that owns a replica's network, ports and names. */
export function holderSpec(wanted: WantedComponent, index: number, { holderImage }: EngineSettings): ContainerSpec {
  const { network, hostname, aliases, exposed, published, extraHosts, sysctls, restart } = podParts(wanted, index)
  const bindings = new Map<string, { HostIp: string; HostPort: string }[]>()
  for (const [key, hostPort] of published) bindings.set(key, [...(bindings.get(key) ?? []), { HostIp: '', HostPort: String(hostPort) }])
  return {
    Image: holderImage,
    Hostname: hostname,
    Labels: { ...labelsFor(wanted, index, 'holder'), [Label.pod]: podHash(wanted, index) },
    ExposedPorts: Object.fromEntries(exposed.map((key) => [key, {}])),
    HostConfig: {
      NetworkMode: network,
      PortBindings: Object.fromEntries(bindings),
      ExtraHosts: extraHosts,
      Sysctls: sysctls,
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      RestartPolicy: { Name: restart },
    },
    NetworkingConfig: { EndpointsConfig: { [network]: { Aliases: aliases } } },
  }
}

/** The container in which the component's program runs, in its holder's network. */
export function mainSpec(wanted: WantedComponent, index: number, holderId: string, { logConfig }: EngineSettings): ContainerSpec {
  const { entrypoint, command, workingDir, user, stopSignal, cpu, memory, shmSize } = wanted
  return {
    Image: wanted.image.localName,
    ...(entrypoint === undefined ? {} : { Entrypoint: entrypoint }),
    ...(command === undefined ? {} : { Cmd: command }),
    ...(workingDir === undefined ? {} : { WorkingDir: workingDir }),
    ...(user === undefined ? {} : { User: user }),
    ...(stopSignal === undefined ? {} : { StopSignal: stopSignal }),
    Env: Object.entries(wanted.env).map(([name, value]) => `${name}=${value}`),
    StopTimeout: Math.ceil(wanted.stopGrace),
    // The template's probes decide; the image's own check would only cost.
    Healthcheck: { Test: ['NONE'] },
    Labels: { ...labelsFor(wanted, index, 'main'), [Label.hash]: wanted.hash, [Label.image]: wanted.image.config },
    HostConfig: {
      NetworkMode: `container:${holderId}`,
      Mounts: mountsOf(wanted.volumes),
      ...(cpu === undefined ? {} : { NanoCpus: Math.round(cpu * NANO) }),
      ...(memory === undefined ? {} : { Memory: memory }),
      ...(shmSize === undefined ? {} : { ShmSize: shmSize }),
      Privileged: wanted.privileged,
      CapAdd: wanted.capabilities.add,
      CapDrop: wanted.capabilities.drop,
      Ulimits: Object.entries(wanted.ulimits).map(([Name, { soft, hard }]) => ({ Name, Soft: soft, Hard: hard })),
      Sysctls: Object.fromEntries(Object.entries(wanted.sysctls).filter(([name]) => !isNetworkSysctl(name))),
      RestartPolicy: { Name: wanted.workload === 'job' ? 'no' : 'unless-stopped' },
      ...(logConfig === undefined ? {} : { LogConfig: logConfig }),
    },
  }
}

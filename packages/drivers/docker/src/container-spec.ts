import type { WantedComponent, WantedInitContainer, WantedPlugin, WantedPort } from '@sealift/deploy/wanted-component.ts'
import { type Digest, digestOf } from '@sealift/oci/digest.ts'
import type { ContainerSpec, EngineInfo } from './engine-types.ts'
import { gpuRequest } from './gpus.ts'
import { foreignLabels, Label, type Role } from './labels.ts'
import { hostName, networkName, stableName } from './names.ts'
import { mountsOf } from './volumes.ts'

const NANO = 1_000_000_000

/** What containers are made with that is the engine's, not the component's. */
export interface EngineSettings {
  readonly holderImage: string
  /** Set where the engine's own choice writes files that nobody rotates. */
  readonly logConfig?: { readonly Type: string; readonly Config: Readonly<Record<string, string>> }
  /** Devices that the engine found, by their names of the Container Device Interface. */
  readonly devices: readonly string[]
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

/** Whether a component's program runs to its end, rather than for ever. */
export function runsToItsEnd({ workload }: Pick<WantedComponent, 'workload'>): boolean {
  return workload === 'job' || workload === 'cron'
}

function restartPolicy(wanted: WantedComponent): 'no' | 'unless-stopped' {
  return runsToItsEnd(wanted) ? 'no' : 'unless-stopped'
}

/** The holder's part of a component: what belongs to the network rather than to the program. */
function podParts(wanted: WantedComponent, index: number) {
  const stable = wanted.workload === 'stateful'
  const ports = [...wanted.ports, ...(wanted.plugins ?? []).flatMap(({ ports }) => ports)]
  return {
    network: networkName(wanted.installation),
    hostname: wanted.hostname ?? hostName(wanted.name, index, stable),
    aliases: stable ? [wanted.name, stableName(wanted.name, index)] : [wanted.name],
    exposed: ports.map(portKey).toSorted(),
    // A host port can be published once: the first replica has it.
    published: ports
      .filter(({ hostPort }) => hostPort !== undefined && index === 0)
      .map((port): readonly [string, number] => [portKey(port), port.hostPort ?? 0])
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
    extraHosts: hostEntries(wanted.extraHosts),
    sysctls: Object.fromEntries(
      Object.entries(wanted.sysctls)
        .filter(([name]) => isNetworkSysctl(name))
        .toSorted(([a], [b]) => (a < b ? -1 : 1)),
    ),
    restart: restartPolicy(wanted),
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

/** What makes a container that runs in its holder's network, whatever it runs. */
function inPod(holderId: string, { logConfig }: EngineSettings) {
  return { NetworkMode: `container:${holderId}`, ...(logConfig === undefined ? {} : { LogConfig: logConfig }) }
}

function program({ image, entrypoint, command, env, user }: Pick<WantedComponent, 'image' | 'entrypoint' | 'command' | 'env' | 'user'>) {
  return {
    Image: image.localName,
    ...(entrypoint === undefined ? {} : { Entrypoint: entrypoint }),
    ...(command === undefined ? {} : { Cmd: command }),
    ...(user === undefined ? {} : { User: user }),
    Env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
    // The template's probes decide; the image's own check would only cost.
    Healthcheck: { Test: ['NONE'] },
  }
}

function limits({ cpu, memory }: Pick<WantedComponent, 'cpu' | 'memory'>) {
  return { ...(cpu === undefined ? {} : { NanoCpus: Math.round(cpu * NANO) }), ...(memory === undefined ? {} : { Memory: memory }) }
}

/** The container in which the component's program runs, in its holder's network. `run` names one of a component that runs by a schedule. */
export function mainSpec(wanted: WantedComponent, index: number, holderId: string, settings: EngineSettings, run?: string): ContainerSpec {
  const { workingDir, stopSignal, shmSize, gpus } = wanted
  return {
    ...program(wanted),
    ...(workingDir === undefined ? {} : { WorkingDir: workingDir }),
    ...(stopSignal === undefined ? {} : { StopSignal: stopSignal }),
    StopTimeout: Math.ceil(wanted.stopGrace),
    Labels: {
      ...labelsFor(wanted, index, 'main'),
      [Label.hash]: wanted.hash,
      [Label.image]: wanted.image.config,
      ...(run === undefined ? {} : { [Label.run]: run }),
    },
    HostConfig: {
      ...inPod(holderId, settings),
      ...limits(wanted),
      ...ownership(wanted),
      Mounts: mountsOf(wanted.volumes, index),
      ...(shmSize === undefined ? {} : { ShmSize: shmSize }),
      Privileged: wanted.privileged,
      CapAdd: wanted.capabilities.add,
      CapDrop: wanted.capabilities.drop,
      Ulimits: Object.entries(wanted.ulimits).map(([Name, { soft, hard }]) => ({ Name, Soft: soft, Hard: hard })),
      Sysctls: Object.fromEntries(Object.entries(wanted.sysctls).filter(([name]) => !isNetworkSysctl(name))),
      ...(gpus === undefined ? {} : { DeviceRequests: [gpuRequest(gpus, settings.devices)] }),
      RestartPolicy: { Name: restartPolicy(wanted) },
    },
  }
}

function ownership({ fsGroup }: WantedComponent) {
  return fsGroup === undefined ? {} : { GroupAdd: [String(fsGroup)] }
}

/** A container that runs to its end before the main one, with its files, volumes, rights and limits. */
export function initSpec(wanted: WantedComponent, index: number, init: WantedInitContainer, holderId: string, settings: EngineSettings): ContainerSpec {
  const { privileged, capabilities } = wanted
  return {
    ...program(init),
    Labels: { ...labelsFor(wanted, index, 'init'), [Label.part]: init.name, [Label.hash]: wanted.hash, [Label.image]: init.image.config },
    HostConfig: {
      ...inPod(holderId, settings),
      ...limits(wanted),
      ...ownership(wanted),
      Mounts: mountsOf(wanted.volumes, index),
      Privileged: privileged,
      CapAdd: capabilities.add,
      CapDrop: capabilities.drop,
      RestartPolicy: { Name: 'no' },
    },
  }
}

/** A container that runs beside the main one. */
export function pluginSpec(wanted: WantedComponent, index: number, plugin: WantedPlugin, holderId: string, settings: EngineSettings): ContainerSpec {
  return {
    ...program(plugin),
    Labels: { ...labelsFor(wanted, index, 'plugin'), [Label.part]: plugin.name, [Label.hash]: plugin.hash, [Label.image]: plugin.image.config },
    HostConfig: { ...inPod(holderId, settings), ...limits(plugin), RestartPolicy: { Name: 'unless-stopped' } },
  }
}

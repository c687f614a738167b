import type { EngineHealth } from '@sealift/template/importers/image-facts.ts'

/** The parts of the Engine API's answers that the driver reads, in the API's own spelling. */

export interface EngineVersion {
  readonly Version: string
  readonly ApiVersion: string
  readonly MinAPIVersion?: string
  readonly Os: string
  readonly Arch: string
  readonly Components?: readonly { readonly Name: string; readonly Version: string }[]
}

/** Podman answers as Docker does, and differs where its store and its DNS show. */
export function isPodman({ Components }: EngineVersion): boolean {
  return Components?.some(({ Name }) => Name.startsWith('Podman')) === true
}

export interface EngineInfo {
  readonly DockerRootDir: string
  readonly Driver: string
  readonly DriverStatus?: readonly (readonly string[])[] | null
  readonly LoggingDriver: string
  readonly MemTotal: number
  readonly NCPU: number
  readonly OperatingSystem: string
  readonly SecurityOptions?: readonly string[] | null
  readonly Runtimes?: Readonly<Record<string, unknown>> | null
  /** Since API 1.50. */
  readonly DiscoveredDevices?: readonly { readonly Source: string; readonly ID: string }[] | null
}

/** Devices that a container is given: so many of a capability, or some by name. */
export interface DeviceRequest {
  readonly Driver: string
  readonly Count?: number
  readonly DeviceIDs?: readonly string[]
  readonly Capabilities?: readonly (readonly string[])[]
}

export interface ContainerSummary {
  readonly Id: string
  readonly Names: readonly string[]
  readonly State: string
  readonly Labels: Readonly<Record<string, string>> | null
  readonly Ports?: readonly { readonly PrivatePort: number; readonly PublicPort?: number; readonly Type: string }[] | null
}

export interface ContainerState {
  readonly Status: string
  readonly Running: boolean
  readonly Paused: boolean
  readonly Restarting: boolean
  readonly OOMKilled: boolean
  readonly ExitCode: number
  readonly Error: string
  readonly StartedAt: string
  readonly FinishedAt: string
}

export interface ContainerDetails {
  readonly Id: string
  readonly Name: string
  readonly RestartCount: number
  readonly State: ContainerState
  readonly Config: { readonly Labels: Readonly<Record<string, string>> | null; readonly Hostname: string; readonly Image: string }
  readonly HostConfig: { readonly NetworkMode: string; readonly NanoCpus?: number; readonly Memory?: number }
  readonly NetworkSettings: {
    readonly Networks: Readonly<Record<string, { readonly IPAddress: string; readonly NetworkID: string }>> | null
  }
}

/** What a container is made from; only the fields that the driver sets. */
export interface ContainerSpec {
  readonly Image: string
  readonly Entrypoint?: readonly string[]
  readonly Cmd?: readonly string[]
  readonly Env?: readonly string[]
  readonly WorkingDir?: string
  readonly Hostname?: string
  readonly User?: string
  readonly Labels: Readonly<Record<string, string>>
  readonly StopSignal?: string
  readonly StopTimeout?: number
  readonly Healthcheck?: { readonly Test: readonly string[] }
  readonly ExposedPorts?: Readonly<Record<string, Readonly<Record<string, never>>>>
  readonly HostConfig: HostConfig
  readonly NetworkingConfig?: { readonly EndpointsConfig: Readonly<Record<string, { readonly Aliases: readonly string[] }>> }
}

export interface HostConfig {
  readonly NetworkMode: string
  readonly PortBindings?: Readonly<Record<string, readonly { readonly HostIp: string; readonly HostPort: string }[]>>
  readonly Mounts?: readonly Mount[]
  readonly NanoCpus?: number
  readonly Memory?: number
  readonly ShmSize?: number
  readonly Privileged?: boolean
  readonly ReadonlyRootfs?: boolean
  readonly SecurityOpt?: readonly string[]
  readonly GroupAdd?: readonly string[]
  readonly DeviceRequests?: readonly DeviceRequest[]
  readonly CapAdd?: readonly string[]
  readonly CapDrop?: readonly string[]
  readonly Ulimits?: readonly { readonly Name: string; readonly Soft: number; readonly Hard: number }[]
  readonly Sysctls?: Readonly<Record<string, string>>
  readonly ExtraHosts?: readonly string[]
  readonly RestartPolicy: { readonly Name: 'no' | 'unless-stopped' }
  readonly LogConfig?: { readonly Type: string; readonly Config: Readonly<Record<string, string>> }
}

export interface Mount {
  readonly Type: 'volume' | 'tmpfs'
  readonly Source?: string
  readonly Target: string
  readonly ReadOnly: boolean
  readonly VolumeOptions?: { readonly NoCopy?: boolean }
  readonly TmpfsOptions?: { readonly SizeBytes?: number; readonly Mode?: number }
}

export interface ImageSummary {
  readonly Id: string
  readonly RepoTags: readonly string[] | null
  readonly RepoDigests: readonly string[] | null
  readonly Size: number
  readonly Labels: Readonly<Record<string, string>> | null
}

export interface ImageDetails {
  /** The config's digest with the classic store, the manifest's with containerd's: never an identity. */
  readonly Id: string
  readonly RepoTags: readonly string[] | null
  readonly RepoDigests: readonly string[] | null
  readonly Os: string
  readonly Architecture: string
  readonly Variant?: string
  readonly Size: number
  readonly Config?: ImageConfigDetails | null
  readonly RootFS: { readonly Type: string; readonly Layers?: readonly string[] | null }
}

/** What an image says about how it is run. */
export interface ImageConfigDetails {
  readonly Env?: readonly string[] | null
  readonly Entrypoint?: readonly string[] | null
  readonly Cmd?: readonly string[] | null
  readonly User?: string
  readonly WorkingDir?: string
  readonly StopSignal?: string
  readonly ExposedPorts?: Readonly<Record<string, unknown>> | null
  readonly Volumes?: Readonly<Record<string, unknown>> | null
  readonly Healthcheck?: EngineHealth | null
}

export interface NetworkSummary {
  readonly Id: string
  readonly Name: string
  readonly Labels: Readonly<Record<string, string>> | null
}

export interface VolumeDetails {
  readonly Name: string
  readonly Labels: Readonly<Record<string, string>> | null
}

/** What the engine says of something that happened. */
export interface EngineEvent {
  readonly Type: string
  readonly Action: string
  readonly Actor: { readonly ID: string; readonly Attributes?: Readonly<Record<string, string>> | null }
}

export interface ExecDetails {
  readonly Running: boolean
  readonly ExitCode: number | null
  /** On the engine's machine; 0 where it has not begun. */
  readonly Pid?: number
  readonly ContainerID?: string
}

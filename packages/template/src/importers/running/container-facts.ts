import type { EngineHealth } from '../image-facts.ts'

/** A container as an engine describes it, in the API's own spelling: the parts that an import reads. */
export interface ContainerFacts {
  readonly Id: string
  readonly Name: string
  /** The engine's ID of the image that it was made from. */
  readonly Image: string
  readonly State: { readonly Status: string; readonly Running: boolean; readonly ExitCode: number }
  readonly Config: {
    readonly Hostname?: string
    readonly Domainname?: string
    readonly User?: string
    readonly Env?: readonly string[] | null
    readonly Cmd?: readonly string[] | null
    readonly Entrypoint?: readonly string[] | null
    /** The name that it was made with. */
    readonly Image: string
    readonly WorkingDir?: string
    readonly Labels?: Readonly<Record<string, string>> | null
    readonly StopSignal?: string
    readonly StopTimeout?: number | null
    readonly Healthcheck?: EngineHealth | null
    readonly ExposedPorts?: Readonly<Record<string, unknown>> | null
  }
  readonly HostConfig: {
    readonly NetworkMode?: string
    readonly PortBindings?: Readonly<Record<string, readonly PortBinding[] | null>> | null
    readonly PublishAllPorts?: boolean
    readonly RestartPolicy?: { readonly Name?: string } | null
    readonly CapAdd?: readonly string[] | null
    readonly CapDrop?: readonly string[] | null
    readonly Dns?: readonly string[] | null
    readonly ExtraHosts?: readonly string[] | null
    readonly GroupAdd?: readonly string[] | null
    readonly IpcMode?: string
    readonly PidMode?: string
    readonly UTSMode?: string
    readonly UsernsMode?: string
    readonly Links?: readonly string[] | null
    readonly Privileged?: boolean
    readonly ReadonlyRootfs?: boolean
    readonly SecurityOpt?: readonly string[] | null
    readonly Tmpfs?: Readonly<Record<string, string>> | null
    readonly ShmSize?: number
    readonly Sysctls?: Readonly<Record<string, string>> | null
    readonly Runtime?: string
    readonly Memory?: number
    readonly NanoCpus?: number
    readonly CpuQuota?: number
    readonly CpuPeriod?: number
    readonly CpuShares?: number
    readonly CpusetCpus?: string
    readonly Devices?: readonly { readonly PathOnHost?: string }[] | null
    readonly DeviceRequests?:
      | readonly {
          readonly Driver?: string
          readonly Count?: number
          readonly DeviceIDs?: readonly string[] | null
          readonly Capabilities?: readonly (readonly string[])[] | null
        }[]
      | null
    readonly Ulimits?: readonly { readonly Name: string; readonly Soft: number; readonly Hard: number }[] | null
    readonly Init?: boolean | null
  }
  readonly Mounts?: readonly ContainerMount[] | null
  readonly NetworkSettings?: {
    readonly Networks?: Readonly<Record<string, { readonly Aliases?: readonly string[] | null }>> | null
  }
}

export interface PortBinding {
  readonly HostIp?: string
  readonly HostPort?: string
}

export interface ContainerMount {
  readonly Type: string
  readonly Name?: string
  readonly Source: string
  readonly Destination: string
  readonly RW: boolean
}

/** Labels that Compose gives the containers that it makes. */
export const ComposeLabel = {
  project: 'com.docker.compose.project',
  service: 'com.docker.compose.service',
  oneOff: 'com.docker.compose.oneoff',
  dependsOn: 'com.docker.compose.depends_on',
} as const

/** A file that a container has. */
export interface ContainerFile {
  /** Relative to what was asked for; empty for a file itself. */
  readonly path: string
  readonly content: Buffer
  readonly mode: number
  readonly uid: number
  readonly gid: number
}

/** What can be read of containers beside their description. */
export interface ContainerFiles {
  /** Paths of a container's own layer that differ from its image. */
  changes(container: string): Promise<readonly { readonly path: string; readonly kind: 'changed' | 'added' | 'removed' }[]>
  /** A file, or the files of a folder, as a container sees them; undefined where that is more than the limit, or neither. */
  read(container: string, path: string, limit: { readonly files: number; readonly bytes: number }): Promise<readonly ContainerFile[] | undefined>
}

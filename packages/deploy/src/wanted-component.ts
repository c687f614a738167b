import { type Digest, digestOf } from '@sealift/oci/digest.ts'
import { canonicalJson } from '@sealift/template/canonical-json.ts'

/** An image that a component needs, named independently of any engine's own image IDs. */
export interface WantedImage {
  /** The reference in the template, for people: `docker.io/library/mariadb:10.11`. */
  readonly reference: string
  /** The tag under which the target keeps it, made from {@link reference} and the config's digest. */
  readonly localName: string
  readonly config: Digest
  /** Digests of the uncompressed layers, lowest first. */
  readonly diffIds: readonly Digest[]
}

/** A port of a component, and where the host publishes it. */
export interface WantedPort {
  readonly name: string
  readonly port: number
  readonly protocol: 'tcp' | 'udp'
  readonly hostPort?: number
}

/** A volume mounted into a component. */
export interface WantedVolume {
  /** Name inside the template. */
  readonly name: string
  /** Name at the target, with installation, component and generation: unique there. */
  readonly targetName: string
  readonly path: string
  readonly readOnly: boolean
  /** `memory`: a tmpfs that is gone with the container. */
  readonly kind: 'persistent' | 'memory'
  readonly size?: number
  /** Each replica has one of its own: see {@link replicaVolume}. */
  readonly perReplica?: true
}

/** The name at the target of the volume that a replica mounts. The first replica has the plain one, so that giving each its own later keeps the data that is there. */
export function replicaVolume({ targetName, perReplica }: Pick<WantedVolume, 'targetName' | 'perReplica'>, replica: number): string {
  return perReplica && replica > 0 ? `${targetName}.${replica}` : targetName
}

/** A file put into a component's containers before they start. */
export interface WantedFile {
  readonly path: string
  readonly content: Buffer
  readonly mode: number
  readonly uid?: number
  readonly gid?: number
}

/** A container that runs to its end before its component starts, with the component's files, volumes and network. */
export interface WantedInitContainer {
  readonly name: string
  readonly image: WantedImage
  readonly entrypoint?: readonly string[]
  readonly command?: readonly string[]
  /** The component's own too. */
  readonly env: Readonly<Record<string, string>>
  readonly user?: string
}

/** A container that runs beside a component, in its network, and outlives the replacement of the component's own. */
export interface WantedPlugin {
  readonly name: string
  readonly image: WantedImage
  readonly entrypoint?: readonly string[]
  readonly command?: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly ports: readonly WantedPort[]
  /** cores */
  readonly cpu?: number
  /** bytes */
  readonly memory?: number
  /** sha256 over all the above. */
  readonly hash: string
}

/** Everything that decides how a component's containers run, with every value substituted. Plain data apart from secrets in `env` and `files`: never log it. */
export interface WantedComponent {
  readonly installation: string
  readonly name: string
  readonly workload: 'stateless' | 'stateful' | 'daemon' | 'job' | 'cron'
  readonly image: WantedImage
  readonly entrypoint?: readonly string[]
  readonly command?: readonly string[]
  readonly workingDir?: string
  readonly hostname?: string
  readonly user?: string
  readonly env: Readonly<Record<string, string>>
  readonly ports: readonly WantedPort[]
  readonly volumes: readonly WantedVolume[]
  readonly files: readonly WantedFile[]
  /** cores */
  readonly cpu?: number
  /** bytes */
  readonly memory?: number
  /** bytes of /dev/shm */
  readonly shmSize?: number
  readonly replicas: number
  readonly stopSignal?: string
  /** seconds until a stopping container is killed */
  readonly stopGrace: number
  readonly privileged: boolean
  readonly capabilities: { readonly add: readonly string[]; readonly drop: readonly string[] }
  readonly ulimits: Readonly<Record<string, { readonly soft: number; readonly hard: number }>>
  readonly sysctls: Readonly<Record<string, string>>
  readonly extraHosts: Readonly<Record<string, string>>
  readonly labels: Readonly<Record<string, string>>
  /** Number of the group that owns the volumes; the processes are in it. */
  readonly fsGroup?: number
  readonly gpus?: { readonly count: number; readonly vendor: 'nvidia' | 'amd' | 'intel' }
  /** In the order in which they run; absent where there are none. */
  readonly initContainers?: readonly WantedInitContainer[]
  /** sha256 over all the above but the number of replicas: a container with this hash is as it should be. */
  readonly hash: string
  /** Absent where there are none. Each has a hash of its own, so that it is replaced alone. */
  readonly plugins?: readonly WantedPlugin[]
  /** Seconds that the init containers may take together. */
  readonly initTimeout?: number
}

/**
 * What {@link ObservedReplica.hash} is where a replica is wholly as wanted: the component's own hash,
 * and those of its plugins.
 */
export function replicaHash(own: string, plugins: readonly Pick<WantedPlugin, 'name' | 'hash'>[] = []): string {
  if (plugins.length === 0) return own
  const beside = plugins.map(({ name, hash }) => [name, hash] as const).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return digestOf(canonicalJson([own, beside])).slice('sha256:'.length)
}

import type { Digest } from '@sealift/oci/digest.ts'
import type { Platform } from '@sealift/oci/platform.ts'
import type { Parameter } from '@sealift/template/schema/parameter.ts'
import type { HookDefinition, HookMoment, InitContainerDefinition, PluginDefinition, PortDefinition } from './accompanying-containers.ts'
import type { Json } from './json.ts'
import type { PinnedImage } from './pinned-image.ts'
import type { Origin, Value } from './value.ts'
import type { KeptVolume, VolumeName } from './volume-identity.ts'

export type { Json, PinnedImage, PortDefinition }

/** A setting with an origin. */
export interface Setting<T> {
  readonly value: T
  /** `needed`: switched on since something else needs it. */
  readonly origin: Exclude<Origin, 'generated'> | 'needed'
}

/** A setting that a component's release gives, and that a site can change within bounds. */
export interface Amount<T> extends Setting<T> {
  readonly origin: 'vendor' | 'site'
  /** What the release of this state gives. */
  readonly vendor: T
}

/** What a component waits for and is given by another one. */
export interface Dependency {
  readonly component: string
  /** Put before the names of the injected values. */
  readonly prefix: string
  /** Whether the connection values of the other component become environment variables. */
  readonly inject: boolean
  readonly wait: 'healthy' | 'completed' | 'none'
  readonly optional: boolean
}

/** A probe as the template gives it, its texts still with expressions. Times in seconds. */
export interface ProbeDefinition {
  readonly exec?: readonly string[]
  readonly http?: { readonly port: string; readonly path: string; readonly scheme: 'http' | 'https'; readonly headers: Readonly<Record<string, string>> }
  readonly tcp?: { readonly port: string }
  readonly initialDelay: number
  readonly interval: number
  readonly timeout: number
  readonly successThreshold: number
  readonly failureThreshold: number
}

/** The bounds within which a site sets replicas, memory and cores. */
export interface ScalingBounds {
  readonly min: number
  readonly max: number
  readonly step: number
  readonly minMemory?: string
  readonly maxMemory?: string
  readonly minCpu?: string
  readonly maxCpu?: string
}

/** How replicas are replaced; both numbers count replicas. */
export interface UpdateDefinition {
  readonly strategy: 'rolling' | 'recreate'
  readonly maxUnavailable: number
  readonly maxSurge: number
}

/**
 * What an upgrade takes from the release as it is. Texts still hold expressions. A part that a state
 * lacks does not act: states that were recorded before the part existed are read as they are, and
 * their installations run on unchanged until the next upgrade.
 */
export interface ComponentDefinition {
  readonly module: string | null
  readonly workload: 'stateless' | 'stateful' | 'daemon' | 'job' | 'cron' | 'external'
  readonly entrypoint?: readonly string[]
  readonly command?: readonly string[]
  readonly workingDir?: string
  readonly hostname?: string
  readonly user?: string
  readonly stopSignal?: string
  /** seconds */
  readonly stopGrace?: number
  readonly privileged?: boolean
  readonly capabilities?: { readonly add: readonly string[]; readonly drop: readonly string[] }
  readonly ulimits?: Readonly<Record<string, { readonly soft: number; readonly hard: number }>>
  readonly sysctls?: Readonly<Record<string, string>>
  /** bytes */
  readonly shmSize?: number
  readonly extraHosts?: Readonly<Record<string, string>>
  /** Number of the group that owns the volumes. */
  readonly fsGroup?: number
  /** For each replica. */
  readonly gpus?: { readonly count: number; readonly vendor: 'nvidia' | 'amd' | 'intel' }
  /** In the order in which they run. */
  readonly initContainers?: readonly InitContainerDefinition[]
  readonly plugins?: readonly PluginDefinition[]
  readonly hooks?: Readonly<Partial<Record<HookMoment, HookDefinition>>>
  readonly update?: UpdateDefinition
  /** Each replica keeps its number, its name and its volumes. */
  readonly stableIdentity?: boolean
  /** Only for `cron`: five fields. */
  readonly schedule?: string
  /** Only for `cron`: a name such as `Europe/Berlin`; UTC where it is absent. */
  readonly timezone?: string
  readonly dependsOn: readonly Dependency[]
  readonly probes: { readonly startup?: ProbeDefinition; readonly readiness?: ProbeDefinition; readonly liveness?: ProbeDefinition }
  /** When a job runs again: never, when something about it changed, or with every release. */
  readonly rerun?: 'once' | 'onChange' | 'always'
  /** Only for `external`: where the site has it. */
  readonly address?: string
  readonly scaling: ScalingBounds
  /** seconds for the health gate; without it the default */
  readonly gate?: number
  /** What the template says beyond this: carried, and compared, but acted on elsewhere or not yet. */
  readonly carried: Readonly<Record<string, Json>>
}

/** A file put into a component; its content is a value whose expression is a digest. */
export interface FileState {
  readonly content: Value
  readonly mode: number
  /** Whether expressions in the content are substituted. */
  readonly template: boolean
  readonly uid?: number
  readonly gid?: number
}

/** Storage of a component, in the words of the template. */
export interface VolumeDefinition {
  readonly path: string
  readonly kind: 'persistent' | 'memory'
  readonly readOnly: boolean
  /** Like `10Gi`. */
  readonly size?: string
  /** Another component's volume that is mounted here. */
  readonly from?: { readonly component: string; readonly volume: string }
  readonly carried: Readonly<Record<string, Json>>
}

/** A volume; what it is forms one value, since persistent storage changes only by decision. */
export interface VolumeState {
  /** Its expression is the canonical JSON of a {@link VolumeDefinition}. */
  readonly definition: Value
  /** Counts restores: each fills a fresh volume. */
  readonly generation: number
  /** Under which name the target has it, where that is another one than its own: it was made before its component was mapped to a new name. */
  readonly heldAs?: VolumeName
}

/** A port of a component. */
export interface PortState extends PortDefinition {
  readonly leftOver?: true
}

/** One component of an installation, also where its module is off: switching on finds its values again. */
export interface ComponentState {
  readonly definition: ComponentDefinition
  /** Absent only for `external` components. */
  readonly image?: PinnedImage
  readonly env: Readonly<Record<string, Value>>
  readonly connection: Readonly<Record<string, Value>>
  readonly files: Readonly<Record<string, FileState>>
  readonly volumes: Readonly<Record<string, VolumeState>>
  readonly ports: Readonly<Record<string, PortState>>
  /** Cores, like `500m` or `2`. */
  readonly cpu: Amount<string | null>
  /** Bytes, like `512Mi`. */
  readonly memory: Amount<string | null>
  readonly replicas: Amount<number>
  readonly leftOver?: true
  /** Names that it had before it was mapped to this one, the first first. */
  readonly formerly?: readonly string[]
}

/** An acceptance check. */
export interface CheckState {
  /** What it proves, for people. */
  readonly title?: string
  readonly image: PinnedImage
  readonly entrypoint?: readonly string[]
  readonly command?: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly dependsOn: readonly Dependency[]
  /** seconds */
  readonly timeout: number
}

/** A value that the site is asked for. */
export interface ParameterState {
  /** What it accepts. */
  readonly definition: Parameter
  readonly value: Value
}

/** A group of components that can be switched. */
export interface ModuleState extends Setting<boolean> {
  readonly title: string
  readonly default: boolean
  /** Modules that are on whenever this one is. */
  readonly requires: readonly string[]
}

/** The release that a state came from. */
export interface ReleaseIdentity {
  readonly application: string
  readonly version: string
  readonly sequence: number
  readonly digest: Digest
}

/** A route, carried until a gateway acts on it. */
export interface RouteState {
  readonly definition: Json
  readonly leftOver?: true
}

/**
 * All that an installation is meant to be. Plain JSON, without any secret, and complete: with the
 * blobs it names it can be made again although its release is gone.
 */
export interface WantedState {
  readonly format: 1
  readonly release: ReleaseIdentity
  readonly platform: Platform
  readonly parameters: Readonly<Record<string, ParameterState>>
  readonly modules: Readonly<Record<string, ModuleState>>
  readonly components: Readonly<Record<string, ComponentState>>
  readonly checks: Readonly<Record<string, CheckState>>
  readonly routes: Readonly<Record<string, RouteState>>
  readonly alerts: readonly Json[]
  /** Host ports that were allocated, by `component/port`. Kept for as long as the installation lives. */
  readonly allocations: { readonly hostPorts: Readonly<Record<string, number>> }
  /** Data at the target that no component mounts any more. What is called so again finds it. */
  readonly keptVolumes?: readonly KeptVolume[]
  /** `${site.X}` as it was when the state was made. */
  readonly site: Readonly<Record<string, string>>
}

/** Whether a component is wanted: its module is on. */
export function isActive(state: WantedState, name: string): boolean {
  const component = state.components[name]
  if (component === undefined) return false
  const { module } = component.definition
  return module === null || (state.modules[module]?.value ?? true)
}

/** The names of all components that are to run: those wanted, without what the site has itself. */
export function runningComponents(state: WantedState): readonly string[] {
  return Object.keys(state.components).filter((name) => isActive(state, name) && state.components[name]?.definition.workload !== 'external')
}

/** What a volume is, from the value that holds it. */
export function volumeDefinition(volume: VolumeState): VolumeDefinition {
  return JSON.parse(volume.definition.expression) as VolumeDefinition
}

/** Every image of a component: its own, and those of its plugins, init containers and hooks. */
export function componentImages({ image, definition }: ComponentState): readonly PinnedImage[] {
  const beside = [...(definition.initContainers ?? []), ...(definition.plugins ?? []), ...Object.values(definition.hooks ?? {})]
  return [image, ...beside.map(({ image }) => image)].filter((image) => image !== undefined)
}

/** Every image that a state needs, once each. */
export function imagesOf(state: WantedState): readonly PinnedImage[] {
  const images = new Map<string, PinnedImage>()
  for (const name of runningComponents(state)) {
    const component = state.components[name]
    for (const image of component === undefined ? [] : componentImages(component)) images.set(image.localName, image)
  }
  for (const { image } of Object.values(state.checks)) images.set(image.localName, image)
  return [...images.values()]
}

/** Every blob that must stay in the content store so that this state can be gone back to. */
export function contentOf(state: WantedState): ReadonlySet<Digest> {
  const digests = new Set<Digest>([state.release.digest])
  const addImage = ({ manifest, config, layers }: PinnedImage): void => {
    digests.add(manifest)
    digests.add(config)
    for (const layer of layers) digests.add(layer.digest)
  }
  for (const component of Object.values(state.components)) {
    for (const image of componentImages(component)) addImage(image)
    for (const { content } of Object.values(component.files)) for (const digest of fileDigests(content)) digests.add(digest)
  }
  for (const { image } of Object.values(state.checks)) addImage(image)
  return digests
}

/** What a file may need of the store: its content, and the defaults that a later merge begins from. */
export function fileDigests({ secretId, expression, decided, vendor }: Value): readonly Digest[] {
  return [...(secretId === undefined ? [expression] : []), decided, vendor].filter((digest) => digest !== null) as Digest[]
}

/** The files whose content {@link ../resolve.ts | resolving} needs. Those that are secret are in the vault. */
export function filesOf(state: WantedState): ReadonlySet<Digest> {
  const contents = Object.values(state.components).flatMap(({ files }) => Object.values(files).map(({ content }) => content))
  return new Set(contents.filter(({ secretId }) => secretId === undefined).map(({ expression }) => expression as Digest))
}

/** Every secret that a state names, with how to make it where it is generated. */
export function secretsOf(state: WantedState): ReadonlyMap<string, Value> {
  const secrets = new Map<string, Value>()
  const add = (values: Readonly<Record<string, Value>>): void => {
    for (const value of Object.values(values)) if (value.secretId !== undefined) secrets.set(value.secretId, value)
  }
  add(Object.fromEntries(Object.entries(state.parameters).map(([name, { value }]) => [name, value])))
  for (const { env, connection, files } of Object.values(state.components)) {
    add(env)
    add(connection)
    add(Object.fromEntries(Object.entries(files).map(([path, { content }]) => [path, content])))
  }
  return secrets
}

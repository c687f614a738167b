import type { Readable, Writable } from 'node:stream'
import type { Digest } from '@sealift/oci/digest.ts'
import type { Platform } from '@sealift/oci/platform.ts'
import type { VolumeCopy, VolumeRestore, VolumeTally, VolumeUsage } from './volume-copy.ts'
import type { WantedComponent, WantedFile, WantedImage, WantedVolume } from './wanted-component.ts'

export type { WantedComponent, WantedFile, WantedImage, WantedInitContainer, WantedPlugin, WantedPort, WantedVolume } from './wanted-component.ts'

/** What a driver can do, as data: planning reads this and never a driver's name. */
export interface Capabilities {
  /** Name of the driver, for people. */
  readonly driver: string
  /** Engine or cluster and its version, for people. */
  readonly engine: string
  readonly platforms: readonly Platform[]
  /** Template features that the driver acts on; what is missing here is named in the plan as not acted on. */
  readonly acts: ReadonlySet<Feature>
  /** Free bytes where the target keeps images and volumes, where it can be told. */
  readonly freeDisk?: number
  readonly memory?: number
  readonly cpus?: number
  /** The fewest bytes of memory that a container can be given. */
  readonly leastMemory?: number
  /** Whose graphics processors containers can be given. */
  readonly gpus?: readonly string[]
}

/** The features of a template that some driver may lack. */
export const FEATURES = [
  'stateless',
  'stateful',
  'job',
  'cron',
  'daemon',
  'external',
  'initContainers',
  'plugins',
  'sharedVolumes',
  'hostPorts',
  'routes',
  'hooks',
  'snapshots',
  'livenessProbes',
  'networkProbes',
  'monitors',
  'alerts',
  'autoscaling',
  'gpus',
  'kubernetesObjects',
] as const
export type Feature = (typeof FEATURES)[number]

/** Gives image content to a driver as a `docker load` archive. */
export interface ImageArchive {
  /**
   * One archive with all the images.
   * @param omitLayers layers that the target says it has; they are named in the archive but their bytes are left out
   */
  open(images: readonly WantedImage[], omitLayers?: ReadonlySet<Digest>): { stream: Readable; size: number }
}

/** One attempt of a probe, with every value substituted. */
export type ProbeAction =
  | { readonly kind: 'exec'; readonly command: readonly string[] }
  | {
      readonly kind: 'http'
      readonly port: number
      readonly path: string
      readonly scheme: 'http' | 'https'
      readonly headers: Readonly<Record<string, string>>
    }
  | { readonly kind: 'tcp'; readonly port: number }

/** What a driver sees of one replica. */
export interface ObservedReplica {
  readonly index: number
  readonly state: 'running' | 'starting' | 'exited' | 'missing'
  /** {@link replicaHash} of what it was started from. */
  readonly hash: string
  readonly restarts: number
  readonly exitCode?: number
  readonly startedAt?: string
  /** Config digest of the image it runs, as labelled. */
  readonly image: string
  /** Why it is as it is, where the target says so. */
  readonly message?: string
  /** What someone changed about it past the driver, in words; {@link Driver.ensureComponent} undoes it. */
  readonly drift?: string
  /** cores that it is limited to */
  readonly cpu?: number
  /** bytes that it is limited to */
  readonly memory?: number
  /** Of a component that runs by a schedule: which run this is. */
  readonly run?: string
  /** The plugins that are there; absent where there are none. */
  readonly plugins?: readonly ObservedPlugin[]
}

/** What a driver sees of a plugin beside a replica. */
export interface ObservedPlugin {
  readonly name: string
  readonly running: boolean
  readonly restarts: number
  /** Why it does not run. */
  readonly message?: string
}

/** What a driver sees of a component. */
export interface ObservedComponent {
  readonly name: string
  readonly replicas: readonly ObservedReplica[]
}

/** What a driver sees of an installation; components without any container are absent. */
export interface Observed {
  readonly components: readonly ObservedComponent[]
  /** Target names of the volumes that are there, of every generation. */
  readonly volumes: readonly string[]
  /** Target names of the snapshots of volumes that are there. */
  readonly snapshots: readonly string[]
}

/** What {@link Driver.watch} tells. */
export type TargetEvent =
  /** From now on nothing is missed. */
  | { readonly kind: 'watching' }
  /** Something happened to a component; {@link Driver.observe} tells how it is now. */
  | { readonly kind: 'changed'; readonly installation: string; readonly component: string }

/** One thing that preflight found. */
export interface Finding {
  readonly severity: 'error' | 'warning'
  readonly subject: string
  readonly message: string
  readonly hint: string
}

/** What preflight looks at. */
export interface PreflightRequest {
  readonly installation: string
  readonly components: readonly WantedComponent[]
  /** Bytes that the images still to be transferred need. */
  readonly imageBytes: number
  /** Host ports that the release asks to be free or the installation's own. */
  readonly ports?: readonly number[]
}

/** Bytes done and to do, for progress. */
export type Progress = (done: number, total: number) => void

/** A one-off container: checks, hooks. */
export interface RunOnce {
  readonly installation: string
  /** Unique within the installation; a container left over from an earlier run of this name is removed first. */
  readonly name: string
  /** Whom it belongs to, where it is a component. */
  readonly component?: string
  readonly image: WantedImage
  readonly entrypoint?: readonly string[]
  readonly command?: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly user?: string
  readonly workingDir?: string
  /** Volumes that are there already, or are made. */
  readonly volumes?: readonly WantedVolume[]
  readonly files?: readonly WantedFile[]
  /** By host name, the address. */
  readonly extraHosts?: Readonly<Record<string, string>>
  /** A group beside the user's own. */
  readonly group?: number
  /** seconds; afterwards it is killed and the run has failed */
  readonly timeout: number
  /**
   * Names this very run. Its container stays until {@link Driver.forgetRun}, and where one of this key
   * is there already it is waited for instead of starting another.
   */
  readonly key?: string
  /** Kills it; the run then rejects with the signal's reason. */
  readonly signal?: AbortSignal
}

/** How far a one-off container has come. */
export type FoundRun = { readonly state: 'created' | 'running' } | { readonly state: 'ended'; readonly exitCode: number }

/** How a one-off container ended. */
export interface RunResult {
  readonly exitCode: number
  readonly timedOut: boolean
  /** The last 64 KiB of what it printed. */
  readonly output: string
}

export interface LogOptions {
  readonly replica?: number
  readonly follow: boolean
  /** Only the last so many lines. */
  readonly tail?: number
  readonly since?: Date
  /** What was written before the program was started the last time; not while following. */
  readonly previous?: boolean
  readonly signal?: AbortSignal
}

export interface LogLine {
  readonly component: string
  readonly replica: number
  readonly stream: 'stdout' | 'stderr'
  readonly time: string
  readonly text: string
}

/** A command run inside a running replica. */
export interface ExecRequest {
  readonly installation: string
  readonly component: string
  readonly replica: number
  readonly command: readonly string[]
  readonly tty: boolean
  readonly stdin?: Readable
  readonly stdout: Writable
  readonly stderr: Writable
  /** The sizes that the terminal takes, in characters. */
  readonly sizes?: AsyncIterable<{ readonly columns: number; readonly rows: number }>
  /** Aborted to end the command, as far as the target can. */
  readonly signal?: AbortSignal
}

/** Which part of a component's work is to be done, and for how long. */
export interface EnsureOptions {
  /**
   * Only these replicas; all others stay as they are, and none is removed. A number beyond those wanted
   * makes a further replica, which the next call without this removes.
   */
  readonly only?: readonly number[]
  /** Ends waiting for init containers; they run on. */
  readonly signal?: AbortSignal
}

/**
 * Makes the wanted state run on a target. Small verbs without delivery logic: order, health gates,
 * retries and recovery are the pipeline's. Every verb can be repeated after a crash at any point:
 * it looks at what is there and does what is missing. What a driver made carries labels by which it
 * is found again, whatever process made it.
 *
 * @throws SealiftError `ENGINE_UNREACHABLE` from every verb when the target does not answer;
 * `ENGINE_FAILED` when it refuses, with its own words.
 */
export interface Driver extends AsyncDisposable {
  /** Asks the target what it is and can do. */
  capabilities(): Promise<Capabilities>
  /** Looks for what would make the change fail: ports in use, space, memory. Changes nothing. */
  preflight(request: PreflightRequest): Promise<readonly Finding[]>
  /** Those of the images that the target lacks. */
  missingImages(images: readonly WantedImage[]): Promise<readonly WantedImage[]>
  /** Transfers the images that are missing and tags them, so that a clean-up by hand takes none. Once the signal is aborted it rejects with its reason. */
  ensureImages(images: readonly WantedImage[], archive: ImageArchive, progress: Progress, signal?: AbortSignal): Promise<void>
  /** Makes what all components of an installation share (its network). */
  ensureInstallation(installation: string): Promise<void>
  /**
   * Brings replicas, plugins and volumes of a component to the wanted state; what already has its hash
   * is not touched. Init containers have ended when it returns, the component has started, and is not
   * healthy yet. For a component that runs by a schedule it makes the volumes only.
   * @throws SealiftError `INIT_FAILED` where an init container fails or takes too long
   */
  ensureComponent(wanted: WantedComponent, options?: EnsureOptions): Promise<{ readonly changed: boolean }>
  /**
   * Starts one run of a component that runs by a schedule, in the place of the run before.
   * @param run names it, and is observed as {@link ObservedReplica.run}; a run of this name that is there is not started again
   * @returns false, and nothing done, while another run is under way
   */
  startRun(wanted: WantedComponent, run: string, options?: Pick<EnsureOptions, 'signal'>): Promise<{ readonly started: boolean }>
  /** Stops and removes a component's containers; volumes stay. */
  removeComponent(installation: string, component: string): Promise<void>
  /** Removes everything of an installation; volumes only if told to. */
  removeInstallation(installation: string, options: { readonly deleteData: boolean }): Promise<void>
  observe(installation: string): Promise<Observed>
  /** One component alone, which costs less; undefined without any container. */
  observeComponent(installation: string, component: string): Promise<ObservedComponent | undefined>
  /**
   * Tells of changes to components, whoever makes them, until the signal is aborted. Begins with `watching`.
   * @throws SealiftError `ENGINE_UNREACHABLE` as soon as the target goes away
   */
  watch(signal: AbortSignal): AsyncIterable<TargetEvent>
  /** One attempt of a probe against a replica, `timeout` in seconds. Whatever is wrong with the replica is an unhealthy result, not an error. */
  probe(
    installation: string,
    component: string,
    replica: number,
    action: ProbeAction,
    timeout: number,
  ): Promise<{ readonly healthy: boolean; readonly message: string }>
  /** One attempt to reach something that the site has itself: an exec probe can't be made there. */
  probeAddress(address: string, action: ProbeAction, timeout: number): Promise<{ readonly healthy: boolean; readonly message: string }>
  stop(installation: string, component: string): Promise<void>
  start(installation: string, component: string): Promise<void>
  /**
   * Ends the program of one replica gracefully and starts it again in the same container.
   * @throws SealiftError `REPLICA_NOT_FOUND`
   */
  restart(installation: string, component: string, replica: number): Promise<void>
  runOnce(run: RunOnce): Promise<RunResult>
  /** The one-off container that an earlier program began under a name and key; undefined where there is none. */
  findRun(installation: string, name: string, key: string): Promise<FoundRun | undefined>
  /** Ends and removes the one-off container of a name; one that is not there is no error. */
  forgetRun(installation: string, name: string): Promise<void>
  /** What volumes take up; those that are not there are left out. */
  measureVolumes(installation: string, volumes: readonly string[]): Promise<readonly VolumeUsage[]>
  /**
   * Copies a volume into a snapshot of it and makes that durable. Whoever calls sees to it that nobody
   * writes meanwhile. Owners, modes, times, links, attributes and holes are kept.
   * @throws SealiftError `SNAPSHOT_FAILED`, with the reason: there is no space
   */
  snapshot(copy: VolumeCopy): Promise<VolumeTally>
  /**
   * Fills a volume from a snapshot; the snapshot stays.
   * @throws SealiftError `SNAPSHOT_FAILED`, `SNAPSHOT_DAMAGED` where it no longer is what was taken
   */
  restore(copy: VolumeRestore): Promise<void>
  /** Removes a volume or a snapshot with its data; one that is not there is no error, one that is in use is. */
  removeVolume(installation: string, volume: string): Promise<void>
  /**
   * What the replicas of a component write. Following goes on when they are restarted or replaced.
   * @throws SealiftError `REPLICA_NOT_FOUND` where there are none
   */
  logs(installation: string, component: string, options: LogOptions): AsyncIterable<LogLine>
  exec(request: ExecRequest): Promise<{ readonly exitCode: number }>
}

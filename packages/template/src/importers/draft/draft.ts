import type { Component, Workload } from '../../schema/component.ts'

/** What an import read, before it is made a template: literal texts, names of the source resolved to components. */
export interface Draft {
  readonly name: string
  readonly components: readonly DraftComponent[]
  /** Whether the source tells what starts after what. */
  readonly orderKnown: boolean
  /** Profiles that are on at first. */
  readonly activeProfiles: readonly string[]
  /** Processors that the source asks for, such as `amd64`. */
  readonly architectures: readonly string[]
}

/** A component to be. */
export interface DraftComponent {
  /** A DNS label, unique in the draft. */
  readonly name: string
  /** In the words of the source: `services.web`, `container shop_web_1`. */
  readonly subject: string
  /** `compose.yaml:12`; absent where there is no file. */
  readonly where?: string
  readonly image: string
  readonly workload: Exclude<Workload, 'external' | 'cron'>
  readonly entrypoint?: readonly string[]
  readonly command?: readonly string[]
  readonly env: readonly DraftVariable[]
  readonly ports: readonly DraftPort[]
  readonly mounts: readonly DraftMount[]
  readonly files: readonly DraftFile[]
  readonly health?: DraftHealth
  readonly dependsOn: readonly DraftDependency[]
  readonly profiles: readonly string[]
  /** Names beside its own by which others reach it. */
  readonly hostNames: readonly string[]
  /** Fields of the template that need no further thought. */
  readonly settings: DraftSettings
}

export type DraftSettings = Partial<
  Pick<
    Component,
    | 'workingDir'
    | 'hostname'
    | 'user'
    | 'group'
    | 'capabilities'
    | 'privileged'
    | 'ulimits'
    | 'sysctls'
    | 'shmSize'
    | 'extraHosts'
    | 'gpus'
    | 'stopSignal'
    | 'stopGrace'
    | 'resources'
    | 'scaling'
    | 'update'
    | 'rerun'
    | 'kubernetesObjects'
  >
>

export interface DraftVariable {
  readonly name: string
  readonly value: string
  readonly where?: string
}

export interface DraftPort {
  readonly port: number
  readonly protocol: 'tcp' | 'udp'
  readonly name?: string
  /** What is spoken there, such as `http`, where the source says so. */
  readonly speaks?: string
  /** Present where the host publishes it; without a number any free one. */
  readonly published?: { readonly hostPort?: number }
}

/** A folder whose content outlives the container, or that is in memory. */
export type DraftMount =
  | {
      readonly kind: 'volume'
      /** Components that mount the same one have the same identity here. */
      readonly volume: string
      /** What it is called; made into a label. */
      readonly title: string
      readonly path: string
      readonly readOnly: boolean
    }
  | { readonly kind: 'memory'; readonly path: string; readonly size?: string }

export interface DraftFile {
  /** Where it is put. */
  readonly path: string
  /** Where it is to lie beside the template, relative, unique by content. */
  readonly source: string
  readonly content: Buffer
  readonly mode?: number
  readonly uid?: number
  readonly gid?: number
  /** Set where the source says that the content is a secret: its name there. */
  readonly secret?: string
}

/** A health check as an engine runs it. Times in seconds. */
export interface DraftHealth {
  readonly exec: readonly string[]
  readonly interval: number
  readonly timeout: number
  readonly retries: number
  readonly startPeriod: number
  readonly startInterval?: number
}

export interface DraftDependency {
  readonly component: string
  /** Without it the template's default. */
  readonly wait?: 'healthy' | 'completed' | 'none'
  readonly optional?: boolean
}

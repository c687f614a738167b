import type { HOOK_MOMENTS } from '@sealift/template/schema/hooks.ts'
import type { Json } from './json.ts'
import type { PinnedImage } from './pinned-image.ts'

/** What a container runs, as a release gives it. Texts still hold expressions. */
export interface ProgramDefinition {
  readonly entrypoint?: readonly string[]
  readonly command?: readonly string[]
  /** Beside the component's own variables. */
  readonly env: Readonly<Record<string, string>>
}

/** A container that runs to its end before its component starts. */
export interface InitContainerDefinition extends ProgramDefinition {
  readonly name: string
  /** Absent where it is the component's own. */
  readonly image?: PinnedImage
  readonly user?: string
}

/** A moment of a change at which a hook runs. */
export type HookMoment = (typeof HOOK_MOMENTS)[number]

/** A container that runs once at a certain moment of a change. */
export interface HookDefinition extends ProgramDefinition {
  /** Absent where it is the component's own. */
  readonly image?: PinnedImage
  /** seconds */
  readonly timeout: number
  /** Whether it can run again after it was cut off. */
  readonly idempotent: boolean
}

/** A port that something listens on, as a release gives it. */
export interface PortDefinition {
  readonly port: number
  readonly protocol: 'tcp' | 'udp'
  /** Present where the host publishes it: a number or an expression for one; null where one is allocated. */
  readonly public?: { readonly kind: 'http' | 'tcp' | 'udp'; readonly hostPort: string | null }
}

/** A container that runs beside a component, in its network. */
export interface PluginDefinition extends ProgramDefinition {
  readonly name: string
  readonly version: string
  readonly image: PinnedImage
  /** Opened in the network of the component. */
  readonly ports: readonly (PortDefinition & { readonly name: string })[]
  /** Cores, like `500m`. */
  readonly cpu?: string
  /** Bytes, like `64Mi`. */
  readonly memory?: string
  /** The plugin's configuration with what the component replaces in it; its texts may hold expressions. */
  readonly config: Readonly<Record<string, Json>>
}

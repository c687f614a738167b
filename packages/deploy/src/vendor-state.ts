import type { Parameter } from '@sealift/template/schema/parameter.ts'
import type { CheckState, ComponentDefinition, Json, PinnedImage, PortDefinition, ReleaseIdentity, VolumeDefinition } from './state.ts'
import type { VendorValue } from './value.ts'

/** A file as a release gives it; its content's expression is a digest. */
export interface VendorFile {
  readonly content: VendorValue
  readonly mode: number
  readonly template: boolean
  readonly uid?: number
  readonly gid?: number
}

/** A component as a release gives it. */
export interface VendorComponent {
  readonly definition: ComponentDefinition
  readonly image?: PinnedImage
  readonly env: Readonly<Record<string, VendorValue>>
  readonly connection: Readonly<Record<string, VendorValue>>
  readonly files: Readonly<Record<string, VendorFile>>
  readonly volumes: Readonly<Record<string, VolumeDefinition>>
  readonly ports: Readonly<Record<string, PortDefinition>>
  readonly cpu: string | null
  readonly memory: string | null
  readonly replicas: number
}

/** What a release asks of a target. */
export interface Requirements {
  /** bytes */
  readonly disk?: number
  /** bytes */
  readonly memory?: number
  readonly cpus?: number
  readonly ports: readonly number[]
  readonly architectures: readonly string[]
  /** A range of versions, like `>=20.10`. */
  readonly engine?: string
}

/** A release for one platform, in the words of planning. */
export interface VendorState {
  readonly release: ReleaseIdentity
  /** The range of versions that can be upgraded to this one; without it every one. */
  readonly upgradeFrom?: string
  readonly requires: Requirements
  /** `value` null where the vendor gives no default. */
  readonly parameters: Readonly<Record<string, { readonly definition: Parameter; readonly value: VendorValue | null }>>
  readonly modules: Readonly<Record<string, { readonly title: string; readonly default: boolean; readonly requires: readonly string[] }>>
  readonly components: Readonly<Record<string, VendorComponent>>
  readonly checks: Readonly<Record<string, CheckState>>
  readonly routes: Readonly<Record<string, Json>>
  readonly alerts: readonly Json[]
}

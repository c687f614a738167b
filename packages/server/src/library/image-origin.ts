import type { Platform } from '@sealift/oci/platform.ts'

/** Where a publication takes images from. */
export interface ImageOrigin {
  /** `auto`: the engine where it has the image, else the registry that the reference names. */
  readonly from: 'auto' | 'engine' | 'registry'
  readonly engine?: string
  /** The engine's IDs of images whose text no longer names them, by their text: these come from the engine in any case. */
  readonly engineIds?: ReadonlyMap<string, string>
  readonly insecureRegistries: readonly string[]
  readonly platforms: readonly Platform[]
}

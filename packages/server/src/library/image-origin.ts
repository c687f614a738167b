import type { Platform } from '@sealift/oci/platform.ts'

/** Where a publication takes images from. */
export interface ImageOrigin {
  /** `auto`: the engine where it has the image, else the registry that the reference names. */
  readonly from: 'auto' | 'engine' | 'registry'
  readonly engine?: string
  readonly insecureRegistries: readonly string[]
  readonly platforms: readonly Platform[]
}

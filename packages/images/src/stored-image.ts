import type { Descriptor } from '@sealift/oci/descriptor.ts'
import type { Platform } from '@sealift/oci/platform.ts'

/** Where an image came from, and how far its origin was proved. */
export interface ImageProvenance {
  readonly source: 'engine' | 'registry'
  /** `here`: a signature was checked by this program; `none`: there is nothing to check, as with an image out of an engine. */
  readonly verified: 'here' | 'at-publication' | 'not-verified' | 'none'
  /** Fingerprint of the key that verified it. */
  readonly key?: string
  /** The index and manifests that the image had where it came from, outermost first; kept byte for byte. */
  readonly originals: readonly Descriptor[]
}

/** An image of one platform whose canonical manifest, config and plain layers are all in the store. */
export interface StoredImage {
  /** The names that its source gave it, as they were there. */
  readonly references: readonly string[]
  readonly platform: Platform
  /** The canonical manifest (`docs/canonical-images.md`). */
  readonly manifest: Descriptor
  readonly config: Descriptor
  /** Uncompressed, lowest first: their digests are the config's diffIDs. */
  readonly layers: readonly Descriptor[]
  readonly provenance: ImageProvenance
}

import type { ContentStore } from '@sealift/content/content-store.ts'
import { writeBlob } from '@sealift/content/read-blob.ts'
import { canonicalManifest } from '@sealift/oci/canonical.ts'
import type { ImageConfig } from '@sealift/oci/image-config.ts'
import type { Manifest } from '@sealift/oci/manifest.ts'
import type { ImageProvenance, StoredImage } from './stored-image.ts'

/** An image whose plain layers are in the store already. */
export interface ReadyImage {
  readonly references: readonly string[]
  /** As it was at the source. */
  readonly original: Manifest
  readonly configBytes: Buffer
  readonly config: ImageConfig
  /** Plain sizes of the layers in bytes, lowest first. */
  readonly plainSizes: readonly number[]
  readonly provenance: ImageProvenance
}

/** Adds what is still missing of an image: its config, unchanged, and its canonical manifest. */
export async function storeCanonical(store: ContentStore, image: ReadyImage): Promise<StoredImage> {
  const { original, config, plainSizes, references, provenance } = image
  const canonical = canonicalManifest(original, config, plainSizes)
  await writeBlob(store, image.configBytes)
  await writeBlob(store, canonical.bytes)
  return {
    references,
    platform: config.platform,
    manifest: canonical.descriptor,
    config: canonical.manifest.config,
    layers: canonical.manifest.layers,
    provenance,
  }
}

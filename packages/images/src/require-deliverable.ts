import type { Manifest } from '@sealift/oci/manifest.ts'
import { layerCompression, MediaType } from '@sealift/oci/media-types.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'

function requireTexts(annotations: unknown, what: string): void {
  if (annotations === undefined) return
  if (typeof annotations !== 'object' || annotations === null || !Object.values(annotations).every((value) => typeof value === 'string')) {
    throw new SealiftError('MANIFEST_INVALID', `${what}: its annotations are no texts`)
  }
}

/**
 * Refuses a manifest that has no canonical form (`docs/canonical-images.md`), before anything large is read.
 * @param what names the image in errors
 * @throws SealiftError `IMAGE_UNSUPPORTED`, `MANIFEST_INVALID`
 */
export function requireDeliverable({ config, layers, annotations }: Manifest, what: string): void {
  if (config.mediaType !== MediaType.ociConfig && config.mediaType !== MediaType.dockerConfig) {
    throw new SealiftError('IMAGE_UNSUPPORTED', `${what} is no container image: its config is ${JSON.stringify(config.mediaType)}`)
  }
  requireTexts(annotations, what)
  for (const [position, layer] of layers.entries()) {
    requireTexts(layer.annotations, what)
    if (layerCompression(layer.mediaType) === undefined) {
      throw new SealiftError(
        'IMAGE_UNSUPPORTED',
        `${what}: layer ${position + 1} is ${JSON.stringify(layer.mediaType)}, which is no layer that can be delivered`,
      )
    }
  }
}

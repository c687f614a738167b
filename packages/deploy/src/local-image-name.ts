import { type Digest, hexOf } from '@sealift/oci/digest.ts'
import { parseReference, siteRepository } from '@sealift/oci/reference.ts'

/** A registry that no resolver knows: an engine that lacks the image fails instead of asking somebody. */
const LOCAL_REGISTRY = 'sealift.local'

/**
 * The tag under which a target keeps an image. The config's digest is part of it, so that two
 * releases that call different images by one name never take each other's.
 * @throws SealiftError `REFERENCE_INVALID`
 */
export function localImageName(reference: string, config: Digest): string {
  const parsed = parseReference(reference)
  const short = hexOf(config).slice(0, 16)
  const tag = parsed.tag === undefined ? short : `${parsed.tag.slice(0, 100)}-${short}`
  return `${LOCAL_REGISTRY}/${siteRepository(parsed)}:${tag}`
}

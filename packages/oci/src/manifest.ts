import { type Descriptor, isDescriptor } from './descriptor.ts'
import { MediaType } from './media-types.ts'
import { SealiftError } from './sealift-error.ts'

/** An image manifest: one platform's config and layers, lowest layer first. */
export interface Manifest {
  readonly schemaVersion: 2
  readonly mediaType?: string
  readonly config: Descriptor
  readonly layers: readonly Descriptor[]
  readonly annotations?: Readonly<Record<string, string>>
}

/** An image index: one manifest for each platform. */
export interface ImageIndex {
  readonly schemaVersion: 2
  readonly mediaType?: string
  readonly manifests: readonly Descriptor[]
  readonly annotations?: Readonly<Record<string, string>>
}

/** The largest manifest or index that is read: the limit that registries commonly set. */
export const MAX_MANIFEST_BYTES = 4 * 1024 * 1024

/**
 * Reads a manifest or an index from its bytes.
 * @throws SealiftError `MANIFEST_INVALID`
 */
export function parseManifest(bytes: Uint8Array, what: string): { kind: 'manifest'; manifest: Manifest } | { kind: 'index'; index: ImageIndex } {
  const invalid = (why: string): SealiftError => new SealiftError('MANIFEST_INVALID', `${what}: ${why}`)
  if (bytes.length > MAX_MANIFEST_BYTES) throw invalid(`has ${bytes.length} bytes, more than the limit of ${MAX_MANIFEST_BYTES}`)
  let json: unknown
  try {
    json = JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch (cause) {
    throw new SealiftError('MANIFEST_INVALID', `${what}: is no JSON`, { cause })
  }
  if (typeof json !== 'object' || json === null) throw invalid('is no JSON object')
  const fields = json as Record<string, unknown>
  if (fields.schemaVersion !== 2) throw invalid(`schemaVersion is ${JSON.stringify(fields.schemaVersion)}, expected 2`)
  const { mediaType } = fields
  if (mediaType !== undefined && typeof mediaType !== 'string') throw invalid('mediaType is no text')
  const isIndex = Array.isArray(fields.manifests)
  // What one program reads as an index and another as a manifest would show each of them another image.
  if (isIndex && (fields.config !== undefined || fields.layers !== undefined)) throw invalid('is both an index and a manifest')
  const contrary: readonly unknown[] = isIndex ? [MediaType.ociManifest, MediaType.dockerManifest] : [MediaType.ociIndex, MediaType.dockerIndex]
  if (contrary.includes(mediaType)) throw invalid(`says that it is ${mediaType}, and is ${isIndex ? 'an index' : 'no index'}`)
  if (Array.isArray(fields.manifests)) {
    if (!fields.manifests.every(isDescriptor)) throw invalid('manifests holds something that is no descriptor')
    return { kind: 'index', index: json as ImageIndex }
  }
  if (!isDescriptor(fields.config)) throw invalid('config is no descriptor')
  if (!Array.isArray(fields.layers) || !fields.layers.every(isDescriptor)) throw invalid('layers holds something that is no descriptor')
  return { kind: 'manifest', manifest: json as Manifest }
}

/** The media type of a manifest or index, from its own field or else its shape. */
export function manifestMediaType(parsed: ReturnType<typeof parseManifest>): string {
  if (parsed.kind === 'index') return parsed.index.mediaType ?? MediaType.ociIndex
  return parsed.manifest.mediaType ?? MediaType.ociManifest
}

import { type Descriptor, isDescriptor } from '@sealift/oci/descriptor.ts'
import { type Digest, digestOf } from '@sealift/oci/digest.ts'
import { MAX_MANIFEST_BYTES, manifestMediaType, parseManifest } from '@sealift/oci/manifest.ts'
import { MediaType } from '@sealift/oci/media-types.ts'
import { isSealiftError, messageOf } from '@sealift/oci/sealift-error.ts'
import { RegistryError } from '../registry-error.ts'

/** A manifest or index as a client pushed it, read and found sound. */
export interface PushedManifest {
  readonly digest: Digest
  readonly size: number
  readonly mediaType: string
  /** What kind of thing it is, as referrers are filtered by. */
  readonly artifactType?: string
  readonly annotations?: Readonly<Record<string, string>>
  /** What it is about. */
  readonly subject?: Digest
  /** Blobs that the repository must have. */
  readonly blobs: readonly Digest[]
  /** Manifests that the repository must have. */
  readonly manifests: readonly Digest[]
}

const TAKEN: readonly string[] = [MediaType.ociManifest, MediaType.ociIndex, MediaType.dockerManifest, MediaType.dockerIndex]

/** Layers that no registry has: their bytes lie at addresses that the manifest names. */
const FOREIGN = /\.foreign\.|\.nondistributable\./

const invalid = (why: string): RegistryError => new RegistryError('MANIFEST_INVALID', `the manifest ${why}`)

/**
 * Reads what a client pushed as a manifest.
 * @param contentType of the request
 * @throws RegistryError `MANIFEST_INVALID`, `SIZE_INVALID`
 */
export function parsePushedManifest(bytes: Buffer, contentType: string | undefined): PushedManifest {
  if (bytes.length > MAX_MANIFEST_BYTES) throw tooLarge(bytes.length)
  const claimed = contentType?.split(';')[0]?.trim().toLowerCase() ?? ''
  let parsed: ReturnType<typeof parseManifest>
  try {
    parsed = parseManifest(bytes, 'the manifest')
  } catch (thrown) {
    if (!isSealiftError(thrown, 'MANIFEST_INVALID')) throw thrown
    throw new RegistryError('MANIFEST_INVALID', messageOf(thrown))
  }
  const mediaType = manifestMediaType(parsed)
  if (!TAKEN.includes(mediaType)) throw invalid(`is ${JSON.stringify(mediaType)}; taken are ${TAKEN.join(', ')}`)
  // A client that says nothing in particular is taken at its manifest's word.
  if (claimed !== mediaType && claimed !== '' && claimed !== 'application/json' && claimed !== MediaType.octetStream) {
    throw invalid(`says that it is ${mediaType}, and was sent as ${claimed}`)
  }
  const fields: { readonly artifactType?: unknown; readonly subject?: unknown; readonly annotations?: unknown } =
    parsed.kind === 'index' ? parsed.index : parsed.manifest
  const subject = readSubject(fields.subject)
  const annotations = readAnnotations(fields.annotations)
  const artifactType = readArtifactType(fields.artifactType) ?? (parsed.kind === 'manifest' ? parsed.manifest.config.mediaType : undefined)
  return {
    digest: digestOf(bytes),
    size: bytes.length,
    mediaType,
    blobs: parsed.kind === 'manifest' ? digestsOf([parsed.manifest.config, ...parsed.manifest.layers]) : [],
    manifests: parsed.kind === 'index' ? digestsOf(parsed.index.manifests) : [],
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(annotations === undefined ? {} : { annotations }),
    ...(subject === undefined ? {} : { subject }),
  }
}

/** The refusal of a manifest that is too long to be read. */
export function tooLarge(size: number | string): RegistryError {
  return new RegistryError('SIZE_INVALID', `the manifest has ${size} bytes; at most ${MAX_MANIFEST_BYTES} are taken`, { status: 413 })
}

function digestsOf(descriptors: readonly Descriptor[]): readonly Digest[] {
  return [...new Set(descriptors.filter(({ mediaType }) => !FOREIGN.test(mediaType)).map(({ digest }) => digest))]
}

function readSubject(value: unknown): Digest | undefined {
  if (value === undefined || value === null) return undefined
  if (!isDescriptor(value)) throw invalid('has a subject that is no descriptor')
  return value.digest
}

function readArtifactType(value: unknown): string | undefined {
  if (value === undefined || value === '') return undefined
  if (typeof value !== 'string' || value.length > 255) throw invalid('has an artifactType that is no media type')
  return value
}

function readAnnotations(value: unknown): Readonly<Record<string, string>> | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'object' || Array.isArray(value) || !Object.values(value).every((text) => typeof text === 'string')) {
    throw invalid('has annotations that are no texts')
  }
  return value as Record<string, string>
}

/** The refusal of a manifest of which a part is not in the repository. */
export function missingPart(digest: Digest): RegistryError {
  return new RegistryError('MANIFEST_BLOB_UNKNOWN', `the repository lacks ${digest}, to which the manifest refers: push that first`, { detail: { digest } })
}

import type { Descriptor } from './descriptor.ts'
import { digestOf } from './digest.ts'
import type { ImageConfig } from './image-config.ts'
import type { Manifest } from './manifest.ts'
import { MediaType } from './media-types.ts'
import { SealiftError } from './sealift-error.ts'

/** The version of the function below; a change of what it returns for any input is a new version. */
export const CANONICAL_VERSION = 1

/** Annotations of formats whose meaning is bound to the compressed bytes (eStargz, SOCI, zstd:chunked, Nydus). */
const SEEKABLE_ANNOTATION = /^(containerd\.io\/snapshot\/|io\.github\.containers\.zstd-chunked\.|com\.amazon\.soci\.|io\.containers\.estargz\.)/

function withoutSeekable(annotations: Readonly<Record<string, string>> | undefined): Record<string, string> | undefined {
  if (annotations === undefined) return undefined
  const kept = Object.entries(annotations).filter(([name]) => !SEEKABLE_ANNOTATION.test(name))
  return kept.length === 0 ? undefined : Object.fromEntries(kept)
}

/** JSON text of an object with its fields in the given order, those that are undefined left out. */
function jsonObject(fields: readonly (readonly [name: string, json: string | undefined])[]): string {
  const present = fields.filter(([, json]) => json !== undefined)
  return `{${present.map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(',')}}`
}

/** Annotations sorted by the UTF-16 code units of their names; an object of JavaScript would put names like "10" first. */
function jsonAnnotations(annotations: Readonly<Record<string, string>> | undefined): string | undefined {
  if (annotations === undefined) return undefined
  return jsonObject(
    Object.keys(annotations)
      .toSorted((a, b) => (a < b ? -1 : 1))
      .map((name) => [name, JSON.stringify(annotations[name])]),
  )
}

function jsonDescriptor({ mediaType, digest, size, annotations }: Descriptor): string {
  return jsonObject([
    ['mediaType', JSON.stringify(mediaType)],
    ['digest', JSON.stringify(digest)],
    ['size', JSON.stringify(size)],
    ['annotations', jsonAnnotations(annotations)],
  ])
}

function jsonManifest({ mediaType, config, layers, annotations }: Manifest): string {
  return jsonObject([
    ['schemaVersion', '2'],
    ['mediaType', JSON.stringify(mediaType)],
    ['config', jsonDescriptor(config)],
    ['layers', `[${layers.map(jsonDescriptor).join(',')}]`],
    ['annotations', jsonAnnotations(annotations)],
  ])
}

/**
 * The canonical manifest of an image: the same config, its layers uncompressed, so that a layer's
 * digest is its diffID whatever compressed it. A pure function of the original manifest, the parsed
 * config and the plain sizes of the layers; specified in `docs/canonical-images.md`.
 *
 * Docker schema 2 stays schema 2, OCI stays OCI; the config's bytes are untouched; annotations of
 * seekable formats are dropped.
 * @throws SealiftError `MANIFEST_INVALID` where layers, diffIDs and sizes differ in number
 */
export function canonicalManifest(
  original: Manifest,
  config: ImageConfig,
  plainSizes: readonly number[],
): { bytes: Buffer; descriptor: Descriptor; manifest: Manifest } {
  const counts = [original.layers.length, config.diffIds.length, plainSizes.length]
  if (new Set(counts).size > 1) {
    const [layers, diffIds, sizes] = counts
    throw new SealiftError('MANIFEST_INVALID', `image ${original.config.digest}: ${layers} layers, ${diffIds} diffIDs in its config, ${sizes} plain sizes`)
  }
  const docker = original.mediaType === MediaType.dockerManifest || original.config.mediaType === MediaType.dockerConfig
  const mediaType = docker ? MediaType.dockerManifest : MediaType.ociManifest
  const annotations = withoutSeekable(original.annotations)
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType,
    config: { mediaType: docker ? MediaType.dockerConfig : MediaType.ociConfig, digest: original.config.digest, size: original.config.size },
    layers: config.diffIds.map((digest, position) => {
      const layerAnnotations = withoutSeekable(original.layers[position]?.annotations)
      return {
        mediaType: docker ? MediaType.dockerLayer : MediaType.ociLayer,
        digest,
        size: plainSizes[position] as number,
        ...(layerAnnotations ? { annotations: layerAnnotations } : {}),
      }
    }),
    ...(annotations ? { annotations } : {}),
  }
  const bytes = Buffer.from(jsonManifest(manifest))
  return { bytes, manifest, descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length } }
}

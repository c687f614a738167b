import type { ContentStore } from '@sealift/content/content-store.ts'
import { readBlob } from '@sealift/content/read-blob.ts'
import type { Descriptor } from '@sealift/oci/descriptor.ts'
import { createDigester, type Digest, digestOf } from '@sealift/oci/digest.ts'
import { type ImageConfig, parseImageConfig } from '@sealift/oci/image-config.ts'
import { type ImageIndex, MAX_MANIFEST_BYTES, type Manifest, parseManifest } from '@sealift/oci/manifest.ts'
import { MediaType } from '@sealift/oci/media-types.ts'
import { formatPlatform, type Platform } from '@sealift/oci/platform.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'

/** An image as a release document describes it: all of it is a claim. */
export interface ClaimedImage {
  readonly platform: Platform
  readonly manifest: Descriptor
  readonly config: Descriptor
  readonly layers: readonly Descriptor[]
  readonly provenance: { readonly originals: readonly Descriptor[] }
}

/** How thoroughly an image is verified. */
export interface VerifyOptions {
  /** Reads every layer and hashes it anew, rather than trusting what the store knows of it. */
  readonly readLayers?: boolean
  readonly signal?: AbortSignal
}

async function document(store: ContentStore, { digest, size }: Descriptor, what: string): Promise<Buffer> {
  const bytes = await readBlob(store, digest, MAX_MANIFEST_BYTES * 4)
  if (digestOf(bytes) !== digest) throw new SealiftError('CONTENT_CORRUPT', `${what}: the stored bytes do not have the digest ${digest}`)
  if (bytes.length !== size) throw new SealiftError('CONTENT_CORRUPT', `${what} ${digest} has ${bytes.length} bytes, expected ${size}`)
  return bytes
}

function sameContent(found: Descriptor, claimed: Descriptor, what: string): void {
  if (found.digest !== claimed.digest || found.size !== claimed.size || found.mediaType !== claimed.mediaType) {
    throw new SealiftError(
      'MANIFEST_INVALID',
      `${what}: the manifest names ${found.digest} (${found.size} bytes, ${found.mediaType}), expected ${claimed.digest} (${claimed.size} bytes, ${claimed.mediaType})`,
    )
  }
}

async function verifyLayer(store: ContentStore, { digest, size }: Descriptor, what: string, { readLayers, signal }: VerifyOptions): Promise<void> {
  const info = await store.info(digest)
  if (info === undefined) throw new SealiftError('CONTENT_MISSING', `${what} ${digest} is not in the store`)
  if (info.size !== size) throw new SealiftError('CONTENT_CORRUPT', `${what} ${digest} has ${info.size} bytes, expected ${size}`)
  if (readLayers !== true) return
  const digester = createDigester()
  for await (const piece of store.read(digest)) {
    signal?.throwIfAborted()
    digester.update(piece)
  }
  const found = digester.digest()
  if (found !== digest) throw new SealiftError('CONTENT_CORRUPT', `${what}: the stored bytes have the digest ${found}, expected ${digest}`)
}

/**
 * From the outermost index down, each original must name the next, and the manifest the config. What
 * stands behind the manifest, its signatures, must be there.
 */
async function verifyOriginals(store: ContentStore, originals: readonly Descriptor[], config: Digest, what: string): Promise<void> {
  let index: ImageIndex | undefined
  let manifest: Manifest | undefined
  for (const original of originals) {
    const bytes = await document(store, original, `${what}: original`)
    if (manifest !== undefined) continue
    if (index !== undefined && !index.manifests.some(({ digest }) => digest === original.digest)) {
      throw new SealiftError('MANIFEST_INVALID', `${what}: its original index does not name its original manifest ${original.digest}`)
    }
    const parsed = parseManifest(bytes, `${what}: original ${original.digest}`)
    if (parsed.kind === 'index') index = parsed.index
    else manifest = parsed.manifest
  }
  if (originals.length > 0 && manifest === undefined) throw new SealiftError('MANIFEST_INVALID', `${what}: its originals hold no manifest`)
  if (manifest !== undefined && manifest.config.digest !== config) {
    throw new SealiftError('MANIFEST_INVALID', `${what}: its original manifest names the config ${manifest.config.digest}, expected ${config}`)
  }
}

/**
 * Verifies an image link by link: original index → original manifest → config, and manifest → config
 * → diffIDs → layers in the store.
 * @param what names the image in errors
 * @returns its manifest and config, parsed
 * @throws SealiftError `CONTENT_MISSING`, `CONTENT_CORRUPT`, `MANIFEST_INVALID`
 */
export async function verifyImage(
  store: ContentStore,
  image: ClaimedImage,
  what: string,
  options: VerifyOptions = {},
): Promise<{ manifest: Manifest; config: ImageConfig }> {
  const parsed = parseManifest(await document(store, image.manifest, `${what}: manifest`), `${what}: manifest`)
  if (parsed.kind !== 'manifest') throw new SealiftError('MANIFEST_INVALID', `${what}: found an index where the manifest of one image is expected`)
  const { manifest } = parsed
  if (manifest.mediaType !== image.manifest.mediaType) {
    throw new SealiftError('MANIFEST_INVALID', `${what}: the manifest says that it is ${manifest.mediaType}, expected ${image.manifest.mediaType}`)
  }
  sameContent(manifest.config, image.config, `${what}: config`)

  const config = parseImageConfig(await document(store, image.config, `${what}: config`), what)
  if (formatPlatform(config.platform) !== formatPlatform(image.platform)) {
    throw new SealiftError('MANIFEST_INVALID', `${what}: its config is for ${formatPlatform(config.platform)}, expected ${formatPlatform(image.platform)}`)
  }
  if (config.diffIds.length !== manifest.layers.length || config.diffIds.length !== image.layers.length) {
    throw new SealiftError(
      'MANIFEST_INVALID',
      `${what}: ${config.diffIds.length} layers in the config, ${manifest.layers.length} in the manifest, ${image.layers.length} expected`,
    )
  }
  const layerType = manifest.mediaType === MediaType.dockerManifest ? MediaType.dockerLayer : MediaType.ociLayer
  for (const [position, claimed] of image.layers.entries()) {
    const name = `${what}: layer ${position + 1}`
    const found = manifest.layers[position] as Descriptor
    sameContent(found, claimed, name)
    if (found.mediaType !== layerType) throw new SealiftError('MANIFEST_INVALID', `${name} is ${found.mediaType}, expected ${layerType}`)
    if (found.digest !== config.diffIds[position]) {
      throw new SealiftError('MANIFEST_INVALID', `${name} is ${found.digest}, while the config expects ${config.diffIds[position]}`)
    }
    await verifyLayer(store, found, name, options)
  }
  await verifyOriginals(store, image.provenance.originals, image.config.digest, what)
  return { manifest, config }
}

import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ContentStore } from '@sealift/content/content-store.ts'
import { writeBlob } from '@sealift/content/read-blob.ts'
import type { Descriptor } from '@sealift/oci/descriptor.ts'
import { type Digest, digestOf, hexOf } from '@sealift/oci/digest.ts'
import { parseImageConfig } from '@sealift/oci/image-config.ts'
import { type Manifest, manifestMediaType, parseManifest } from '@sealift/oci/manifest.ts'
import { layerCompression, MediaType } from '@sealift/oci/media-types.ts'
import { messageOf, SealiftError, toSealiftError } from '@sealift/oci/sealift-error.ts'
import { extract } from 'tar-stream'
import { ArchiveContents, type ArchivedLayer } from './archive-contents.ts'
import { peek } from './peek.ts'
import { plainLayer, sniffCompression } from './plain-layer.ts'
import { requireDeliverable } from './require-deliverable.ts'
import { storeCanonical } from './store-canonical.ts'
import type { ImageProvenance, StoredImage } from './stored-image.ts'

/** How an archive is taken in. */
export interface IngestOptions {
  /** Told the bytes of the archive read so far. */
  readonly progress?: (done: number) => void
  /** Ends it early; what was stored by then is unreferenced. */
  readonly signal?: AbortSignal
}

/** One image of `manifest.json`. */
interface ArchivedImage {
  readonly config: string
  readonly references: readonly string[]
  readonly layers: readonly string[]
}

/** Indexes inside indexes that are followed. */
const MAX_INDEX_DEPTH = 3

/** Manifests and indexes that are followed, however often one is named: a few of them could name each other's children millions of times. */
const MAX_NAMED_MANIFESTS = 10_000

const invalid = (why: string, cause?: unknown): SealiftError => new SealiftError('IMAGE_ARCHIVE_INVALID', `image archive: ${why}`, { cause })
const isTexts = (value: unknown): value is string[] => Array.isArray(value) && value.every((item) => typeof item === 'string')

function parseJson(bytes: Buffer, name: string): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch (cause) {
    throw invalid(`${name} is no JSON`, cause)
  }
}

function parseArchiveManifest(bytes: Buffer): readonly ArchivedImage[] {
  const json = parseJson(bytes, 'manifest.json')
  if (!Array.isArray(json)) throw invalid('manifest.json is no list of images')
  return json.map((item: unknown) => {
    const { Config: config, RepoTags: tags, Layers: layers } = (typeof item === 'object' && item !== null ? item : {}) as Record<string, unknown>
    if (typeof config !== 'string' || !isTexts(layers)) throw invalid('an image of manifest.json names no Config and Layers')
    if (tags !== null && tags !== undefined && !isTexts(tags)) throw invalid('RepoTags of an image of manifest.json is no list of names')
    return { config, layers, references: tags ?? [] }
  })
}

/** Reads the whole tar into the store and memory. */
async function collect(stream: Readable, store: ContentStore, { progress, signal }: IngestOptions): Promise<ArchiveContents> {
  const contents = new ArchiveContents(store)
  let done = 0
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, callback) {
      done += chunk.length
      progress?.(done)
      callback(null, chunk)
    },
  })
  const { start, whole } = await peek(stream as AsyncIterable<Buffer>, 4)
  if (start.length === 0) throw invalid('is empty')
  const tar = extract()
  // Errors of the source must pass unchanged, and those of the tar reader become coded ones.
  let sourceError: unknown
  const source = Readable.from(plainLayer(whole, sniffCompression(start)), { objectMode: false })
  source.once('error', (thrown) => (sourceError = thrown))
  const feeding = pipeline(source, counted, tar as unknown as NodeJS.WritableStream, signal === undefined ? {} : { signal })
  feeding.catch(() => {})
  try {
    for await (const entry of tar) {
      const { name, type, size, linkname } = entry.header
      if (type === 'file' || type === 'contiguous-file') {
        await contents.addFile(name, size, entry as unknown as Readable)
      } else {
        if ((type === 'symlink' || type === 'link') && typeof linkname === 'string') contents.addLink(name, linkname, type === 'link' ? 'hard' : 'symbolic')
        entry.resume()
      }
    }
    await feeding
  } catch (thrown) {
    stream.destroy()
    signal?.throwIfAborted()
    if (sourceError !== undefined) throw sourceError
    // What is neither coded nor the operating system's is the tar reader's.
    const coded = toSealiftError(thrown, 'image archive')
    throw coded.code === 'INTERNAL' ? invalid(messageOf(thrown), thrown) : coded
  }
  return contents
}

interface Assembly {
  readonly what: string
  readonly references: readonly string[]
  readonly configBytes: Buffer
  /** Config's and layers' media types and annotations as they were at the source. */
  readonly original: Manifest
  readonly layers: readonly ArchivedLayer[]
  readonly provenance: ImageProvenance
}

async function assemble(store: ContentStore, { what, references, configBytes, original, layers, provenance }: Assembly): Promise<StoredImage> {
  const config = parseImageConfig(configBytes, what)
  if (config.diffIds.length !== layers.length) {
    throw invalid(`${what} has ${layers.length} layers, while its config names ${config.diffIds.length}`)
  }
  for (const [position, diffId] of config.diffIds.entries()) {
    const found = layers[position]?.digest
    if (found !== diffId) throw new SealiftError('CONTENT_CORRUPT', `${what}: layer ${position + 1} has the digest ${found}, expected ${diffId}`)
  }
  return storeCanonical(store, { references, original, configBytes, config, plainSizes: layers.map(({ size }) => size), provenance })
}

async function layersOf(contents: ArchiveContents, names: readonly string[], what: string): Promise<ArchivedLayer[]> {
  const layers: ArchivedLayer[] = []
  for (const name of names) {
    const layer = await contents.layer(name)
    if (layer === undefined) throw invalid(`${what} names the layer ${JSON.stringify(name)}, which is not in the archive`)
    layers.push(layer)
  }
  return layers
}

/** The form of `docker save`: its engine keeps no manifest, so the image becomes one of Docker schema 2. */
async function fromArchiveManifest(contents: ArchiveContents, store: ContentStore, image: ArchivedImage): Promise<StoredImage> {
  const what = `image ${image.references[0] ?? image.config}`
  const configBytes = contents.document(image.config)
  if (configBytes === undefined) throw invalid(`${what} names the config ${JSON.stringify(image.config)}, which is not in the archive`)
  const digest = digestOf(configBytes)
  const claimed = /(?:^|\/)([0-9a-f]{64})(?:\.json)?$/.exec(image.config)?.[1]
  if (claimed !== undefined && claimed !== hexOf(digest)) {
    throw new SealiftError('CONTENT_CORRUPT', `${what}: its config has the digest ${digest}, expected sha256:${claimed}`)
  }
  const layers = await layersOf(contents, image.layers, what)
  const original: Manifest = {
    schemaVersion: 2,
    mediaType: MediaType.dockerManifest,
    config: { mediaType: MediaType.dockerConfig, digest, size: configBytes.length },
    layers: layers.map(({ digest, size }) => ({ mediaType: MediaType.dockerLayer, digest, size })),
  }
  const provenance: ImageProvenance = { source: 'engine', verified: 'none', originals: [] }
  return assemble(store, { what, references: image.references, configBytes, original, layers, provenance })
}

const blobName = (digest: Digest): string => `blobs/sha256/${hexOf(digest)}`

/** The form of an OCI layout: manifests are there, and are kept. */
async function* fromLayout(
  contents: ArchiveContents,
  store: ContentStore,
  descriptor: Descriptor,
  references: readonly string[],
  above: readonly Descriptor[],
  named: { count: number },
): AsyncGenerator<StoredImage> {
  if (++named.count > MAX_NAMED_MANIFESTS) throw invalid(`its indexes name more than ${MAX_NAMED_MANIFESTS} manifests`)
  const what = `image ${references[0] ?? descriptor.digest}`
  const bytes = contents.document(blobName(descriptor.digest))
  // An index names all platforms, and an archive often holds one of them.
  if (bytes === undefined) return
  const digest = digestOf(bytes)
  if (digest !== descriptor.digest) throw new SealiftError('CONTENT_CORRUPT', `${what}: a manifest has the digest ${digest}, expected ${descriptor.digest}`)
  const parsed = parseManifest(bytes, what)
  const originals = [...above, { mediaType: manifestMediaType(parsed), digest, size: bytes.length }]
  if (parsed.kind === 'index') {
    if (above.length >= MAX_INDEX_DEPTH) throw invalid(`${what}: more than ${MAX_INDEX_DEPTH} indexes inside one another`)
    for (const child of parsed.index.manifests) yield* fromLayout(contents, store, child, references, originals, named)
    return
  }
  const { config, layers } = parsed.manifest
  // Attestations are manifests too, and no images.
  if (layers.some(({ mediaType }) => layerCompression(mediaType) === undefined)) return
  requireDeliverable(parsed.manifest, what)
  const configBytes = contents.document(blobName(config.digest))
  if (configBytes === undefined) throw invalid(`${what} names the config ${config.digest}, which is not in the archive`)
  if (digestOf(configBytes) !== config.digest) throw new SealiftError('CONTENT_CORRUPT', `${what}: its config does not have the digest ${config.digest}`)
  const stored = await layersOf(
    contents,
    layers.map((layer) => blobName(layer.digest)),
    what,
  )
  for (const above of originals) await writeBlob(store, contents.document(blobName(above.digest)) as Buffer)
  yield await assemble(store, {
    what,
    references,
    configBytes,
    original: parsed.manifest,
    layers: stored,
    provenance: { source: 'engine', verified: 'not-verified', originals },
  })
}

function layoutReferences({ annotations }: Descriptor): readonly string[] {
  const name = annotations?.['io.containerd.image.name'] ?? annotations?.['org.opencontainers.image.ref.name']
  return typeof name === 'string' ? [name] : []
}

/**
 * Takes in what `docker save`, `podman save` or skopeo wrote (a docker-archive of any age, or an OCI
 * layout in a tar; compressed as a whole or not) in one pass with flat memory. Every layer goes into
 * the store uncompressed and is matched with its image's config.
 *
 * The images come in the archive's order, which for `docker save` is any: tell them apart by their references.
 *
 * When it fails, no image is returned, and the blobs that were stored by then are unreferenced.
 * @throws SealiftError `IMAGE_ARCHIVE_INVALID`, `CONTENT_CORRUPT`, `MANIFEST_INVALID`; errors of the stream and the store pass unchanged
 */
export async function ingestDockerArchive(stream: Readable, store: ContentStore, options: IngestOptions = {}): Promise<StoredImage[]> {
  const contents = await collect(stream, store, options)
  const images: StoredImage[] = []
  const manifest = contents.document('manifest.json')
  if (manifest !== undefined) {
    for (const image of parseArchiveManifest(manifest)) images.push(await fromArchiveManifest(contents, store, image))
    return images
  }
  const index = contents.document('index.json')
  if (index === undefined) throw invalid('has neither manifest.json nor index.json: it is no image archive, or it is cut off')
  const parsed = parseManifest(index, 'image archive: index.json')
  if (parsed.kind !== 'index') throw invalid('index.json is no image index')
  const named = { count: 0 }
  for (const descriptor of parsed.index.manifests) {
    for await (const image of fromLayout(contents, store, descriptor, layoutReferences(descriptor), [], named)) images.push(image)
  }
  return images
}

import type { ContentStore } from '@sealift/content/content-store.ts'
import { writeBlob } from '@sealift/content/read-blob.ts'
import type { Descriptor } from '@sealift/oci/descriptor.ts'
import { createDigester, type Digest } from '@sealift/oci/digest.ts'
import { type ImageConfig, parseImageConfig } from '@sealift/oci/image-config.ts'
import type { ImageIndex, Manifest } from '@sealift/oci/manifest.ts'
import { layerCompression, MediaType } from '@sealift/oci/media-types.ts'
import { formatPlatform, hostPlatform, type Platform, platformMatches } from '@sealift/oci/platform.ts'
import { parseReference } from '@sealift/oci/reference.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { plainLayer } from './plain-layer.ts'
import { type FetchedManifest, fetchSmallBlob, type RegistryAccess, RegistryClient } from './registry-client.ts'
import { requireDeliverable } from './require-deliverable.ts'
import { storeCanonical } from './store-canonical.ts'
import { storePlain } from './store-plain.ts'
import type { StoredImage } from './stored-image.ts'

/** How an image is pulled. */
export interface PullOptions extends RegistryAccess {
  /**
   * The platforms to pull, each a stored image of its own. Without them: this machine's where the
   * reference leads to an index, and otherwise whatever the image is for.
   */
  readonly platforms?: readonly Platform[]
  /** Told the bytes of layers done and in all, as they are compressed at the registry. */
  readonly progress?: (done: number, total: number) => void
}

const MAX_CONFIG_BYTES = 16 * 1024 * 1024
const MAX_INDEX_DEPTH = 3

/** Indexes inside an index that are fetched; real ones have none or a few. */
const MAX_NESTED_INDEXES = 100

/** Layers of an image that are transferred at once. */
const PARALLEL_LAYERS = 3

/** A manifest and what led to it, outermost first, itself included. */
interface Found {
  readonly manifest: Manifest
  readonly chain: readonly FetchedManifest[]
}

interface Candidate {
  readonly descriptor: Descriptor
  readonly chain: readonly FetchedManifest[]
}

/** All that an index leads to, indexes in it opened, each once. */
async function candidates(
  client: RegistryClient,
  index: ImageIndex,
  chain: readonly FetchedManifest[],
  what: string,
  opened: Set<Digest> = new Set(),
): Promise<Candidate[]> {
  const found: Candidate[] = []
  for (const descriptor of index.manifests) {
    if (descriptor.mediaType !== MediaType.ociIndex && descriptor.mediaType !== MediaType.dockerIndex) {
      found.push({ descriptor, chain })
      continue
    }
    if (chain.length >= MAX_INDEX_DEPTH) throw new SealiftError('MANIFEST_INVALID', `${what}: more than ${MAX_INDEX_DEPTH} indexes inside one another`)
    if (opened.has(descriptor.digest)) continue
    if (opened.size >= MAX_NESTED_INDEXES) throw new SealiftError('MANIFEST_INVALID', `${what}: more than ${MAX_NESTED_INDEXES} indexes inside its index`)
    opened.add(descriptor.digest)
    const fetched = await client.manifest(descriptor.digest)
    if (fetched.parsed.kind === 'index') found.push(...(await candidates(client, fetched.parsed.index, [...chain, fetched], what, opened)))
  }
  return found
}

const missing = (what: string, wanted: Platform, have: readonly (Platform | undefined)[]): SealiftError => {
  const known = have.filter((platform) => platform !== undefined && platform.os !== 'unknown').map((platform) => formatPlatform(platform as Platform))
  return new SealiftError('IMAGE_PLATFORM_MISSING', `${what} is not there for ${formatPlatform(wanted)}, only for ${known.join(', ') || 'no named platform'}`)
}

/** Finds the manifest of each wanted platform. */
async function findManifests(client: RegistryClient, fetched: FetchedManifest, platforms: readonly Platform[] | undefined, what: string): Promise<Found[]> {
  if (fetched.parsed.kind === 'manifest') return [{ manifest: fetched.parsed.manifest, chain: [fetched] }]
  const all = await candidates(client, fetched.parsed.index, [fetched], what)
  const found: Found[] = []
  for (const wanted of platforms ?? [hostPlatform()]) {
    const matching = all.filter(({ descriptor: { platform } }) => platform !== undefined && platformMatches(platform, wanted))
    const chosen = matching.find(({ descriptor: { platform } }) => platform?.variant === wanted.variant) ?? matching[0]
    if (chosen === undefined)
      throw missing(
        what,
        wanted,
        all.map(({ descriptor }) => descriptor.platform),
      )
    const manifest = await client.manifest(chosen.descriptor.digest)
    if (manifest.parsed.kind !== 'manifest') throw new SealiftError('MANIFEST_INVALID', `${what}: its index calls an index a manifest`)
    found.push({ manifest: manifest.parsed.manifest, chain: [...chosen.chain, manifest] })
  }
  return found
}

/** Passes bytes on, and in the end compares what passed with the digest. */
async function* checked(bytes: AsyncIterable<Buffer>, digest: Digest, what: string, passed: (count: number) => void): AsyncGenerator<Buffer> {
  const digester = createDigester()
  for await (const piece of bytes) {
    digester.update(piece)
    passed(piece.length)
    yield piece
  }
  const found = digester.digest()
  if (found !== digest) throw new SealiftError('CONTENT_CORRUPT', `${what}: what the registry sent has the digest ${found}, expected ${digest}`)
}

class Pull {
  readonly #client: RegistryClient
  readonly #store: ContentStore
  readonly #options: PullOptions
  readonly #reference: string
  readonly #what: string
  /** One layer that fails ends the transfer of the others. */
  readonly #ending = new AbortController()
  readonly #layers = new Map<Digest, Promise<number>>()
  #done = 0
  #total = 0

  constructor(reference: string, store: ContentStore, options: PullOptions) {
    const signal = options.signal === undefined ? this.#ending.signal : AbortSignal.any([options.signal, this.#ending.signal])
    this.#client = new RegistryClient(parseReference(reference), { ...options, signal })
    this.#store = store
    this.#options = options
    this.#reference = reference
    this.#what = `image ${reference}`
  }

  async run(): Promise<StoredImage[]> {
    const { digest, tag = 'latest' } = parseReference(this.#reference)
    const { platforms } = this.#options
    const first = await this.#client.manifest(digest ?? tag)
    const found = await findManifests(this.#client, first, platforms, this.#what)
    for (const { manifest } of found) requireDeliverable(manifest, this.#what)
    this.#total = found.reduce((sum, { manifest }) => sum + manifest.layers.reduce((bytes, { size }) => bytes + size, 0), 0)
    const images: StoredImage[] = []
    for (const [position, image] of found.entries()) {
      // An index chose by platform already; a lone manifest says what it is for in its config.
      const wanted = first.parsed.kind === 'index' ? undefined : platforms
      images.push(await this.#pull(image, wanted, `${this.#what}${found.length > 1 ? ` (${formatPlatform(platforms?.[position] ?? hostPlatform())})` : ''}`))
    }
    return images
  }

  async #pull({ manifest, chain }: Found, wanted: readonly Platform[] | undefined, what: string): Promise<StoredImage> {
    const configBytes = await fetchSmallBlob(this.#client, manifest.config, MAX_CONFIG_BYTES, `${what}: config`)
    const config = parseImageConfig(configBytes, what)
    for (const platform of wanted ?? []) if (!platformMatches(config.platform, platform)) throw missing(what, platform, [config.platform])
    if (config.diffIds.length !== manifest.layers.length) {
      throw new SealiftError('MANIFEST_INVALID', `${what}: ${manifest.layers.length} layers, while its config names ${config.diffIds.length}`)
    }
    const plainSizes = await this.#pullLayers(manifest, config, what)
    for (const { bytes } of chain) await writeBlob(this.#store, bytes)
    return storeCanonical(this.#store, {
      references: [this.#reference],
      original: manifest,
      configBytes,
      config,
      plainSizes,
      provenance: { source: 'registry', verified: 'not-verified', originals: chain.map(({ descriptor }) => descriptor) },
    })
  }

  async #pullLayers(manifest: Manifest, config: ImageConfig, what: string): Promise<number[]> {
    const plainSizes: number[] = []
    let next = 0
    const work = async (): Promise<void> => {
      while (next < manifest.layers.length) {
        const position = next++
        const diffId = config.diffIds[position] as Digest
        const layer = manifest.layers[position] as Descriptor
        const pulling = this.#layers.get(diffId)
        if (pulling !== undefined) this.#progress(layer.size)
        const size = pulling ?? this.#pullLayer(layer, diffId, `${what}: layer ${position + 1}`)
        this.#layers.set(diffId, size)
        plainSizes[position] = await size
      }
    }
    const workers = Array.from({ length: PARALLEL_LAYERS }, work)
    try {
      await Promise.all(workers)
    } catch (thrown) {
      this.#ending.abort()
      await Promise.allSettled(workers)
      throw thrown
    }
    return plainSizes
  }

  async #pullLayer(layer: Descriptor, diffId: Digest, what: string): Promise<number> {
    const known = await this.#store.info(diffId)
    if (known !== undefined) {
      this.#progress(layer.size)
      return known.size
    }
    const compression = layerCompression(layer.mediaType) as NonNullable<ReturnType<typeof layerCompression>>
    const compressed = checked(this.#client.blob(layer), layer.digest, what, (count) => this.#progress(count))
    const { size } = await storePlain(this.#store, plainLayer(compressed, compression), { digest: diffId })
    return size
  }

  #progress(count: number): void {
    this.#done += count
    this.#options.progress?.(this.#done, this.#total)
  }
}

/**
 * Pulls an image from a registry that speaks the OCI distribution API: layers are decompressed on
 * their way into the store, their compressed and plain digests both checked; layers that the store
 * has are not transferred. Index and manifest are kept as they came, as the image's originals.
 *
 * When it fails, nothing is returned, and the blobs that were stored by then are unreferenced.
 * @throws SealiftError `REFERENCE_INVALID`, `IMAGE_NOT_FOUND`, `IMAGE_PLATFORM_MISSING`, `IMAGE_UNSUPPORTED`,
 * `MANIFEST_INVALID`, `CONTENT_CORRUPT`, `REGISTRY_UNREACHABLE`, `REGISTRY_DENIED`, `REGISTRY_FAILED`
 */
export async function pullImage(reference: string, store: ContentStore, options: PullOptions = {}): Promise<StoredImage[]> {
  return new Pull(reference, store, options).run()
}

import { Readable } from 'node:stream'
import { BLOCK_SIZE, type ContentStore } from '@sealift/content/content-store.ts'
import { readBlob } from '@sealift/content/read-blob.ts'
import { type Digest, hexOf } from '@sealift/oci/digest.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { encodeTarHeader, paddingOf, TAR_END, tarMemberSize } from '@sealift/oci/tar-header.ts'

/** An image to be put into an archive. */
export interface ArchivableImage {
  /** For people. */
  readonly reference: string
  /** The tag that `docker load` gives it. */
  readonly localName: string
  readonly config: Digest
  /** Digests of the uncompressed layers, lowest first. */
  readonly diffIds: readonly Digest[]
}

/** Writes `docker load` archives of images whose content it has looked up. */
export interface DockerArchive {
  /**
   * Begins one archive with all the images, each shared layer in it once; the same arguments give the same bytes.
   * @param images some or all of those that the archive was prepared for
   * @param omitLayers layers that are named in the archive while their bytes are left out
   * @returns the bytes, and how many there will be
   * @throws SealiftError `CONTENT_MISSING` for an image that was not prepared; the stream fails with
   * `CONTENT_MISSING` or `CONTENT_CORRUPT`
   */
  open(images: readonly ArchivableImage[], omitLayers?: ReadonlySet<Digest>): { stream: Readable; size: number }
}

interface Entry {
  readonly name: string
  readonly size: number
  readonly content: () => AsyncIterable<Buffer> | Iterable<Buffer>
}

const layerName = (digest: Digest): string => `${hexOf(digest)}.tar`
const configName = (digest: Digest): string => `${hexOf(digest)}.json`

function bytesEntry(name: string, bytes: Buffer): Entry {
  return { name, size: bytes.length, content: () => [bytes] }
}

/** What `docker load` reads first: for each config its tags and layers. */
function archiveManifest(images: readonly ArchivableImage[]): Buffer {
  const byConfig = new Map<Digest, { Config: string; RepoTags: string[]; Layers: string[] }>()
  for (const { config, localName, diffIds } of images) {
    const known = byConfig.get(config)
    if (known === undefined) byConfig.set(config, { Config: configName(config), RepoTags: [localName], Layers: diffIds.map(layerName) })
    else if (!known.RepoTags.includes(localName)) known.RepoTags.push(localName)
  }
  return Buffer.from(JSON.stringify([...byConfig.values()]))
}

async function* writeEntries(entries: readonly Entry[]): AsyncGenerator<Buffer> {
  for (const { name, size, content } of entries) {
    yield encodeTarHeader(name, size)
    let written = 0
    for await (const piece of content()) {
      written += piece.length
      yield piece
    }
    if (written !== size) throw new SealiftError('CONTENT_CORRUPT', `image archive: ${name} has ${written} bytes, expected ${size}`)
    const padding = paddingOf(size)
    if (padding > 0) yield Buffer.alloc(padding)
  }
  yield Buffer.alloc(TAR_END)
}

/**
 * Looks up configs and layer sizes of images, so that archives of them can be begun at once and with a known size.
 * @throws SealiftError `CONTENT_MISSING`, `CONTENT_CORRUPT`
 */
export async function prepareDockerArchive(store: ContentStore, images: readonly ArchivableImage[]): Promise<DockerArchive> {
  const configs = new Map<Digest, Buffer>()
  const layerSizes = new Map<Digest, number>()
  for (const { reference, config, diffIds } of images) {
    if (!configs.has(config)) configs.set(config, await readBlob(store, config))
    for (const diffId of diffIds) {
      if (layerSizes.has(diffId)) continue
      const info = await store.info(diffId)
      if (info === undefined) throw new SealiftError('CONTENT_MISSING', `image ${reference}: its layer ${diffId} is not in the store`)
      layerSizes.set(diffId, info.size)
    }
  }

  const configEntry = ({ reference, config }: ArchivableImage): Entry => {
    const bytes = configs.get(config)
    if (bytes === undefined) throw new SealiftError('CONTENT_MISSING', `image ${reference}: its config ${config} was not prepared for the archive`)
    return bytesEntry(configName(config), bytes)
  }
  const layerEntry = (reference: string, diffId: Digest): Entry => {
    const size = layerSizes.get(diffId)
    if (size === undefined) throw new SealiftError('CONTENT_MISSING', `image ${reference}: its layer ${diffId} was not prepared for the archive`)
    return { name: layerName(diffId), size, content: () => store.read(diffId) }
  }

  return {
    open(wanted, omitLayers = new Set()) {
      const entries = new Map<string, Entry>()
      const add = (entry: Entry): void => void (entries.has(entry.name) || entries.set(entry.name, entry))
      add(bytesEntry('manifest.json', archiveManifest(wanted)))
      for (const image of wanted) add(configEntry(image))
      for (const { reference, diffIds } of wanted) {
        for (const diffId of diffIds) if (!omitLayers.has(diffId)) add(layerEntry(reference, diffId))
      }
      const all = [...entries.values()]
      const size = all.reduce((sum, entry) => sum + tarMemberSize(entry.size), TAR_END)
      return { stream: Readable.from(writeEntries(all), { objectMode: false, highWaterMark: 2 * BLOCK_SIZE }), size }
    },
  }
}

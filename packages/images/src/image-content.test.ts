import { Readable } from 'node:stream'
import type { ContentStore } from '@sealift/content/content-store.ts'
import { createMemoryStore } from '@sealift/content/memory/memory-store.ts'
import { writeBlob } from '@sealift/content/read-blob.ts'
import type { Descriptor } from '@sealift/oci/descriptor.ts'
import { digestOf } from '@sealift/oci/digest.ts'
import { MediaType } from '@sealift/oci/media-types.ts'
import { beforeEach, describe, expect, it } from 'vitest'
import { verifyImage } from './image-content.ts'
import { classicArchive, type FixtureImage, fixtureImage } from './image-fixture.ts'
import { ingestDockerArchive } from './ingest-docker-archive.ts'
import type { StoredImage } from './stored-image.ts'

describe('verifyImage', () => {
  let store: ContentStore
  let fixture: FixtureImage
  let image: StoredImage

  beforeEach(async () => {
    store = createMemoryStore()
    fixture = await fixtureImage(['one', 'two'])
    image = (await ingestDockerArchive(Readable.from([await classicArchive([{ image: fixture, tags: ['shop:1'] }])]), store))[0] as StoredImage
  })

  async function stored(value: unknown, mediaType: string): Promise<Descriptor> {
    const bytes = Buffer.from(JSON.stringify(value))
    return { mediaType, digest: await writeBlob(store, bytes), size: bytes.length }
  }

  const withOriginals = (...originals: Descriptor[]): StoredImage => ({ ...image, provenance: { ...image.provenance, originals } })
  const originalManifest = (config: Descriptor): Promise<Descriptor> =>
    stored({ schemaVersion: 2, mediaType: MediaType.ociManifest, config, layers: [] }, MediaType.ociManifest)
  const originalIndex = (...manifests: Descriptor[]): Promise<Descriptor> =>
    stored({ schemaVersion: 2, mediaType: MediaType.ociIndex, manifests }, MediaType.ociIndex)

  it('returns manifest and config of a whole image', async () => {
    const { manifest, config } = await verifyImage(store, image, 'image shop:1', { readLayers: true })
    expect(manifest.layers).toEqual(image.layers)
    expect(config.diffIds).toEqual(fixture.layers.map(({ diffId }) => diffId))
  })

  it.each([
    ['manifest', () => image.manifest],
    ['config', () => image.config],
    ['layer 2', () => image.layers[1] as Descriptor],
  ])('names a missing %s', async (_, descriptor) => {
    await store.delete(descriptor().digest)
    await expect(verifyImage(store, image, 'image shop:1')).rejects.toMatchObject({
      code: 'CONTENT_MISSING',
      message: expect.stringContaining(descriptor().digest),
    })
  })

  it.each<[string, () => StoredImage]>([
    ['another platform', () => ({ ...image, platform: { os: 'linux', architecture: 'arm64' } })],
    ['one layer less', () => ({ ...image, layers: image.layers.slice(1) })],
    ['layers in another order', () => ({ ...image, layers: image.layers.toReversed() })],
    ['a layer of another size', () => ({ ...image, layers: image.layers.map((layer) => ({ ...layer, size: layer.size + 1 })) })],
    ['a config of another type', () => ({ ...image, config: { ...image.config, mediaType: MediaType.ociConfig } })],
    ['a manifest of another type', () => ({ ...image, manifest: { ...image.manifest, mediaType: MediaType.ociManifest } })],
  ])('refuses a claim of %s', async (_, claim) => {
    await expect(verifyImage(store, claim(), 'image shop:1')).rejects.toMatchObject({ code: 'MANIFEST_INVALID' })
  })

  it('refuses a manifest whose layers are not those of the config', async () => {
    const other = await fixtureImage(['one', 'other'])
    const bytes = await writeBlob(store, other.layers[1]?.tar as Buffer)
    const layers = [image.layers[0] as Descriptor, { ...(image.layers[1] as Descriptor), digest: bytes, size: other.layers[1]?.tar.length as number }]
    const manifest = await stored({ schemaVersion: 2, mediaType: MediaType.dockerManifest, config: image.config, layers }, MediaType.dockerManifest)
    await expect(verifyImage(store, { ...image, manifest, layers }, 'image shop:1')).rejects.toMatchObject({
      code: 'MANIFEST_INVALID',
      message: expect.stringContaining('layer 2'),
    })
  })

  it('refuses an index in the place of the manifest', async () => {
    const manifest = await originalIndex(image.manifest)
    await expect(verifyImage(store, { ...image, manifest }, 'image shop:1')).rejects.toMatchObject({ code: 'MANIFEST_INVALID' })
  })

  it('follows the originals from the index to the config', async () => {
    const manifest = await originalManifest(image.config)
    const other = await originalManifest({ ...image.config, digest: digestOf('other') })
    await verifyImage(store, withOriginals(await originalIndex(other, manifest), manifest), 'image shop:1')
    await verifyImage(store, withOriginals(manifest), 'image shop:1')
    const signature = await stored({ signature: 'of the manifest' }, 'application/example')
    await verifyImage(store, withOriginals(manifest, signature), 'image shop:1')
    await store.delete(signature.digest)
    await expect(verifyImage(store, withOriginals(manifest, signature), 'image shop:1')).rejects.toMatchObject({ code: 'CONTENT_MISSING' })
    const broken: StoredImage[] = [withOriginals(other), withOriginals(await originalIndex(other), manifest), withOriginals(await originalIndex(manifest))]
    for (const claim of broken) await expect(verifyImage(store, claim, 'image shop:1')).rejects.toMatchObject({ code: 'MANIFEST_INVALID' })
  })

  it('hashes layers anew when told to', async () => {
    const lying: ContentStore = {
      ...store,
      info: (digest) => store.info(digest),
      read: (digest, range) =>
        digest === image.layers[1]?.digest
          ? (async function* () {
              yield Buffer.from('something else')
            })()
          : store.read(digest, range),
    }
    await verifyImage(lying, image, 'image shop:1')
    await expect(verifyImage(lying, image, 'image shop:1', { readLayers: true })).rejects.toMatchObject({ code: 'CONTENT_CORRUPT' })
  })
})

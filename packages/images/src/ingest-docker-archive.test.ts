import { Readable } from 'node:stream'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import type { ContentStore } from '@sealift/content/content-store.ts'
import { createMemoryStore } from '@sealift/content/memory/memory-store.ts'
import { readBlob } from '@sealift/content/read-blob.ts'
import { type Digest, digestOf, hexOf } from '@sealift/oci/digest.ts'
import { MediaType } from '@sealift/oci/media-types.ts'
import { beforeEach, describe, expect, it } from 'vitest'
import { verifyImage } from './image-content.ts'
import { classicArchive, type FixtureImage, fixtureImage, tarOf } from './image-fixture.ts'
import { ingestDockerArchive } from './ingest-docker-archive.ts'

/** A stream in pieces that fall on no boundary of the tar. */
function streamOf(bytes: Buffer, piece = 1000): Readable {
  const pieces: Buffer[] = []
  for (let at = 0; at < bytes.length; at += piece) pieces.push(bytes.subarray(at, at + piece))
  return Readable.from(pieces)
}

async function blobCount(store: ContentStore): Promise<number> {
  let count = 0
  for await (const _ of store.list()) count++
  return count
}

const blob = (digest: Digest): string => `blobs/sha256/${hexOf(digest)}`

type Pack = (tar: Buffer) => Buffer

/** The layout of Docker 25 and later, with or without `manifest.json`. */
async function layoutArchive(
  image: FixtureImage,
  { compress = (tar) => tar, mediaType = MediaType.ociLayer, manifestJson = true }: { compress?: Pack; mediaType?: string; manifestJson?: boolean } = {},
): Promise<Buffer> {
  const layers = image.layers.map(({ tar }) => compress(tar))
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MediaType.ociManifest,
      config: { mediaType: MediaType.ociConfig, digest: image.configDigest, size: image.config.length },
      layers: layers.map((layer) => ({ mediaType, digest: digestOf(layer), size: layer.length })),
    }),
  )
  const index = JSON.stringify({
    schemaVersion: 2,
    mediaType: MediaType.ociIndex,
    manifests: [
      {
        mediaType: MediaType.ociManifest,
        digest: digestOf(manifest),
        size: manifest.length,
        annotations: { 'io.containerd.image.name': 'docker.io/library/shop:1', 'org.opencontainers.image.ref.name': '1' },
      },
    ],
  })
  return tarOf([
    ['oci-layout', '{"imageLayoutVersion":"1.0.0"}'],
    ...layers.map((layer) => [blob(digestOf(layer)), layer] as const),
    [blob(image.configDigest), image.config],
    [blob(digestOf(manifest)), manifest],
    ['index.json', index],
    ...(manifestJson
      ? [
          [
            'manifest.json',
            JSON.stringify([{ Config: blob(image.configDigest), RepoTags: ['shop:1'], Layers: layers.map((layer) => blob(digestOf(layer))) }]),
          ] as const,
        ]
      : []),
  ])
}

describe('ingestDockerArchive', () => {
  let store: ContentStore

  beforeEach(() => {
    store = createMemoryStore()
  })

  it('takes in several images of the classic layout with layers that repeat', async () => {
    const first = await fixtureImage(['base', 'first'])
    const second = await fixtureImage(['base', 'second'])
    const bytes = await classicArchive([
      { image: first, tags: ['first:1', 'first:latest'] },
      { image: second, tags: null },
    ])
    let progress = 0
    const images = await ingestDockerArchive(streamOf(bytes), store, { progress: (done) => (progress = done) })

    expect(progress).toBe(bytes.length)
    expect(images.map(({ references }) => references)).toEqual([['first:1', 'first:latest'], []])
    expect(images.map(({ layers }) => layers.map(({ digest }) => digest))).toEqual([first, second].map(({ layers }) => layers.map(({ diffId }) => diffId)))
    expect(images[0]?.manifest.mediaType).toBe(MediaType.dockerManifest)
    expect(images[0]?.provenance).toEqual({ source: 'engine', verified: 'none', originals: [] })
    expect(await readBlob(store, first.configDigest)).toEqual(first.config)
    for (const image of images) await verifyImage(store, image, 'image', { readLayers: true })
    // Three different layers, two configs, two manifests.
    expect(await blobCount(store)).toBe(7)
  })

  it.each<[string, Pack]>([
    ['plain', (tar) => tar],
    ['gzip', (tar) => gzipSync(tar)],
    ['zstd', (tar) => zstdCompressSync(tar)],
    ['zstd of many frames', (tar) => Buffer.concat([tar.subarray(0, 700), tar.subarray(700)].map((part) => zstdCompressSync(part)))],
  ])('takes in the layout of newer engines with %s layers', async (_, compress) => {
    const image = await fixtureImage(['one', Buffer.alloc(300_000, 'x')])
    const classic = await ingestDockerArchive(streamOf(await classicArchive([{ image, tags: ['shop:1'] }])), createMemoryStore())
    const [stored] = await ingestDockerArchive(streamOf(await layoutArchive(image, { compress })), store)

    expect(stored).toEqual(classic[0])
    await verifyImage(store, stored as NonNullable<typeof stored>, 'image', { readLayers: true })
  })

  it('takes in an OCI archive without manifest.json, and keeps its manifest', async () => {
    const image = await fixtureImage(['one', 'two'])
    const bytes = await layoutArchive(image, { compress: gzipSync, mediaType: MediaType.ociLayerGzip, manifestJson: false })
    const [stored] = await ingestDockerArchive(streamOf(bytes), store)

    expect(stored?.references).toEqual(['docker.io/library/shop:1'])
    expect(stored?.manifest.mediaType).toBe(MediaType.ociManifest)
    expect(stored?.layers.map(({ mediaType }) => mediaType)).toEqual([MediaType.ociLayer, MediaType.ociLayer])
    expect(stored?.provenance.originals).toHaveLength(1)
    await verifyImage(store, stored as NonNullable<typeof stored>, 'image')
  })

  it('takes in an archive that was compressed as a whole', async () => {
    const bytes = await classicArchive([{ image: await fixtureImage(['one']), tags: ['shop:1'] }])
    expect(await ingestDockerArchive(streamOf(gzipSync(bytes)), store)).toHaveLength(1)
  })

  it('takes in a layer whose first bytes look like JSON', async () => {
    const tar = await tarOf([['{name}', 'content']])
    const config = Buffer.from(JSON.stringify({ os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids: [digestOf(tar)] } }))
    const image: FixtureImage = { config, configDigest: digestOf(config), layers: [{ tar, diffId: digestOf(tar) }] }
    const [stored] = await ingestDockerArchive(streamOf(await classicArchive([{ image, tags: ['brace:1'] }])), store)
    await verifyImage(store, stored as NonNullable<typeof stored>, 'image')
  })

  it('refuses a layer that is not the one the config names', async () => {
    const image = await fixtureImage(['one', 'two'])
    const other = await fixtureImage(['one', 'changed'])
    const bytes = await classicArchive([{ image: { ...image, layers: other.layers }, tags: ['shop:1'] }])
    await expect(ingestDockerArchive(streamOf(bytes), store)).rejects.toMatchObject({
      code: 'CONTENT_CORRUPT',
      message: expect.stringContaining('image shop:1: layer 2'),
    })
  })

  it('refuses a config that is not the one its name says', async () => {
    const image = await fixtureImage(['one'])
    const bytes = await classicArchive([{ image: { ...image, config: Buffer.concat([image.config, Buffer.from(' ')]) }, tags: ['shop:1'] }])
    await expect(ingestDockerArchive(streamOf(bytes), store)).rejects.toMatchObject({ code: 'CONTENT_CORRUPT' })
  })

  it.each([0.3, 0.9])('refuses an archive cut off at %f of its length', async (part) => {
    const bytes = await classicArchive([{ image: await fixtureImage([Buffer.alloc(100_000, 'x'), 'two']), tags: ['shop:1'] }])
    await expect(ingestDockerArchive(streamOf(bytes.subarray(0, Math.floor(bytes.length * part))), store)).rejects.toMatchObject({
      code: 'IMAGE_ARCHIVE_INVALID',
    })
  })

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['a text', Buffer.from('this is no archive at all, and it is longer than one tar record. '.repeat(20))],
    ['an empty tar', Buffer.alloc(1024)],
  ])('refuses %s', async (_, bytes) => {
    await expect(ingestDockerArchive(streamOf(bytes), store)).rejects.toMatchObject({ code: 'IMAGE_ARCHIVE_INVALID' })
  })

  it('refuses links that lead round in circles and names outside the archive', async () => {
    const image = await fixtureImage(['one'])
    const archive = (layer: string): Promise<Buffer> =>
      tarOf([
        ['a/layer.tar', { link: '../b/layer.tar' }],
        ['b/layer.tar', { link: '../a/layer.tar' }],
        ['c/layer.tar', { link: '../../../../etc/passwd' }],
        ['config.json', image.config],
        ['manifest.json', JSON.stringify([{ Config: 'config.json', RepoTags: ['shop:1'], Layers: [layer] }])],
      ])
    for (const layer of ['a/layer.tar', 'c/layer.tar', '/etc/passwd']) {
      await expect(ingestDockerArchive(streamOf(await archive(layer)), store)).rejects.toMatchObject({ code: 'IMAGE_ARCHIVE_INVALID' })
    }
  })

  it('refuses indexes that name each other more often than any archive has images', async () => {
    const named = (bytes: Buffer): object => ({ mediaType: MediaType.ociIndex, digest: digestOf(bytes), size: bytes.length })
    const index = (manifests: readonly object[]): Buffer => Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MediaType.ociIndex, manifests }))
    const inner = index([])
    const middle = index(Array.from({ length: 200 }, () => named(inner)))
    const archive = await tarOf([
      [blob(digestOf(inner)), inner],
      [blob(digestOf(middle)), middle],
      ['index.json', index(Array.from({ length: 200 }, () => named(middle)))],
    ])
    await expect(ingestDockerArchive(streamOf(archive), store)).rejects.toMatchObject({ code: 'IMAGE_ARCHIVE_INVALID' })
  })

  it('passes on the error of its stream', async () => {
    async function* failing(): AsyncGenerator<Buffer> {
      yield (await classicArchive([{ image: await fixtureImage(['one']), tags: null }])).subarray(0, 3000)
      throw new Error('engine went away')
    }
    await expect(ingestDockerArchive(Readable.from(failing()), store)).rejects.toThrow('engine went away')
  })

  it('ends when it is aborted', async () => {
    const bytes = await classicArchive([{ image: await fixtureImage([Buffer.alloc(200_000)]), tags: null }])
    const abort = new AbortController()
    const stream = streamOf(bytes)
    const run = ingestDockerArchive(stream, store, { signal: abort.signal, progress: () => abort.abort() })
    await expect(run).rejects.toMatchObject({ name: 'AbortError' })
    expect(stream.destroyed).toBe(true)
  })
})

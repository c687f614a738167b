import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import type { ContentStore } from '@sealift/content/content-store.ts'
import { createMemoryStore } from '@sealift/content/memory/memory-store.ts'
import { digestOf } from '@sealift/oci/digest.ts'
import { extract } from 'tar-stream'
import { beforeEach, describe, expect, it } from 'vitest'
import { classicArchive, fixtureImage } from './image-fixture.ts'
import { ingestDockerArchive } from './ingest-docker-archive.ts'
import type { StoredImage } from './stored-image.ts'
import { type ArchivableImage, prepareDockerArchive } from './write-docker-archive.ts'

function archivable(image: StoredImage, localName: string): ArchivableImage {
  return { reference: localName, localName, config: image.config.digest, diffIds: image.layers.map(({ digest }) => digest) }
}

async function entryNames(tar: Buffer): Promise<string[]> {
  const names: string[] = []
  const reader = extract()
  reader.end(tar)
  for await (const entry of reader) {
    names.push(entry.header.name)
    entry.resume()
  }
  return names
}

describe('prepareDockerArchive', () => {
  let store: ContentStore
  let wanted: ArchivableImage[]

  beforeEach(async () => {
    store = createMemoryStore()
    const first = await fixtureImage(['base', 'first', Buffer.alloc(5_000_001, 'y')])
    const second = await fixtureImage(['base', 'second'])
    const archive = await classicArchive([
      { image: first, tags: null },
      { image: second, tags: null },
    ])
    const images = await ingestDockerArchive(Readable.from([archive]), store)
    wanted = images.map((image, number) => archivable(image, `local/image${number}:1`))
  })

  it('writes what can be taken in again as the same images', async () => {
    const archive = await prepareDockerArchive(store, wanted)
    const { stream, size } = archive.open(wanted)
    const bytes = await buffer(stream)
    expect(bytes.length).toBe(size)

    const again = await ingestDockerArchive(Readable.from([bytes]), createMemoryStore())
    expect(again.map(({ references, config, layers }) => ({ references, config: config.digest, layers: layers.map(({ digest }) => digest) }))).toEqual(
      wanted.map(({ localName, config, diffIds }) => ({ references: [localName], config, layers: diffIds })),
    )
  })

  it('holds shared layers and configs once, and gives equal tags of one image together', async () => {
    const [first] = wanted as [ArchivableImage]
    const images = [...wanted, { ...first, localName: 'local/other:2' }]
    const bytes = await buffer((await prepareDockerArchive(store, images)).open(images).stream)
    const names = await entryNames(bytes)
    expect(names).toHaveLength(1 + 2 + 4)
    expect(new Set(names).size).toBe(names.length)
    const again = await ingestDockerArchive(Readable.from([bytes]), createMemoryStore())
    expect(again.map(({ references }) => references)).toEqual([['local/image0:1', 'local/other:2'], ['local/image1:1']])
  })

  it('leaves out the bytes of layers that it is told to, and still knows the size', async () => {
    const omitted = wanted[0]?.diffIds[0] as ArchivableImage['config']
    const { stream, size } = (await prepareDockerArchive(store, wanted)).open(wanted, new Set([omitted]))
    const bytes = await buffer(stream)
    expect(bytes.length).toBe(size)
    expect((await entryNames(bytes)).some((name) => name.startsWith(omitted.slice(7)))).toBe(false)
    expect(bytes.includes(`"${omitted.slice(7)}.tar"`)).toBe(true)
  })

  it('gives the same bytes each time', async () => {
    const digests = await Promise.all([1, 2].map(async () => digestOf(await buffer((await prepareDockerArchive(store, wanted)).open(wanted).stream))))
    expect(digests[0]).toBe(digests[1])
  })

  it('says before anything is sent that a layer is missing', async () => {
    await store.delete(wanted[1]?.diffIds[1] as ArchivableImage['config'])
    await expect(prepareDockerArchive(store, wanted)).rejects.toMatchObject({
      code: 'CONTENT_MISSING',
      message: expect.stringContaining('image local/image1:1'),
    })
  })

  it('refuses an image that it was not prepared for', async () => {
    const [first, second] = wanted as [ArchivableImage, ArchivableImage]
    const archive = await prepareDockerArchive(store, [first])
    expect(() => archive.open([second])).toThrow(expect.objectContaining({ code: 'CONTENT_MISSING' }))
  })
})

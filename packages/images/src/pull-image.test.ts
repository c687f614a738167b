import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import type { ContentStore } from '@sealift/content/content-store.ts'
import { createMemoryStore } from '@sealift/content/memory/memory-store.ts'
import { readBlob, writeBlob } from '@sealift/content/read-blob.ts'
import { type Digest, digestOf } from '@sealift/oci/digest.ts'
import { MediaType } from '@sealift/oci/media-types.ts'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { verifyImage } from './image-content.ts'
import { type FixtureImage, fixtureImage } from './image-fixture.ts'
import { type PullOptions, pullImage } from './pull-image.ts'
import { type AddImageOptions, addIndex, type FixtureRegistry, startFixtureRegistry } from './registry-fixture.ts'
import type { StoredImage } from './stored-image.ts'

/** Bytes that no compressor makes smaller. */
function noise(size: number): Buffer {
  const bytes = Buffer.alloc(size)
  let state = 1
  for (let at = 0; at < size; at++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    bytes[at] = state >>> 24
  }
  return bytes
}

describe('pullImage', () => {
  let registry: FixtureRegistry
  let store: ContentStore
  let image: FixtureImage

  beforeEach(async () => {
    registry = await startFixtureRegistry()
    store = createMemoryStore()
    image = await fixtureImage(['base', noise(300_000), 'top'])
  })

  afterEach(() => registry[Symbol.asyncDispose]())

  const pull = (tag: string, options: PullOptions = {}): Promise<StoredImage[]> =>
    pullImage(`${registry.host}/team/shop${tag}`, store, { retryDelay: 1, ...options })

  const isBlob = (path: string | undefined, position: number): boolean => path?.endsWith(digestOf(image.layers[position]?.tar as Buffer)) === true

  it.each<[string, AddImageOptions]>([
    ['OCI plain', {}],
    ['OCI gzip', { compress: gzipSync, layerType: MediaType.ociLayerGzip }],
    ['OCI zstd', { compress: zstdCompressSync, layerType: MediaType.ociLayerZstd }],
    [
      'OCI zstd of many frames',
      {
        compress: (tar) =>
          Buffer.concat([
            zstdCompressSync(tar.subarray(0, 512)),
            Buffer.from([0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]),
            zstdCompressSync(tar.subarray(512)),
          ]),
        layerType: MediaType.ociLayerZstd,
      },
    ],
    ['Docker gzip', { docker: true, compress: gzipSync, layerType: MediaType.dockerLayerGzip }],
    ['Docker plain', { docker: true }],
  ])('pulls an image with %s layers', async (_, options) => {
    const original = registry.addImage(image, { tag: '1', ...options })
    const seen: [number, number][] = []
    const [stored] = await pull(':1', { progress: (...progress) => seen.push(progress) })

    expect(stored).toMatchObject({
      references: [`${registry.host}/team/shop:1`],
      platform: { os: 'linux', architecture: 'amd64' },
      manifest: { mediaType: options.docker === true ? MediaType.dockerManifest : MediaType.ociManifest },
      config: { digest: image.configDigest },
      provenance: { source: 'registry', verified: 'not-verified', originals: [original] },
    })
    expect(stored?.layers.map(({ digest }) => digest)).toEqual(image.layers.map(({ diffId }) => diffId))
    await verifyImage(store, stored as StoredImage, 'image', { readLayers: true })
    expect(await readBlob(store, image.configDigest)).toEqual(image.config)
    expect(seen.at(-1)?.[0]).toBe(seen.at(-1)?.[1])
  })

  it('gives the same canonical layers and config whatever compressed them', async () => {
    registry.addImage(image, { tag: 'plain' })
    registry.addImage(image, { tag: 'gzip', compress: gzipSync, layerType: MediaType.ociLayerGzip })
    const [plain] = await pull(':plain')
    const [gzip] = await pull(':gzip')
    expect(gzip?.manifest).toEqual(plain?.manifest)
  })

  it('pulls the wanted platforms of an index, and keeps index and manifests', async () => {
    const arm = await fixtureImage(['base', 'arm'], { architecture: 'arm64' })
    const manifests = [image, arm].map((each) => registry.addImage(each))
    const index = addIndex(registry, 'multi', [
      { ...(manifests[0] as (typeof manifests)[0]), platform: { os: 'linux', architecture: 'amd64' } },
      { ...(manifests[1] as (typeof manifests)[0]), platform: { os: 'linux', architecture: 'arm64', variant: 'v8' } },
    ])
    const images = await pull(':multi', {
      platforms: [
        { os: 'linux', architecture: 'arm64' },
        { os: 'linux', architecture: 'amd64' },
      ],
    })
    expect(images.map(({ platform: { architecture } }) => architecture)).toEqual(['arm64', 'amd64'])
    expect(images[0]?.provenance.originals).toEqual([index, manifests[1]])
    for (const stored of images) await verifyImage(store, stored, 'image')
    await expect(pull(':multi', { platforms: [{ os: 'linux', architecture: 's390x' }] })).rejects.toMatchObject({
      code: 'IMAGE_PLATFORM_MISSING',
      message: expect.stringContaining('linux/amd64, linux/arm64/v8'),
    })
  })

  it('opens an index inside an index once, and not more of them than any image has', async () => {
    const platform = { os: 'linux', architecture: 'amd64' }
    const inner = addIndex(registry, 'inner', [{ ...registry.addImage(image), platform }])
    addIndex(
      registry,
      'outer',
      Array.from({ length: 500 }, () => ({ ...inner, platform })),
    )
    const [stored] = await pull(':outer', { platforms: [platform] })
    await verifyImage(store, stored as StoredImage, 'image')
    expect(registry.requests.filter(({ path }) => path.endsWith(inner.digest))).toHaveLength(1)
    const many = Array.from({ length: 101 }, (_, number) => addIndex(registry, `${number}`, [{ ...inner, size: number, platform }]))
    addIndex(
      registry,
      'many',
      many.map((descriptor) => ({ ...descriptor, platform })),
    )
    await expect(pull(':many', { platforms: [platform] })).rejects.toMatchObject({ code: 'MANIFEST_INVALID' })
  })

  it('refuses a lone manifest for another platform than the wanted one', async () => {
    registry.addImage(image, { tag: '1' })
    await expect(pull(':1', { platforms: [{ os: 'linux', architecture: 'arm64' }] })).rejects.toMatchObject({ code: 'IMAGE_PLATFORM_MISSING' })
  })

  it('does not transfer layers that the store has', async () => {
    registry.addImage(image, { tag: '1', compress: gzipSync, layerType: MediaType.ociLayerGzip })
    await writeBlob(store, image.layers[1]?.tar as Buffer)
    await pull(':1')
    const transferred = registry.requests.filter(({ path }) => path.includes('/blobs/'))
    expect(transferred).toHaveLength(3)
    registry.requests.length = 0
    await pull(':1')
    expect(registry.requests.filter(({ path }) => path.includes('/blobs/'))).toHaveLength(1)
  })

  it('pulls by digest, and refuses another manifest in its place', async () => {
    const { digest } = registry.addImage(image)
    expect(await pull(`@${digest}`)).toHaveLength(1)
    registry.blobs.set(digest, { bytes: Buffer.from('{"schemaVersion":2}'), mediaType: MediaType.ociManifest })
    await expect(pull(`@${digest}`)).rejects.toMatchObject({ code: 'CONTENT_CORRUPT' })
  })

  it.each([
    ['whose compressed bytes were changed', (bytes: Buffer) => Buffer.from(bytes.map((byte, at) => (at === bytes.length - 5 ? byte ^ 1 : byte)))],
    ['that is longer than its manifest says', (bytes: Buffer) => Buffer.concat([bytes, bytes])],
  ])('refuses a layer %s', async (_, change) => {
    registry.addImage(image, { tag: '1' })
    const digest = image.layers[1]?.diffId as Digest
    registry.blobs.set(digest, { bytes: change(image.layers[1]?.tar as Buffer), mediaType: MediaType.ociLayer })
    await expect(pull(':1')).rejects.toMatchObject({ code: 'CONTENT_CORRUPT', message: expect.stringContaining(digest) })
    expect(await store.info(digest)).toBeUndefined()
  })

  it('refuses a layer that decompresses to something else than the config says', async () => {
    const other = await fixtureImage(['base', 'other', 'top'])
    registry.addImage({ ...image, layers: other.layers }, { tag: '1', compress: gzipSync, layerType: MediaType.ociLayerGzip })
    await expect(pull(':1')).rejects.toMatchObject({ code: 'CONTENT_CORRUPT' })
  })

  it('refuses a gzip layer that is no gzip', async () => {
    registry.addImage(image, { tag: '1', layerType: MediaType.ociLayerGzip })
    await expect(pull(':1')).rejects.toMatchObject({ code: 'CONTENT_CORRUPT' })
  })

  it.each(['application/vnd.docker.image.rootfs.foreign.diff.tar.gzip', 'application/vnd.oci.image.layer.v1.tar+gzip+encrypted', 'application/json'])(
    'refuses a layer of type %s before anything is transferred',
    async (layerType) => {
      registry.addImage(image, { tag: '1', layerType })
      await expect(pull(':1')).rejects.toMatchObject({ code: 'IMAGE_UNSUPPORTED', message: expect.stringContaining(layerType) })
      expect(registry.requests.filter(({ path }) => path.includes('/blobs/'))).toHaveLength(0)
    },
  )

  it('refuses annotations that are no texts', async () => {
    registry.addImage(image, { tag: '1', annotations: { a: { b: 1 } } })
    await expect(pull(':1')).rejects.toMatchObject({ code: 'MANIFEST_INVALID' })
  })

  it('says what the registry said of an image that is not there, without its control characters', async () => {
    await expect(pull(':9')).rejects.toMatchObject({
      code: 'IMAGE_NOT_FOUND',
      message: expect.stringMatching(/404 \(MANIFEST_UNKNOWN: no \[31m such thing\)$/),
    })
  })

  it('takes a transfer up again where the connection broke', async () => {
    registry.addImage(image, { tag: '1' })
    const tar = image.layers[1]?.tar as Buffer
    let breaks = 2
    registry.intercept = (request, response) => {
      if (!isBlob(request.url, 1) || breaks-- <= 0) return false
      const start = Number(/\d+/.exec(request.headers.range ?? '')?.[0] ?? 0)
      response.writeHead(start === 0 ? 200 : 206, { 'content-length': tar.length - start, 'content-range': `bytes ${start}-${tar.length - 1}/${tar.length}` })
      response.write(tar.subarray(start, start + 100_000), () => setTimeout(() => response.destroy(), 20))
      return true
    }
    const [stored] = await pull(':1')
    await verifyImage(store, stored as StoredImage, 'image', { readLayers: true })
    expect(registry.requests.filter(({ path }) => isBlob(path, 1)).map(({ range }) => range)).toEqual([undefined, 'bytes=100000-', 'bytes=200000-'])
  })

  it('takes it up again from a registry that knows no ranges', async () => {
    registry.addImage(image, { tag: '1' })
    const tar = image.layers[1]?.tar as Buffer
    let first = true
    registry.intercept = (request, response) => {
      if (!isBlob(request.url, 1)) return false
      response.writeHead(200, { 'content-length': tar.length })
      if (first) response.write(tar.subarray(0, 100_000), () => setTimeout(() => response.destroy(), 20))
      else response.end(tar)
      first = false
      return true
    }
    const [stored] = await pull(':1')
    await verifyImage(store, stored as StoredImage, 'image', { readLayers: true })
  })

  it('tries again when the registry is busy, and gives up in the end', async () => {
    registry.addImage(image, { tag: '1' })
    let busy = 2
    registry.intercept = (_, response) => {
      if (busy-- <= 0) return false
      response.writeHead(503).end('busy')
      return true
    }
    expect(await pull(':1')).toHaveLength(1)
    busy = Number.POSITIVE_INFINITY
    await expect(pull(':1')).rejects.toMatchObject({ code: 'REGISTRY_FAILED', message: expect.stringContaining('503 (busy) (tried 5 times)') })
  })

  it('reports a registry that is not there at once', async () => {
    await expect(pullImage('127.0.0.1:1/shop:1', store)).rejects.toMatchObject({
      code: 'REGISTRY_UNREACHABLE',
      message: expect.stringContaining('ECONNREFUSED'),
    })
  })

  it('ends when it is aborted', async () => {
    registry.addImage(image, { tag: '1' })
    registry.intercept = (request) => isBlob(request.url, 1)
    const abort = new AbortController()
    const pulling = pull(':1', { signal: abort.signal })
    setTimeout(() => abort.abort(), 50)
    await expect(pulling).rejects.toMatchObject({ name: 'AbortError' })
  })

  describe('from a registry that wants a login', () => {
    const credentials = { username: 'ann', password: 'pass:word' }
    const basicHeader = `Basic ${Buffer.from('ann:pass:word').toString('base64')}`

    function askFor(challenge: string, accepted: string): void {
      registry.intercept = ({ url = '', headers: { authorization } }, response) => {
        if (url.startsWith('/token')) {
          const { searchParams } = new URL(url, 'http://x')
          const good =
            authorization === basicHeader && searchParams.get('scope') === 'repository:team/shop:pull' && searchParams.get('service') === 'test, registry'
          response.writeHead(good ? 200 : 401).end(JSON.stringify({ access_token: 'the-token' }))
          return true
        }
        if (authorization === accepted) return false
        response.writeHead(401, { 'www-authenticate': challenge }).end()
        return true
      }
    }

    const bearer = (): string => `Bearer realm="http://${registry.host}/token",service="test, registry",scope="repository:team/shop:pull"`

    beforeEach(() => void registry.addImage(image, { tag: '1' }))

    it('fetches a token', async () => {
      askFor(bearer(), 'Bearer the-token')
      expect(await pull(':1', { credentials })).toHaveLength(1)
      expect(registry.requests.filter(({ path }) => path.startsWith('/token'))).toHaveLength(1)
    })

    it('logs in with name and password', async () => {
      askFor('Basic realm="x"', basicHeader)
      expect(await pull(':1', { credentials })).toHaveLength(1)
    })

    it('uses what docker login left', async () => {
      askFor('Basic realm="x"', basicHeader)
      const folder = await mkdtemp(join(tmpdir(), 'sealift-images-'))
      const before = process.env.DOCKER_CONFIG
      try {
        process.env.DOCKER_CONFIG = folder
        await writeFile(join(folder, 'config.json'), JSON.stringify({ auths: { [registry.host]: { auth: Buffer.from('ann:pass:word').toString('base64') } } }))
        expect(await pull(':1')).toHaveLength(1)
        await writeFile(join(folder, 'config.json'), '{"auths": secret')
        await expect(pull(':1')).rejects.toMatchObject({ code: 'REGISTRY_DENIED', message: expect.not.stringContaining('secret') })
      } finally {
        if (before === undefined) delete process.env.DOCKER_CONFIG
        else process.env.DOCKER_CONFIG = before
        await rm(folder, { recursive: true })
      }
    })

    it('says that a login was refused', async () => {
      askFor(bearer(), 'Bearer the-token')
      await expect(pull(':1', { credentials: { username: 'ann', password: 'wrong' } })).rejects.toMatchObject({
        code: 'REGISTRY_DENIED',
        message: expect.not.stringContaining('wrong'),
      })
    })

    it('sends no login to where a redirect leads', async () => {
      const elsewhere = await startFixtureRegistry()
      for (const [digest, blob] of registry.blobs) elsewhere.blobs.set(digest, blob)
      askFor('Basic realm="x"', basicHeader)
      const authorise = registry.intercept
      registry.intercept = (request, response) => {
        if (authorise(request, response)) return true
        if (!request.url?.includes('/blobs/')) return false
        response.writeHead(307, { location: `http://${elsewhere.host}${request.url}` }).end()
        return true
      }
      expect(await pull(':1', { credentials })).toHaveLength(1)
      expect(elsewhere.requests).toHaveLength(4)
      expect(elsewhere.requests.every(({ authorization }) => authorization === undefined)).toBe(true)
      await elsewhere[Symbol.asyncDispose]()
    })

    it('follows no redirect in circles or to another protocol', async () => {
      registry.intercept = ({ url }, response) => {
        response.writeHead(302, { location: url?.includes('first') === true ? 'file:///etc/passwd' : (url ?? '') }).end()
        return true
      }
      await expect(pull(':1')).rejects.toMatchObject({ code: 'REGISTRY_FAILED', message: expect.stringContaining('more than 5 times') })
      await expect(pull(':first')).rejects.toMatchObject({ code: 'REGISTRY_FAILED', message: expect.stringContaining('file:///etc/passwd') })
    })
  })
})

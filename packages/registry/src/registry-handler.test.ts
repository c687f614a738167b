import { once } from 'node:events'
import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { BLOCK_SIZE, type ContentStore } from '@sealift/content/content-store.ts'
import { createMemoryStore } from '@sealift/content/memory/memory-store.ts'
import { writeBlob } from '@sealift/content/read-blob.ts'
import { canonicalManifest } from '@sealift/oci/canonical.ts'
import { type Digest, digestOf } from '@sealift/oci/digest.ts'
import { parseImageConfig } from '@sealift/oci/image-config.ts'
import { MediaType } from '@sealift/oci/media-types.ts'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createMemoryCatalog, type MemoryCatalog } from './memory-catalog.ts'
import { createRegistryHandler } from './registry-handler.ts'

/** Content that differs at every place, so that a wrong offset shows. */
function pattern(size: number): Buffer {
  const bytes = Buffer.alloc(size)
  for (let at = 0; at + 4 <= size; at += 4) bytes.writeUInt32LE((at * 2654435761) % 2 ** 32, at)
  return bytes
}

async function storeImage(store: ContentStore, layers: readonly Buffer[], mediaType: string = MediaType.ociManifest): Promise<Digest> {
  const config = Buffer.from(
    JSON.stringify({ os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids: layers.map((layer) => digestOf(layer)) } }),
  )
  for (const bytes of [config, ...layers]) await writeBlob(store, bytes)
  const placeholder = { mediaType: '', digest: digestOf(config), size: 0 }
  const canonical = canonicalManifest(
    { schemaVersion: 2, mediaType, config: { mediaType: '', digest: digestOf(config), size: config.length }, layers: layers.map(() => placeholder) },
    parseImageConfig(config, 'fixture'),
    layers.map(({ length }) => length),
  )
  return writeBlob(store, canonical.bytes)
}

describe('createRegistryHandler', () => {
  const layer = pattern(2 * BLOCK_SIZE + 1000)
  const layerDigest = digestOf(layer)
  let store: ContentStore
  let catalog: MemoryCatalog
  let server: Server
  let base: string
  let manifest: Digest
  let faults: unknown[]

  beforeAll(async () => {
    store = createMemoryStore()
    manifest = await storeImage(store, [layer, Buffer.from('top')])
  })

  beforeEach(async () => {
    catalog = createMemoryCatalog(store)
    await catalog.add('docker.io/library/shop', manifest, ['1.0', 'latest'])
    faults = []
    const handler = createRegistryHandler({ store, catalog, onFault: (fault) => faults.push(fault) })
    server = createServer((request, response) => void handler(request, response)).listen(0, '127.0.0.1')
    await once(server, 'listening')
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })

  afterEach(async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })

  const shop = (path: string): string => `${base}/v2/docker.io/library/shop/${path}`

  async function errorCode(response: Response): Promise<string> {
    const { errors } = (await response.json()) as { errors: [{ code: string; message: string }] }
    return errors[0].code
  }

  it('says that it speaks the protocol', async () => {
    const response = await fetch(`${base}/v2/`)
    expect(response.status).toBe(200)
    expect(response.headers.get('docker-distribution-api-version')).toBe('registry/2.0')
  })

  it.each(['1.0', 'latest'])('gives out the manifest of tag %s with its digest and type', async (tag) => {
    const response = await fetch(shop(`manifests/${tag}`))
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe(MediaType.ociManifest)
    expect(response.headers.get('docker-content-digest')).toBe(manifest)
    expect(digestOf(Buffer.from(await response.arrayBuffer()))).toBe(manifest)
  })

  it('gives out a manifest by digest, for ever cacheable', async () => {
    const response = await fetch(shop(`manifests/${manifest}`))
    expect(digestOf(Buffer.from(await response.arrayBuffer()))).toBe(manifest)
    expect(response.headers.get('cache-control')).toContain('immutable')
    const again = await fetch(shop(`manifests/${manifest}`), { headers: { 'if-none-match': response.headers.get('etag') as string } })
    expect(again.status).toBe(304)
    expect((await fetch(shop('manifests/1.0'))).headers.get('cache-control')).toBe('no-cache')
  })

  it('answers HEAD with the same headers and no body', async () => {
    for (const path of ['manifests/1.0', `blobs/${layerDigest}`]) {
      const response = await fetch(shop(path), { method: 'HEAD' })
      expect(response.status).toBe(200)
      expect(Number(response.headers.get('content-length'))).toBeGreaterThan(0)
      expect(await response.text()).toBe('')
    }
  })

  it('honours Accept for tags, and gives what was asked for by digest', async () => {
    const docker = { headers: { accept: `${MediaType.dockerManifest}, ${MediaType.dockerIndex}` } }
    const refused = await fetch(shop('manifests/1.0'), docker)
    expect(refused.status).toBe(404)
    expect(await errorCode(refused)).toBe('MANIFEST_UNKNOWN')
    expect((await fetch(shop(`manifests/${manifest}`), docker)).status).toBe(200)
    for (const accept of [
      '*/*',
      'application/json',
      `${MediaType.dockerManifest}, ${MediaType.ociManifest};q=0.5`,
      `${MediaType.dockerManifest}, application/*`,
    ]) {
      expect((await fetch(shop('manifests/1.0'), { headers: { accept } })).status).toBe(200)
    }
  })

  it('gives out an index and the manifests in it', async () => {
    const other = await storeImage(store, [Buffer.from('other')], MediaType.dockerManifest)
    const index = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: MediaType.ociIndex,
        manifests: [{ mediaType: MediaType.dockerManifest, digest: other, size: 1, platform: { os: 'linux', architecture: 'arm64' } }],
      }),
    )
    await catalog.add('multi', await writeBlob(store, index), ['1'])
    const response = await fetch(`${base}/v2/multi/manifests/1`)
    expect(response.headers.get('content-type')).toBe(MediaType.ociIndex)
    expect((await fetch(`${base}/v2/multi/manifests/${other}`)).headers.get('content-type')).toBe(MediaType.dockerManifest)
  })

  it('gives out a blob whole and plain', async () => {
    const response = await fetch(shop(`blobs/${layerDigest}`))
    expect(response.status).toBe(200)
    expect(response.headers.get('content-length')).toBe(String(layer.length))
    expect(response.headers.get('accept-ranges')).toBe('bytes')
    expect(layer.equals(Buffer.from(await response.arrayBuffer()))).toBe(true)
  })

  it.each([
    ['bytes=0-0', 0, 1],
    ['bytes=100-199', 100, 200],
    [`bytes=${BLOCK_SIZE - 10}-${BLOCK_SIZE + 9}`, BLOCK_SIZE - 10, BLOCK_SIZE + 10],
    [`bytes=${BLOCK_SIZE}-`, BLOCK_SIZE, 2 * BLOCK_SIZE + 1000],
    ['bytes=-1500', 2 * BLOCK_SIZE - 500, 2 * BLOCK_SIZE + 1000],
    ['bytes=-999999999', 0, 2 * BLOCK_SIZE + 1000],
    ['bytes=8388608-99999999', 2 * BLOCK_SIZE, 2 * BLOCK_SIZE + 1000],
  ])('gives out the range %s', async (range, start, end) => {
    const response = await fetch(shop(`blobs/${layerDigest}`), { headers: { range } })
    expect(response.status).toBe(206)
    expect(response.headers.get('content-range')).toBe(`bytes ${start}-${end - 1}/${layer.length}`)
    expect(layer.subarray(start, end).equals(Buffer.from(await response.arrayBuffer()))).toBe(true)
  })

  it('refuses a range outside the blob and disregards what it need not know', async () => {
    const get = async (headers: Record<string, string>): Promise<Response> => {
      const response = await fetch(shop(`blobs/${layerDigest}`), { headers })
      await response.arrayBuffer()
      return response
    }
    const outside = await get({ range: `bytes=${layer.length}-` })
    expect(outside.status).toBe(416)
    expect(outside.headers.get('content-range')).toBe(`bytes */${layer.length}`)
    expect((await get({ range: 'bytes=-0' })).status).toBe(416)
    for (const range of ['bytes=5-1', 'bytes=0-1,5-6', 'items=0-1', 'bytes=-', 'bytes=a-b']) expect((await get({ range })).status).toBe(200)
    expect((await get({ range: 'bytes=0-1', 'if-range': '"other"' })).status).toBe(200)
    expect((await get({ range: 'bytes=0-1', 'if-range': `"${layerDigest}"` })).status).toBe(206)
  })

  it('shows a blob only through a repository that refers to it', async () => {
    const secret = await writeBlob(store, Buffer.from('another team’s'))
    const response = await fetch(shop(`blobs/${secret}`))
    expect(response.status).toBe(404)
    expect(await errorCode(response)).toBe('BLOB_UNKNOWN')
    await catalog.add('other', await storeImage(store, [Buffer.from('x')]))
    expect((await fetch(`${base}/v2/other/blobs/${layerDigest}`)).status).toBe(404)
    expect((await fetch(`${base}/v2/other/manifests/${manifest}`)).status).toBe(404)
  })

  it.each([
    ['manifests/2.0', 404, 'MANIFEST_UNKNOWN'],
    [`manifests/sha256:${'0'.repeat(64)}`, 404, 'MANIFEST_UNKNOWN'],
    ['manifests/sha256:short', 400, 'DIGEST_INVALID'],
    ['manifests/-bad', 404, 'MANIFEST_UNKNOWN'],
    ['manifests/.BAD', 404, 'MANIFEST_UNKNOWN'],
    [`blobs/sha256:${'0'.repeat(64)}`, 404, 'BLOB_UNKNOWN'],
    ['blobs/nothing', 400, 'DIGEST_INVALID'],
    ['what/ever', 404, 'UNSUPPORTED'],
  ])('answers %s with %i %s', async (path, status, code) => {
    const response = await fetch(shop(path))
    expect(response.status).toBe(status)
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(await errorCode(response)).toBe(code)
  })

  it.each(['nobody/manifests/1', `nobody/blobs/sha256:${'0'.repeat(64)}`, 'nobody/tags/list'])('does not know the repository of %s', async (path) => {
    const response = await fetch(`${base}/v2/${path}`)
    expect(response.status).toBe(404)
    expect(await errorCode(response)).toBe('NAME_UNKNOWN')
  })

  it.each(['UPPER/manifests/1', '..%2f..%2fetc/manifests/1', 'a//b/manifests/1', '%E0%A4%A/manifests/1', `${'a'.repeat(300)}/tags/list`])(
    'refuses the name in %s',
    async (path) => {
      const { port } = server.address() as AddressInfo
      // Not fetch, which tidies paths up before it sends them.
      const request = httpRequest({ port, host: '127.0.0.1', path: `/v2/${path}` }).end()
      const [response] = (await once(request, 'response')) as [IncomingMessage]
      expect(response.statusCode).toBe(400)
      const body = (await response.toArray()).join('')
      expect(body).toContain('NAME_INVALID')
    },
  )

  it('finds a repository whose name holds the words of the protocol', async () => {
    await catalog.add('a/manifests/b', manifest, ['1'])
    expect((await fetch(`${base}/v2/a/manifests/b/manifests/1`)).status).toBe(200)
    expect((await fetch(`${base}/v2/a/manifests/b/tags/list`)).status).toBe(200)
  })

  it.each([
    ['POST', 'blobs/uploads/'],
    ['PATCH', 'blobs/uploads/some-id'],
    ['PUT', 'manifests/1.0'],
    ['DELETE', 'manifests/1.0'],
    ['GET', 'blobs/uploads/some-id'],
  ])('takes nothing: %s %s', async (method, path) => {
    const response = await fetch(shop(path), { method, ...(method === 'PUT' ? { body: 'x'.repeat(100_000) } : {}) })
    expect(response.status).toBe(405)
    expect(response.headers.get('allow')).toBe('GET, HEAD')
    expect(await errorCode(response)).toBe('UNSUPPORTED')
  })

  it('lists tags page by page', async () => {
    await catalog.add('docker.io/library/shop', manifest, ['3', '2', '1'])
    const seen: string[] = []
    let path: string | undefined = '/v2/docker.io/library/shop/tags/list?n=2'
    while (path !== undefined) {
      const response: Response = await fetch(`${base}${path}`)
      const { name, tags } = (await response.json()) as { name: string; tags: string[] }
      expect(name).toBe('docker.io/library/shop')
      expect(tags.length).toBeLessThanOrEqual(2)
      seen.push(...tags)
      path = /^<([^>]+)>; rel="next"$/.exec(response.headers.get('link') ?? '')?.[1]
    }
    expect(seen).toEqual(['1', '1.0', '2', '3', 'latest'])
    expect((await fetch(`${base}/v2/docker.io/library/shop/tags/list?n=x`)).status).toBe(400)
  })

  it('lists repositories page by page', async () => {
    await catalog.add('b', manifest)
    await catalog.add('a', manifest)
    const first = await fetch(`${base}/v2/_catalog?n=2`)
    expect(await first.json()).toEqual({ repositories: ['a', 'b'] })
    const next = /<([^>]+)>/.exec(first.headers.get('link') ?? '')?.[1] as string
    expect(await (await fetch(`${base}${next}`)).json()).toEqual({ repositories: ['docker.io/library/shop'] })
  })

  it('has no referrers yet, and says so as an index', async () => {
    const response = await fetch(shop(`referrers/${manifest}`))
    expect(response.headers.get('content-type')).toBe(MediaType.ociIndex)
    expect(await response.json()).toEqual({ schemaVersion: 2, mediaType: MediaType.ociIndex, manifests: [] })
  })

  it('reports content that the store lost', async () => {
    const lost = Buffer.from('soon lost')
    await catalog.add('lossy', await storeImage(store, [lost]))
    await store.delete(digestOf(lost))
    expect((await fetch(`${base}/v2/lossy/blobs/${digestOf(lost)}`)).status).toBe(404)
    expect(faults).toHaveLength(1)
  })

  it('lets the blob go when the client goes away', async () => {
    let closed = 0
    const slow: ContentStore = {
      ...store,
      info: (digest) => store.info(digest),
      async *read(digest, range) {
        try {
          for (let round = 0; round < 1000; round++) yield* store.read(digest, range)
        } finally {
          closed++
        }
      },
    }
    const handler = createRegistryHandler({ store: slow, catalog })
    let ended: Promise<void> | undefined
    const other = createServer((request, response) => {
      ended = handler(request, response)
    }).listen(0, '127.0.0.1')
    await once(other, 'listening')
    const request = httpRequest({
      port: (other.address() as AddressInfo).port,
      host: '127.0.0.1',
      path: `/v2/docker.io/library/shop/blobs/${layerDigest}`,
    }).end()
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    await once(response, 'data')
    request.destroy()
    await once(request, 'close')
    await ended
    expect(closed).toBe(1)
    other.closeAllConnections()
    other.close()
  })

  it('cuts the connection when content turns out to be damaged on the way', async () => {
    const damaged: ContentStore = {
      ...store,
      info: (digest) => store.info(digest),
      async *read() {
        yield layer.subarray(0, BLOCK_SIZE)
        throw new Error('block 1 is damaged')
      },
    }
    const handler = createRegistryHandler({ store: damaged, catalog, onFault: (fault) => faults.push(fault) })
    const other = createServer((request, response) => void handler(request, response)).listen(0, '127.0.0.1')
    await once(other, 'listening')
    const read = async (): Promise<ArrayBuffer> => {
      const response = await fetch(`http://127.0.0.1:${(other.address() as AddressInfo).port}/v2/docker.io/library/shop/blobs/${layerDigest}`)
      return response.arrayBuffer()
    }
    await expect(read()).rejects.toBeInstanceOf(TypeError)
    expect(faults).toHaveLength(1)
    other.closeAllConnections()
    other.close()
  })
})

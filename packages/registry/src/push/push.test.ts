import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { type Digest, digestOf } from '@sealift/oci/digest.ts'
import { MAX_MANIFEST_BYTES } from '@sealift/oci/manifest.ts'
import { MediaType } from '@sealift/oci/media-types.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { startTestRegistry, type TestRegistry } from '../registry-fixture.ts'

/** The OCI distribution specification 1.1 by its workflows; the names of the end points are those of its table. */
describe('pushing', () => {
  const blob = randomBytes(3_000_000)
  const digest = digestOf(blob)
  let registry: TestRegistry
  beforeEach(async () => {
    registry = await startTestRegistry()
  })
  afterEach(async () => {
    expect(registry.faults).toEqual([])
    await registry[Symbol.asyncDispose]()
  })

  const begin = async (repository = 'app'): Promise<string> => {
    const { status, headers } = await registry.send('POST', `/v2/${repository}/blobs/uploads/`)
    expect(status).toBe(202)
    expect(headers.range).toBe('0-0')
    return headers.location as string
  }
  const pulled = async (repository: string, wanted: Digest): Promise<Buffer> => {
    const { status, body } = await registry.send('GET', `/v2/${repository}/blobs/${wanted}`)
    expect(status).toBe(200)
    return body
  }

  describe('a blob', () => {
    it('comes whole with POST and PUT', async () => {
      const { status, headers } = await registry.send('PUT', `${await begin()}?digest=${digest}`, { body: blob })
      expect(status).toBe(201)
      expect(headers.location).toBe(`/v2/app/blobs/${digest}`)
      expect(headers['docker-content-digest']).toBe(digest)
      expect((await pulled('app', digest)).equals(blob)).toBe(true)
      expect(await registry.store.listPartials()).toEqual([])
    })

    it('comes whole with one POST', async () => {
      const { status, headers } = await registry.send('POST', `/v2/app/blobs/uploads/?digest=${digest}`, { body: blob })
      expect(status).toBe(201)
      expect(headers.location).toBe(`/v2/app/blobs/${digest}`)
      expect((await pulled('app', digest)).equals(blob)).toBe(true)
    })

    it('comes as a stream of unknown length', async () => {
      const location = await begin()
      const { status, headers } = await registry.send('PATCH', location, {
        body: blob,
        headers: { 'transfer-encoding': 'chunked', 'content-type': 'application/octet-stream' },
      })
      expect(status).toBe(202)
      expect(headers.range).toBe(`0-${blob.length - 1}`)
      expect((await registry.send('PUT', `${headers.location as string}?digest=${digest}`)).status).toBe(201)
      expect((await pulled('app', digest)).equals(blob)).toBe(true)
    })

    it('comes in chunks, each where the one before ended', async () => {
      let location = await begin()
      for (const [start, end] of [
        [0, 1_000_000],
        [1_000_000, 1_000_001],
      ] as const) {
        const chunk = await registry.send('PATCH', location, { body: blob.subarray(start, end), headers: { 'content-range': `${start}-${end - 1}` } })
        expect(chunk.status).toBe(202)
        expect(chunk.headers.range).toBe(`0-${end - 1}`)
        location = chunk.headers.location as string
      }
      const last = await registry.send('PUT', `${location}?digest=${digest}`, {
        body: blob.subarray(1_000_001),
        headers: { 'content-range': `1000001-${blob.length - 1}` },
      })
      expect(last.status).toBe(201)
      expect((await pulled('app', digest)).equals(blob)).toBe(true)
    })

    it('is refused out of order, which leaves what came', async () => {
      const location = await begin()
      await registry.send('PATCH', location, { body: blob.subarray(0, 10), headers: { 'content-range': '0-9' } })
      for (const range of ['20-29', '0-9', '9-18']) {
        const early = await registry.send('PATCH', location, { body: blob.subarray(0, 10), headers: { 'content-range': range } })
        expect(early.status).toBe(416)
        expect(early.headers.range).toBe('0-9')
        expect(early.headers.location).toBe(location)
      }
      expect((await registry.send('PUT', `${location}?digest=${digest}`, { body: blob.subarray(10) })).status).toBe(201)
    })

    it.each(['x', '5-4', '-5', '0-5,7-9'])('is refused with the malformed range %s', async (range) => {
      const answer = await registry.send('PATCH', await begin(), { body: 'x', headers: { 'content-range': range } })
      expect([answer.status, answer.code]).toEqual([400, 'BLOB_UPLOAD_INVALID'])
    })

    it('is refused where range and length contradict', async () => {
      const answer = await registry.send('PATCH', await begin(), { body: 'x', headers: { 'content-range': '0-5' } })
      expect([answer.status, answer.code]).toEqual([400, 'SIZE_INVALID'])
    })

    it('tells how far its upload is', async () => {
      const location = await begin()
      expect((await registry.send('GET', location)).headers.range).toBe('0-0')
      await registry.send('PATCH', location, { body: blob.subarray(0, 500) })
      const { status, headers } = await registry.send('GET', location)
      expect(status).toBe(204)
      expect(headers.range).toBe('0-499')
      expect(headers.location).toBe(location)
    })

    it('is taken up where a broken connection left it', async () => {
      const location = await begin()
      const { port } = new URL(registry.base)
      const socket = connect(Number(port), '127.0.0.1')
      socket.write(`PATCH ${location} HTTP/1.1\r\nhost: x\r\ncontent-length: ${blob.length}\r\n\r\n`)
      socket.write(blob.subarray(0, 2_000_000))
      await vi.waitFor(async () => expect((await registry.store.listPartials())[0]?.size).toBeGreaterThan(1_000_000))
      // The server does not know yet that this connection is dead: another request takes the upload over.
      const { headers } = await registry.send('GET', location)
      const size = Number((headers.range as string).slice(2)) + 1
      expect(size).toBeGreaterThan(1_000_000)
      const { status } = await registry.send('PUT', `${location}?digest=${digest}`, {
        body: blob.subarray(size),
        headers: { 'content-range': `${size}-${blob.length - 1}` },
      })
      expect(status).toBe(201)
      expect((await pulled('app', digest)).equals(blob)).toBe(true)
      socket.destroy()
    })

    it('is refused where its bytes have another digest', async () => {
      const location = await begin()
      const answer = await registry.send('PUT', `${location}?digest=${digestOf('other')}`, { body: blob })
      expect([answer.status, answer.code]).toEqual([400, 'DIGEST_INVALID'])
      expect((await registry.send('GET', location)).code).toBe('BLOB_UPLOAD_UNKNOWN')
      expect((await registry.send('HEAD', `/v2/app/blobs/${digestOf('other')}`)).status).toBe(404)
      expect((await registry.send('HEAD', `/v2/app/blobs/${digest}`)).status).toBe(404)
    })

    it.each([
      ['', 'sha256:'],
      ['?digest=md5:0123', 'md5'],
      [`?digest=sha512:${'0'.repeat(128)}`, 'sha512 is not taken here'],
    ])('is refused at its end with %s', async (query, message) => {
      const answer = await registry.send('PUT', `${await begin()}${query}`, { body: blob })
      expect([answer.status, answer.code]).toEqual([400, 'DIGEST_INVALID'])
      expect(answer.body.toString()).toContain(message)
    })

    it('is given up', async () => {
      const location = await begin()
      await registry.send('PATCH', location, { body: blob })
      expect((await registry.send('DELETE', location)).status).toBe(204)
      expect((await registry.send('DELETE', location)).status).toBe(404)
      expect(await registry.store.listPartials()).toEqual([])
    })

    it('belongs to the repository that its upload began in', async () => {
      const location = await begin('app')
      for (const [method, query] of [
        ['GET', ''],
        ['PATCH', ''],
        ['PUT', `?digest=${digest}`],
        ['DELETE', ''],
      ] as const) {
        const answer = await registry.send(method, `${location.replace('/app/', '/other/')}${query}`)
        expect([answer.status, answer.code]).toEqual([404, 'BLOB_UPLOAD_UNKNOWN'])
      }
      expect((await registry.send('GET', location)).status).toBe(204)
    })

    it.each(['nothing', '..%2f..%2fetc', '0'.repeat(36)])('knows no upload %s', async (id) => {
      expect((await registry.send('GET', `/v2/app/blobs/uploads/${id}`)).status).toBe(404)
    })

    it('is mounted from another repository, named or not', async () => {
      await registry.pushBlob('base', blob)
      const mounted = await registry.send('POST', `/v2/app/blobs/uploads/?mount=${digest}&from=base`)
      expect(mounted.status).toBe(201)
      expect(mounted.headers.location).toBe(`/v2/app/blobs/${digest}`)
      expect((await pulled('app', digest)).equals(blob)).toBe(true)
      expect((await registry.send('POST', `/v2/third/blobs/uploads/?mount=${digest}`)).status).toBe(201)
      expect((await pulled('third', digest)).equals(blob)).toBe(true)
    })

    it('is uploaded where it can not be mounted', async () => {
      await registry.pushBlob('base', 'something else')
      for (const query of [`mount=${digest}&from=base`, `mount=${digest}&from=nowhere`, `mount=${digest}`, 'mount=nonsense&from=base']) {
        const { status, headers } = await registry.send('POST', `/v2/app/blobs/uploads/?${query}`)
        expect(status).toBe(202)
        await registry.send('DELETE', headers.location as string)
      }
    })

    it('is mounted from the library', async () => {
      await registry.pushImage('built', '1', ['a layer'])
      const manifest = (await registry.area.resolve('built', '1'))?.digest as Digest
      await registry.catalog.add('docker.io/library/base', manifest, ['1'])
      expect((await registry.send('POST', `/v2/app/blobs/uploads/?mount=${digestOf('a layer')}&from=docker.io/library/base`)).status).toBe(201)
    })

    it('is deleted, unless a manifest needs it', async () => {
      await registry.pushImage('app', '1', ['a layer'])
      const needed = await registry.send('DELETE', `/v2/app/blobs/${digestOf('a layer')}`)
      expect([needed.status, needed.code]).toEqual([405, 'UNSUPPORTED'])
      await registry.pushBlob('app', blob)
      expect((await registry.send('DELETE', `/v2/app/blobs/${digest}`)).status).toBe(202)
      expect((await registry.send('GET', `/v2/app/blobs/${digest}`)).code).toBe('BLOB_UNKNOWN')
      expect((await registry.send('DELETE', `/v2/app/blobs/${digest}`)).status).toBe(404)
    })
  })

  describe('a manifest', () => {
    const put = (reference: string, body: string, type: string = MediaType.ociManifest, repository = 'app') =>
      registry.send('PUT', `/v2/${repository}/manifests/${reference}`, { body, headers: { 'content-type': type } })

    it('is given out as it came, by tag and digest', async () => {
      const pushed = await registry.pushImage('app', '1.0', ['one', 'two'])
      for (const reference of ['1.0', pushed]) {
        const { status, headers, body } = await registry.send('GET', `/v2/app/manifests/${reference}`)
        expect(status).toBe(200)
        expect(headers['docker-content-digest']).toBe(pushed)
        expect(headers['content-type']).toBe(MediaType.ociManifest)
        expect(digestOf(body)).toBe(pushed)
      }
      expect((await registry.send('HEAD', '/v2/app/manifests/2.0')).status).toBe(404)
    })

    it('is refused where the digest in the address is another', async () => {
      const config = await registry.pushBlob('app', '{}')
      const body = JSON.stringify({ schemaVersion: 2, mediaType: MediaType.ociManifest, config: { mediaType: 'x', digest: config, size: 2 }, layers: [] })
      const answer = await put(digestOf('other'), body)
      expect([answer.status, answer.code]).toEqual([400, 'DIGEST_INVALID'])
      expect((await put(digestOf(body), body)).status).toBe(201)
    })

    it('is not there under what no tag can be called, and can not be put there', async () => {
      const config = await registry.pushBlob('app', '{}')
      const body = JSON.stringify({ schemaVersion: 2, config: { mediaType: 'x', digest: config, size: 2 }, layers: [] })
      for (const method of ['GET', 'HEAD']) expect((await registry.send(method, '/v2/app/manifests/.BAD')).status).toBe(404)
      for (const answer of [await put('.BAD', body), await registry.send('DELETE', '/v2/app/manifests/.BAD')]) {
        expect([answer.status, answer.code]).toEqual([400, 'TAG_INVALID'])
      }
    })

    it('may carry what the specification does not know, and content of its own', async () => {
      const config = await registry.pushBlob('app', '{}')
      const part = { mediaType: 'x', digest: config, size: 2, data: Buffer.from('{}').toString('base64'), unheardOf: 'hello' }
      const body = JSON.stringify({ schemaVersion: 2, config: part, layers: [] })
      expect((await put('1', body)).status).toBe(201)
      expect((await registry.send('GET', '/v2/app/manifests/1')).body.toString()).toBe(body)
    })

    it('is refused without its parts', async () => {
      const body = JSON.stringify({
        schemaVersion: 2,
        mediaType: MediaType.ociManifest,
        config: { mediaType: MediaType.ociConfig, digest: digestOf('lacking'), size: 7 },
        layers: [],
      })
      const answer = await put('1', body)
      expect([answer.status, answer.code]).toEqual([404, 'MANIFEST_BLOB_UNKNOWN'])
      const index = JSON.stringify({
        schemaVersion: 2,
        mediaType: MediaType.ociIndex,
        manifests: [{ mediaType: MediaType.ociManifest, digest: digestOf('lacking'), size: 7 }],
      })
      expect((await put('1', index, MediaType.ociIndex)).code).toBe('MANIFEST_BLOB_UNKNOWN')
    })

    it('may have layers that no registry holds', async () => {
      const config = await registry.pushBlob('app', '{}')
      const layer = {
        mediaType: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
        digest: digestOf('elsewhere'),
        size: 9,
        urls: ['https://elsewhere.example/'],
      }
      const body = JSON.stringify({
        schemaVersion: 2,
        mediaType: MediaType.dockerManifest,
        config: { mediaType: 'x', digest: config, size: 2 },
        layers: [layer],
      })
      expect((await put('1', body, MediaType.dockerManifest)).status).toBe(201)
    })

    it.each([
      ['no JSON', '{', MediaType.ociManifest],
      ['an array', '[]', MediaType.ociManifest],
      ['schema 1', '{"schemaVersion":1,"name":"app"}', 'application/vnd.docker.distribution.manifest.v1+json'],
      ['another type than it says', `{"schemaVersion":2,"mediaType":"${MediaType.ociIndex}","manifests":[]}`, MediaType.dockerIndex],
      ['an unknown type', '{"schemaVersion":2,"mediaType":"text/x","manifests":[]}', 'text/x'],
      ['a subject that is none', '{"schemaVersion":2,"manifests":[],"subject":5}', MediaType.ociIndex],
      ['annotations that are none', '{"schemaVersion":2,"manifests":[],"annotations":{"a":1}}', MediaType.ociIndex],
    ])('is refused where it is %s', async (_what, body, type) => {
      const answer = await put('1', body, type)
      expect([answer.status, answer.code]).toEqual([400, 'MANIFEST_INVALID'])
    })

    it('is refused where it is too long', async () => {
      const answer = await put('1', ' '.repeat(MAX_MANIFEST_BYTES + 1))
      expect(answer.status).toBe(413)
      const streamed = await registry.send('PUT', '/v2/app/manifests/1', {
        body: ' '.repeat(MAX_MANIFEST_BYTES + 1),
        headers: { 'transfer-encoding': 'chunked' },
      })
      expect(streamed.status).toBe(413)
    })

    it('of several platforms goes after those of each', async () => {
      const amd64 = await registry.pushImage('app', '', ['amd64'])
      const arm64 = await registry.pushImage('app', '', ['arm64'])
      const entry = (of: Digest, architecture: string) => ({ mediaType: MediaType.ociManifest, digest: of, size: 10, platform: { os: 'linux', architecture } })
      const index = JSON.stringify({ schemaVersion: 2, mediaType: MediaType.ociIndex, manifests: [entry(amd64, 'amd64'), entry(arm64, 'arm64')] })
      expect((await put('multi', index, MediaType.ociIndex)).status).toBe(201)
      expect((await registry.send('GET', '/v2/app/manifests/multi')).headers['content-type']).toBe(MediaType.ociIndex)
      const child = await registry.send('DELETE', `/v2/app/manifests/${amd64}`)
      expect([child.status, child.code]).toEqual([405, 'UNSUPPORTED'])
      expect(child.body.toString()).toContain(digestOf(index))
    })

    it('loses a tag, or goes with all of them', async () => {
      const pushed = await registry.pushImage('app', '1', ['one'])
      await registry.pushImage('app', '2', ['one'])
      expect((await registry.send('DELETE', '/v2/app/manifests/1')).status).toBe(202)
      expect((await registry.send('GET', '/v2/app/manifests/1')).status).toBe(404)
      expect((await registry.send('GET', `/v2/app/manifests/${pushed}`)).status).toBe(200)
      expect((await registry.send('DELETE', `/v2/app/manifests/${pushed}`)).status).toBe(202)
      expect((await registry.send('GET', '/v2/app/manifests/2')).status).toBe(404)
      expect((await registry.send('DELETE', `/v2/app/manifests/${pushed}`)).code).toBe('MANIFEST_UNKNOWN')
      expect(JSON.parse((await registry.send('GET', '/v2/app/tags/list')).body.toString())).toEqual({ name: 'app', tags: [] })
    })
  })

  describe('referrers', () => {
    const subjectOf = (digest: Digest) => ({ subject: { mediaType: MediaType.ociManifest, digest, size: 1 } })
    const list = async (about: Digest, query = '') => {
      const { status, headers, body } = await registry.send('GET', `/v2/app/referrers/${about}${query}`)
      expect(status).toBe(200)
      expect(headers['content-type']).toBe(MediaType.ociIndex)
      const { manifests } = JSON.parse(body.toString()) as { manifests: { digest: Digest; artifactType?: string; annotations?: Record<string, string> }[] }
      return { headers, manifests, digests: manifests.map(({ digest: found }) => found) }
    }

    it('are found by their subject, which need not be there yet', async () => {
      const absent = digestOf('not pushed yet')
      const body = { ...subjectOf(absent), artifactType: 'application/x.signature', annotations: { by: 'me' } }
      const signature = await registry.pushImage('app', '', ['a signature'], body)
      const { manifests } = await list(absent)
      expect(manifests).toEqual([
        { mediaType: MediaType.ociManifest, digest: signature, size: expect.any(Number), artifactType: 'application/x.signature', annotations: { by: 'me' } },
      ])
      expect((await list(digestOf('nobody'))).manifests).toEqual([])
    })

    it('are announced to who pushes them', async () => {
      const about = await registry.pushImage('app', '1', ['one'])
      const config = await registry.pushBlob('app', '{}')
      const body = JSON.stringify({
        schemaVersion: 2,
        mediaType: MediaType.ociManifest,
        config: { mediaType: 'application/x.kind', digest: config, size: 2 },
        layers: [],
        ...subjectOf(about),
      })
      const answer = await registry.send('PUT', '/v2/app/manifests/signature', { body, headers: { 'content-type': MediaType.ociManifest } })
      expect(answer.headers['oci-subject']).toBe(about)
      // Without an artifact type of its own, a manifest is of the kind of its config.
      expect((await list(about)).manifests[0]?.artifactType).toBe('application/x.kind')
    })

    it('are filtered by artifact type', async () => {
      const about = digestOf('subject')
      const one = await registry.pushImage('app', '', ['1'], { ...subjectOf(about), artifactType: 'application/x.one' })
      await registry.pushImage('app', '', ['2'], { ...subjectOf(about), artifactType: 'application/x.two' })
      const { digests, headers } = await list(about, '?artifactType=application%2Fx.one')
      expect(digests).toEqual([one])
      expect(headers['oci-filters-applied']).toBe('artifactType')
      expect((await list(about)).digests).toHaveLength(2)
    })

    it('come page by page', async () => {
      const about = digestOf('subject')
      const pushed: Digest[] = []
      for (const text of ['1', '2', '3']) pushed.push(await registry.pushImage('app', '', [text], { ...subjectOf(about), artifactType: 'application/x+y' }))
      const seen: Digest[] = []
      let next = `/v2/app/referrers/${about}?artifactType=application%2Fx%2By&n=2`
      for (let page = 0; next !== ''; page++) {
        expect(page).toBeLessThan(3)
        const { headers, digests } = await list(about, next.slice(next.indexOf('?')))
        seen.push(...digests)
        next = /^<([^>]+)>; rel="next"$/.exec((headers.link as string | undefined) ?? '')?.[1] ?? ''
      }
      expect(seen.toSorted((a, b) => (a < b ? -1 : 1))).toEqual(pushed.toSorted((a, b) => (a < b ? -1 : 1)))
    })
  })

  describe('the library', () => {
    it.each(['docker.io/library/nginx', 'registry.example-5000/app', 'localhost-5000/app'])('takes nothing under its name %s', async (name) => {
      const answer = await registry.send('POST', `/v2/${name}/blobs/uploads/`)
      expect([answer.status, answer.code]).toEqual([403, 'DENIED'])
      expect(answer.body.toString()).toContain('publishing and importing')
    })

    it('keeps a repository that it has under any other name', async () => {
      const manifest = await registry.pushImage('built', '1', ['x'])
      await registry.catalog.add('registry-5000/shop', manifest, ['1'])
      for (const [method, path] of [
        ['POST', 'blobs/uploads/'],
        ['PUT', 'manifests/1'],
        ['DELETE', 'manifests/1'],
        ['DELETE', `blobs/${digestOf('x')}`],
      ] as const) {
        expect((await registry.send(method, `/v2/registry-5000/shop/${path}`)).code).toBe('DENIED')
      }
      expect((await registry.send('GET', '/v2/registry-5000/shop/manifests/1')).status).toBe(200)
      const { repositories } = JSON.parse((await registry.send('GET', '/v2/_catalog')).body.toString()) as { repositories: string[] }
      expect(repositories).toEqual(['built', 'registry-5000/shop'])
    })
  })

  it('stops at the limits', async () => {
    const small = await startTestRegistry({ limits: { count: 2, blobBytes: 1000 } })
    const first = await small.send('POST', '/v2/app/blobs/uploads/')
    await small.send('POST', '/v2/app/blobs/uploads/')
    const third = await small.send('POST', '/v2/app/blobs/uploads/')
    expect([third.status, third.code]).toEqual([429, 'TOOMANYREQUESTS'])
    const location = first.headers.location as string
    expect((await small.send('PATCH', location, { body: blob.subarray(0, 1001) })).status).toBe(413)
    expect((await small.send('PATCH', location, { body: blob.subarray(0, 1001), headers: { 'transfer-encoding': 'chunked' } })).status).toBe(413)
    await small.send('DELETE', location)
    expect((await small.send('POST', `/v2/app/blobs/uploads/?digest=${digestOf(blob.subarray(0, 1000))}`, { body: blob.subarray(0, 1000) })).status).toBe(201)
    await small[Symbol.asyncDispose]()
  })

  it('gives up what nobody goes on with', async () => {
    const location = await begin()
    expect(await registry.uploads.expire()).toEqual({ count: 0, bytes: 0 })
    await registry.send('PATCH', location, { body: 'abc' })
    expect(await registry.uploads.expire(() => true, true)).toEqual({ count: 1, bytes: 3 })
    expect((await registry.send('GET', location)).status).toBe(204)
    expect(await registry.uploads.expire(() => true)).toEqual({ count: 1, bytes: 3 })
    expect((await registry.send('GET', location)).status).toBe(404)
  })

  it('tells of a full disk, and goes on when there is space', async () => {
    const location = await begin()
    const full = { ...(await registry.store.beginPartial('full')), append: () => Promise.reject(new SealiftError('DISK_FULL', 'no space')) }
    await registry.uploads.close()
    vi.spyOn(registry.store, 'resumePartial').mockResolvedValueOnce(full)
    const answer = await registry.send('PATCH', location, { body: 'abc' })
    expect(answer.status).toBe(507)
    expect(answer.body.toString()).toContain('no space left')
    expect(registry.faults.splice(0)).toHaveLength(1)
    expect((await registry.send('PUT', `${location}?digest=${digest}`, { body: blob })).status).toBe(201)
  })

  it('goes on after a restart', async () => {
    const location = await begin()
    await registry.send('PATCH', location, { body: blob.subarray(0, 1_500_000) })
    await registry.uploads.close()
    expect((await registry.send('GET', location)).headers.range).toBe('0-1499999')
    expect((await registry.send('PUT', `${location}?digest=${digest}`, { body: blob.subarray(1_500_000) })).status).toBe(201)
  })

  it.each([
    ['POST', '/v2/app/manifests/1'],
    ['PUT', '/v2/app/blobs/uploads/'],
    ['DELETE', '/v2/app/tags/list'],
    ['POST', '/v2/_catalog'],
    ['DELETE', '/v2/'],
  ])('has no %s %s', async (method, path) => {
    expect((await registry.send(method, path)).code).toBe('UNSUPPORTED')
  })
})

describe('a connection that breaks', () => {
  it('leaves no fault behind', async () => {
    const registry = await startTestRegistry()
    const socket = connect(Number(new URL(registry.base).port), '127.0.0.1')
    socket.write('POST /v2/app/blobs/uploads/ HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nabc')
    await once(socket, 'data')
    socket.destroy()
    await once(socket, 'close')
    await registry[Symbol.asyncDispose]()
    expect(registry.faults).toEqual([])
  })
})

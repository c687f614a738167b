import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { digestOf } from '@sealift/oci/digest.ts'
import { MediaType } from '@sealift/oci/media-types.ts'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { blobsOf } from './fixtures/data-folder.ts'
import { type Running, Sealift } from './fixtures/sealift.ts'
import { freePort } from './free-port.ts'

interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

describe('a registry that is killed', () => {
  const blob = randomBytes(12_000_000)
  const digest = digestOf(blob)
  let sealift: Sealift
  let server: Running
  let port: number
  let auth: string

  beforeEach(async () => {
    const folder = mkdtempSync(join(inject('runFolder'), 'registry-restart-'))
    sealift = new Sealift({ data: join(folder, 'data'), engine: `unix://${join(folder, 'no-engine.sock')}` })
    port = await freePort()
    auth = `ci:${(await sealift.json<{ secret: string }>('token', 'create', 'ci', '--push', '*')).secret}`
    await start()
  })
  afterEach(async () => {
    await server.kill()
    rmSync(sealift.data, { recursive: true, force: true })
  })

  async function start(): Promise<void> {
    server = sealift.start('up', '--listen', `127.0.0.1:${port}`, '--json')
    await server.seen('"registry"')
  }
  async function send(method: string, path: string, body: Buffer | string = '', headers: Record<string, string> = {}): Promise<Answer> {
    const sent = request({
      host: '127.0.0.1',
      port,
      method,
      path,
      auth,
      agent: false,
      headers: { 'content-length': String(Buffer.byteLength(body)), ...headers },
    })
    sent.end(body)
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    const pieces: Buffer[] = []
    for await (const piece of response as AsyncIterable<Buffer>) pieces.push(piece)
    return { status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(pieces) }
  }
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: MediaType.ociManifest,
    config: { mediaType: 'application/x.config', digest: digestOf('{}'), size: 2 },
    layers: [{ mediaType: MediaType.ociLayerGzip, digest, size: blob.length }],
  })

  it('goes on with an upload where it was cut off', async () => {
    const { headers } = await send('POST', '/v2/app/blobs/uploads/')
    const location = headers.location as string
    expect((await send('PATCH', location, blob.subarray(0, 3_000_000), { 'content-range': '0-2999999' })).status).toBe(202)
    // The next chunk is on its way when the power goes.
    const cut = request({ host: '127.0.0.1', port, method: 'PATCH', path: location, auth, headers: { 'content-length': String(blob.length) } })
    cut.on('error', () => {})
    cut.write(blob.subarray(3_000_000, 9_000_000))
    await sleep(200)
    await server.kill('SIGKILL')
    await start()
    const status = await send('GET', location)
    expect(status.status).toBe(204)
    const size = Number((status.headers.range as string).slice(2)) + 1
    expect(size).toBeGreaterThanOrEqual(3_000_000)
    expect(size).toBeLessThanOrEqual(9_000_000)
    expect((await send('PUT', `${location}?digest=${digest}`, blob.subarray(size))).status).toBe(201)
    expect((await send('GET', `/v2/app/blobs/${digest}`)).body.equals(blob)).toBe(true)
  })

  it('has what it acknowledged, killed right after it said so', async () => {
    expect((await send('POST', `/v2/app/blobs/uploads/?digest=${digest}`, blob)).status).toBe(201)
    expect((await send('POST', `/v2/app/blobs/uploads/?digest=${digestOf('{}')}`, '{}')).status).toBe(201)
    await server.kill('SIGKILL')
    await start()
    expect((await send('PUT', '/v2/app/manifests/1', manifest, { 'content-type': MediaType.ociManifest })).status).toBe(201)
    await server.kill('SIGKILL')
    await start()
    expect((await send('GET', '/v2/app/manifests/1')).body.toString()).toBe(manifest)
    expect((await send('GET', `/v2/app/blobs/${digest}`)).body.equals(blob)).toBe(true)
  })

  it('loses to a collection what nothing needs, and nothing else, also while it is pushed', async () => {
    const collecting = { until: false }
    const collections = (async () => {
      while (!collecting.until) await sealift.json('gc', '--min-age', '1s')
    })()
    for (let round = 0; round < 3; round++) {
      expect((await send('POST', `/v2/app${round}/blobs/uploads/?digest=${digest}`, blob)).status).toBe(201)
      expect((await send('POST', `/v2/app${round}/blobs/uploads/?digest=${digestOf('{}')}`, '{}')).status).toBe(201)
      expect((await send('PUT', `/v2/app${round}/manifests/1`, manifest)).status).toBe(201)
      await sleep(500)
      for (let earlier = 0; earlier <= round; earlier++) expect((await send('GET', `/v2/app${earlier}/blobs/${digest}`)).body.equals(blob)).toBe(true)
    }
    collecting.until = true
    await collections
    for (let round = 0; round < 3; round++) await sealift.json('registry', 'remove', `app${round}`)
    await sleep(1500)
    await sealift.json('gc', '--min-age', '1s')
    expect(blobsOf(sealift.data)).toEqual([])
  })
})

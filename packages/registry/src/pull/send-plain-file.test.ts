import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type FilesystemStore, openFilesystemStore } from '@sealift/content/filesystem/filesystem-store.ts'
import { digestOf, hexOf } from '@sealift/oci/digest.ts'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createMemoryArea } from '../memory-area.ts'
import { createMemoryCatalog } from '../memory-catalog.ts'
import { Uploads } from '../push/uploads.ts'
import { OPEN_ACCESS } from '../registry-fixture.ts'
import { createRegistryHandler } from '../registry-handler.ts'

describe('a blob that rests as it was pushed', () => {
  const blob = randomBytes(3_000_000)
  const digest = digestOf(blob)
  let folder: string
  let store: FilesystemStore
  let server: Server
  let url: string
  const faults: unknown[] = []

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sealift-plain-'))
    store = await openFilesystemStore(folder)
    const push = { area: createMemoryArea(), uploads: new Uploads(store) }
    const handler = createRegistryHandler({ store, catalog: createMemoryCatalog(store), push, access: OPEN_ACCESS, onFault: (fault) => faults.push(fault) })
    server = createServer((request, response) => void handler(request, response)).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v2/app/blobs`
    url = `${base}/${digest}`
    expect((await fetch(`${base}/uploads/?digest=${digest}`, { method: 'POST', body: blob })).status).toBe(201)
  })
  afterEach(async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
    await rm(folder, { recursive: true })
    faults.length = 0
  })

  const get = async (range?: string): Promise<Buffer> => Buffer.from(await (await fetch(url, range === undefined ? {} : { headers: { range } })).arrayBuffer())
  const damage = async (): Promise<void> => {
    const file = join(folder, 'blobs/sha256', hexOf(digest).slice(0, 2), hexOf(digest))
    await chmod(file, 0o600)
    await writeFile(file, Buffer.concat([blob.subarray(0, -1), Buffer.from('x')]))
  }

  it('is given out whole and in ranges', async () => {
    for (let round = 0; round < 3; round++) expect((await get()).equals(blob)).toBe(true)
    for (const [start, end] of [
      [0, 1],
      [524_280, 1_048_577],
      [2_999_999, 3_000_000],
    ] as const) {
      expect((await get(`bytes=${start}-${end - 1}`)).equals(blob.subarray(start, end))).toBe(true)
    }
    expect(await get('bytes=-10')).toEqual(blob.subarray(-10))
    expect((await fetch(url, { method: 'HEAD' })).headers.get('content-length')).toBe(String(blob.length))
  })

  it('never reaches a client whole where it was damaged, and makes room to be pushed again', async () => {
    await damage()
    await expect(get()).rejects.toMatchObject({ name: 'TypeError' })
    expect(faults).toMatchObject([{ code: 'CONTENT_CORRUPT' }])
    expect((await fetch(url)).status).toBe(404)
    expect(await store.damaged()).toEqual([digest])
    const again = await fetch(`${url.slice(0, url.lastIndexOf('/'))}/uploads/?digest=${digest}`, { method: 'POST', body: blob })
    expect(again.status).toBe(201)
    expect((await get()).equals(blob)).toBe(true)
  })
})

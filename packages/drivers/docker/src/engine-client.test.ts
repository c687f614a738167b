import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { EngineClient } from './engine-client.ts'

type Handler = (request: IncomingMessage, response: ServerResponse) => void

let folder: string
let seen: string[]
let api: string
let answer: Handler
let close: () => void

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sealift-engine-'))
  seen = []
  api = '1.41'
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`)
    if (request.url === '/version') response.end(JSON.stringify({ Version: '20.10', ApiVersion: api, Os: 'linux', Arch: 'amd64' }))
    else answer(request, response)
  })
  await new Promise<void>((resolve) => {
    server.listen(join(folder, 'engine.sock'), resolve)
  })
  close = () => void server.close()
})

afterEach(() => {
  close()
  rmSync(folder, { recursive: true, force: true })
})

const client = (): EngineClient => new EngineClient(`unix://${join(folder, 'engine.sock')}`)
const json =
  (value: unknown, status = 200): Handler =>
  (request, response) => {
    request.resume().on('end', () => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value)))
  }

test.each([
  ['1.41', '/v1.41/info'],
  ['1.51', '/v1.44/info'],
])('an engine with API %s is asked at %s', async (version, path) => {
  api = version
  answer = json({})
  await client().info()
  expect(seen).toEqual(['GET /version', `GET ${path}`])
})

test('an engine that is too old is refused', async () => {
  api = '1.40'
  await expect(client().info()).rejects.toMatchObject({ code: 'ENGINE_TOO_OLD' })
})

test('the words of the engine and its status are kept', async () => {
  answer = json({ message: 'no such thing\n' }, 409)
  await expect(client().createVolume('v', {})).rejects.toMatchObject({
    code: 'ENGINE_FAILED',
    message: expect.stringContaining('no such thing'),
    details: { status: 409, request: 'POST /v1.41/volumes/create', engineMessage: 'no such thing' },
  })
})

test('what is not there is undefined, and removing it is no error', async () => {
  answer = json({ message: 'nothing' }, 404)
  expect(await client().inspectContainer('../../x')).toBeUndefined()
  expect(seen.at(-1)).toBe('GET /v1.41/containers/..%2F..%2Fx/json')
  await client().removeContainer('x')
})

test('an engine that breaks off is told from one that refuses', async () => {
  answer = (_request, response) => {
    response.writeHead(200, { 'content-length': 100 }).write('{"half":')
    setTimeout(() => response.destroy(), 10)
  }
  await expect(client().info()).rejects.toMatchObject({ code: 'ENGINE_UNREACHABLE' })
  answer = (_request, response) => void response.destroy()
  await expect(client().info()).rejects.toMatchObject({ code: 'ENGINE_UNREACHABLE', message: expect.stringContaining('broke the connection off') })
})

test('a proxy that answers with a page is no engine', async () => {
  answer = (_request, response) => void response.end('<html>')
  await expect(client().info()).rejects.toMatchObject({ code: 'ENGINE_FAILED', message: expect.stringContaining('<html>') })
})

test('an error inside a good answer to a load is an error', async () => {
  answer = (request, response) => {
    request.resume().on('end', () => response.end('{"stream":"a"}\n{"errorDetail":{"message":"invalid diffID"},"error":"invalid diffID"}\n'))
  }
  await expect(client().loadImages(Readable.from([Buffer.from('x')]))).rejects.toMatchObject({
    code: 'ENGINE_FAILED',
    message: expect.stringContaining('invalid diffID'),
  })
})

test("a fault of the stream that is sent is that stream's", async () => {
  answer = json({})
  const failing = (async function* (): AsyncGenerator<Buffer> {
    yield Buffer.from('x')
    throw new SealiftError('CONTENT_CORRUPT', 'damaged')
  })()
  await expect(client().loadImages(Readable.from(failing))).rejects.toMatchObject({ code: 'CONTENT_CORRUPT' })
})

test('a network is found by its whole name only', async () => {
  answer = json([
    { Id: '1', Name: 'sealift-shop-2', Labels: {} },
    { Id: '2', Name: 'sealift-shop', Labels: {} },
  ])
  expect((await client().findNetwork('sealift-shop'))?.Id).toBe('2')
})

test('requests under way end when the client is closed', async () => {
  answer = () => {}
  const engine = client()
  const waiting = engine.waitContainer('x')
  setTimeout(() => engine[Symbol.dispose](), 30)
  await expect(waiting).rejects.toMatchObject({ code: 'ENGINE_UNREACHABLE', message: expect.stringContaining('closed') })
})

test.each([
  ['unix:///nonexistent/x.sock', 'no container engine at unix:///nonexistent/x.sock'],
  ['tcp://127.0.0.1:1', 'nothing listens at tcp://127.0.0.1:1'],
])('nobody at %s is said in words', async (address, words) => {
  await expect(new EngineClient(address).info()).rejects.toMatchObject({
    code: 'ENGINE_UNREACHABLE',
    message: expect.stringContaining(words),
  })
})

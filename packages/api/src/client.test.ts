import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'
import { createClient } from './client.ts'
import { defineRoute } from './route.ts'

const get = defineRoute({
  id: 'get',
  method: 'GET',
  path: '/things/:name',
  summary: '',
  params: Type.Object({ name: Type.String() }),
  query: Type.Object({ deep: Type.Optional(Type.Boolean()), limit: Type.Optional(Type.Integer()) }),
  response: Type.Unknown(),
})
const post = defineRoute({ id: 'post', method: 'POST', path: '/things', summary: '', body: Type.Unknown(), response: Type.Unknown() })
const lines = defineRoute({ id: 'lines', method: 'GET', path: '/lines', summary: '', response: Type.Unknown(), stream: true })

async function serve(answer: (request: IncomingMessage, response: ServerResponse) => unknown) {
  const folder = await mkdtemp(join(tmpdir(), 'sealift-api-'))
  const socketPath = join(folder, 'test.sock')
  const server = createServer((request, response) => void answer(request, response)).listen(socketPath)
  await once(server, 'listening')
  return {
    socketPath,
    client: createClient({ socketPath }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await rm(folder, { recursive: true })
    },
  }
}

async function collect(stream: AsyncIterable<unknown>, into: unknown[]): Promise<void> {
  for await (const value of stream) into.push(value)
}

describe('the client', () => {
  it('puts parameters into the path, the query and the body', async () => {
    const seen: unknown[] = []
    await using test = await serve((request, response) => {
      let body = ''
      request.on('data', (piece: Buffer) => (body += piece.toString()))
      request.on('end', () => {
        seen.push([request.method, request.url, body])
        response.end('{"ok":true}')
      })
    })
    expect(await test.client.call(get, { params: { name: 'a/b ü' }, query: { deep: true, limit: 0 } })).toEqual({ ok: true })
    await test.client.call(get, { params: { name: 'x' }, query: {} })
    await test.client.call(post, { body: { text: 'ü', gone: null } })
    expect(seen).toEqual([
      ['GET', '/api/v1/things/a%2Fb%20%C3%BC?deep=true&limit=0', ''],
      ['GET', '/api/v1/things/x', ''],
      ['POST', '/api/v1/things', '{"text":"ü","gone":null}'],
    ])
  })

  it('throws the error that the server answered with', async () => {
    const answer = { code: 'DISK_FULL', message: 'no space on /x', hint: 'Make some.', details: { needed: 5 } }
    await using test = await serve((_, response) => response.writeHead(500).end(JSON.stringify(answer)))
    for (const failing of [test.client.call(post, { body: {} }), test.client.stream(lines, {}).next()]) {
      await expect(failing).rejects.toMatchObject({ ...answer, name: 'SealiftError', exitCode: 1 })
    }
  })

  it('passes on a code that only a later version knows', async () => {
    await using test = await serve((_, response) => response.writeHead(409).end(JSON.stringify({ code: 'LATER', message: 'no', hint: 'so' })))
    await expect(test.client.call(post, { body: {} })).rejects.toMatchObject({ code: 'INTERNAL', message: 'LATER: no', hint: 'so' })
  })

  it('says that nothing answers', async () => {
    const client = createClient({ socketPath: '/none/such.sock' })
    await expect(client.call(post, { body: {} })).rejects.toMatchObject({ code: 'SERVER_UNREACHABLE', message: expect.stringContaining('/none/such.sock') })
    await expect(client.stream(lines, {}).next()).rejects.toMatchObject({ code: 'SERVER_UNREACHABLE' })
  })

  it.each([
    ['a page', 200, '<html>'],
    ['an empty answer', 200, ''],
    ['a refusal of its own', 404, 'This is something else.'],
    ['another program’s JSON', 400, '{"error":"Bad Request"}'],
    ['a redirection', 302, ''],
  ])('says that something else answers: %s', async (_, status, text) => {
    await using test = await serve((__, response) => response.writeHead(status).end(text))
    await expect(test.client.call(post, { body: {} })).rejects.toMatchObject({ code: 'SERVER_UNREACHABLE', message: expect.stringContaining('not the API') })
  })

  it('reads lines however they are cut', async () => {
    await using test = await serve(async (_, response) => {
      const bytes = Buffer.from('{"a":"ü"}\n\n{"a":2}\n{"a":3}')
      for (const byte of bytes) {
        response.write(Buffer.from([byte]))
        await new Promise((resolve) => setImmediate(resolve))
      }
      response.end()
    })
    const values: unknown[] = []
    await collect(test.client.stream(lines, {}), values)
    expect(values).toEqual([{ a: 'ü' }, { a: 2 }, { a: 3 }])
  })

  it('throws what a stream failed with, after what came before', async () => {
    await using test = await serve((_, response) => response.end('{"a":1}\n{"error":{"code":"ENGINE_UNREACHABLE","message":"gone","hint":"start it"}}\n'))
    const values: unknown[] = []
    await expect(collect(test.client.stream(lines, {}), values)).rejects.toMatchObject({ code: 'ENGINE_UNREACHABLE', message: 'gone' })
    expect(values).toEqual([{ a: 1 }])
  })

  it('does not take a stream that breaks off for one that has ended', async () => {
    await using test = await serve((_, response) => {
      response.write('{"a":1}\n', () => response.destroy())
    })
    const values: unknown[] = []
    await expect(collect(test.client.stream(lines, {}), values)).rejects.toMatchObject({
      code: 'SERVER_UNREACHABLE',
      message: expect.stringContaining('went away'),
    })
    expect(values).toEqual([{ a: 1 }])
    await using half = await serve((_, response) => {
      response.writeHead(200, { 'content-length': 100 }).write('{"a":', () => response.destroy())
    })
    await expect(half.client.call(post, { body: {} })).rejects.toMatchObject({ code: 'SERVER_UNREACHABLE' })
  })

  it('tells the server when a stream is left', async () => {
    const closed = Promise.withResolvers<void>()
    await using test = await serve((_, response) => {
      response.on('close', closed.resolve)
      response.write('{"a":1}\n')
    })
    for await (const _ of test.client.stream(lines, {})) break
    await closed.promise
  })
})

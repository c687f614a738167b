import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@sealift/api/client.ts'
import { defineRoute } from '@sealift/api/route.ts'
import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'
import { createApiServer, routeGroup } from './api-server.ts'
import { listenOnSocket } from './listen-on-socket.ts'

const routes = {
  show: defineRoute({ id: 'show', method: 'GET', path: '/things/:name', summary: '', params: Type.Object({ name: Type.String() }), response: Type.String() }),
  special: defineRoute({ id: 'special', method: 'GET', path: '/things/special', summary: '', response: Type.String() }),
  wait: defineRoute({ id: 'wait', method: 'POST', path: '/wait', summary: '', response: Type.String() }),
  follow: defineRoute({ id: 'follow', method: 'GET', path: '/follow', summary: '', response: Type.Integer(), stream: true }),
}

async function setUp() {
  const folder = await mkdtemp(join(tmpdir(), 'sealift-http-'))
  const waiting = Promise.withResolvers<void>()
  const release = Promise.withResolvers<void>()
  const server = createApiServer([
    routeGroup(routes, {
      show: async ({ params }) => `thing ${params.name}`,
      special: async () => 'special',
      async wait() {
        waiting.resolve()
        await release.promise
        return 'done'
      },
      async *follow(_input, gone) {
        yield 1
        await new Promise((resolve) => gone.addEventListener('abort', resolve))
      },
    }),
  ])
  const socketPath = join(folder, 's.sock')
  await listenOnSocket(server.http, socketPath)
  return {
    server,
    waiting: waiting.promise,
    release: release.resolve,
    client: createClient({ socketPath }),
    async [Symbol.asyncDispose]() {
      await server.close()
      await rm(folder, { recursive: true })
    },
  }
}

describe('the API’s server', () => {
  it('finds a route by its fixed words first, and decodes parameters', async () => {
    await using test = await setUp()
    expect(await test.client.call(routes.show, { params: { name: 'a/b ü%' } })).toBe('thing a/b ü%')
    expect(await test.client.call(routes.special, {})).toBe('special')
    expect(await test.client.call(routes.show, { params: { name: 'special ' } })).toBe('thing special ')
  })

  it('answers what is at work before it ends, and cuts streams off', async () => {
    await using test = await setUp()
    const stream = test.client.stream(routes.follow, {})
    expect(await stream.next()).toEqual({ done: false, value: 1 })
    const answer = test.client.call(routes.wait, {})
    await test.waiting
    const closed = test.server.close()
    await expect(stream.next()).rejects.toMatchObject({ code: 'SERVER_UNREACHABLE' })
    test.release()
    expect(await answer).toBe('done')
    await closed
    await expect(test.client.call(routes.special, {})).rejects.toMatchObject({ code: 'SERVER_UNREACHABLE' })
  })
})

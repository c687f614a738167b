import { once } from 'node:events'
import { rename, stat } from 'node:fs/promises'
import { createServer, request } from 'node:http'
import { type AddressInfo, createServer as createNetServer } from 'node:net'
import { join } from 'node:path'
import { readFrames } from '@sealift/api/channel.ts'
import { API_PREFIX } from '@sealift/api/route.ts'
import { installationRoutes } from '@sealift/api/routes/installations.ts'
import { jobRoutes } from '@sealift/api/routes/jobs.ts'
import { keyRoutes } from '@sealift/api/routes/keys.ts'
import { operationRoutes } from '@sealift/api/routes/operations.ts'
import { releaseRoutes } from '@sealift/api/routes/releases.ts'
import { targetRoutes } from '@sealift/api/routes/targets.ts'
import { Check } from 'typebox/value'
import { describe, expect, it } from 'vitest'
import { startServer } from './server.ts'
import { startTestServer } from './server-fixture.ts'

const ALL = [releaseRoutes, keyRoutes, targetRoutes, installationRoutes, jobRoutes]

/** Sends bytes as they are. */
async function send(socketPath: string, method: string, path: string, body = '', type = 'application/json'): Promise<{ status: number; text: string }> {
  const sent = request({ socketPath, method, path, agent: false, headers: { 'content-type': type } })
  // A server that refuses a body early closes its end while the rest is being sent.
  sent.on('error', () => {})
  sent.end(body)
  const [response] = (await once(sent, 'response')) as [AsyncIterable<Buffer> & { statusCode: number }]
  let text = ''
  for await (const piece of response) text += piece.toString()
  return { status: response.statusCode, text }
}

describe('the server', () => {
  it('answers every route of the API', async () => {
    await using test = await startTestServer()
    for (const route of ALL.flatMap((group) => Object.values(group))) {
      const path = API_PREFIX + route.path.replaceAll(/:(id|a|b)\b/g, '1').replaceAll(/:\w+/g, 'x')
      const { text } = await send(test.server.socket, route.method, path, '{}')
      // What a route does not find may be named so; a route that is missing names the method.
      expect(text, `${route.method} ${path}`).not.toContain(`there is no ${route.method}`)
    }
  })

  it('answers lists as their schemas say', async () => {
    await using test = await startTestServer()
    await test.client.call(keyRoutes.generateKey, { body: { name: 'a' } })
    for (const route of [
      releaseRoutes.listReleases,
      keyRoutes.listKeys,
      targetRoutes.listTargets,
      targetRoutes.listEnvironments,
      installationRoutes.listInstallations,
      jobRoutes.listJobs,
    ]) {
      const answer = await test.client.call(route, { query: {} })
      expect(Check(route.response, answer), route.id).toBe(true)
    }
  })

  it('opens channels, and tells on them what is wrong', async () => {
    await using test = await startTestServer()
    const channel = await test.client.open(operationRoutes.exec, { params: { name: 'none' } })
    const frames: string[] = []
    for await (const { kind, data } of readFrames(channel)) frames.push(`${kind} ${data.toString()}`)
    expect(frames).toEqual([expect.stringMatching(/^error .*INSTALLATION_NOT_FOUND/)])
  })

  it('upgrades to nothing else', async () => {
    await using test = await startTestServer()
    const ask = async (path: string, upgrade: string): Promise<number | undefined> => {
      const sent = request({ socketPath: test.server.socket, path, agent: false, headers: { connection: 'Upgrade', upgrade } })
      sent.end()
      const [response] = (await once(sent, 'response')) as [{ statusCode?: number; resume(): void }]
      response.resume()
      return response.statusCode
    }
    expect(await ask(`${API_PREFIX}/installations/x/exec`, 'websocket')).toBe(426)
    expect(await ask(`${API_PREFIX}/jobs`, 'sealift-channel')).toBe(404)
  })

  it('listens on a socket for its user alone, and takes it away at the end', async () => {
    await using test = await startTestServer()
    expect((await stat(test.server.socket)).mode & 0o777).toBe(0o600)
    expect(test.server.socket).toBe(join(test.data, 'sealift.sock'))
    await test.server.close()
    await expect(stat(test.server.socket)).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('refuses requests that are not as they must be, names the field and shows no value', async () => {
    await using test = await startTestServer()
    const { socket } = test.server
    const cases: readonly (readonly [string, string, string, RegExp])[] = [
      ['POST', '/changes', '{broken', /JSON/],
      ['POST', '/changes', '', /body/i],
      ['POST', '/keys', '{"name":5}', /body\.name must be string/],
      ['POST', '/keys', '{"name":"a","secret":"hunter2"}', /unknown fields: secret/],
      ['POST', '/publish', '{"template":"relative.yaml"}', /body\.template/],
      ['POST', '/publish', '{"template":"/a","images":"none"}', /must be one of auto, engine, registry/],
      ['POST', '/plans', '{"change":{"kind":"configure","values":{"parameters":{"password":"hunter2"}}}}', /body\.change .*name/],
      ['POST', '/plans', '{"change":{"kind":"nonsense"}}', /body\.change/],
      ['GET', '/jobs/one', '', /params\.id must be integer/],
      ['GET', '/jobs/1.5', '', /params\.id must be integer/],
      ['GET', '/jobs?limit=0', '', /query\.limit/],
      ['GET', '/jobs?limmit=1', '', /unknown fields: limmit/],
      ['GET', '/installations/a/logs?follow=maybe', '', /query\.follow must be boolean/],
    ]
    for (const [method, path, body, fault] of cases) {
      const { status, text } = await send(socket, method, API_PREFIX + path, body)
      const answer = JSON.parse(text) as { code: string; message: string }
      expect([path, status, answer.code]).toEqual([path, 400, 'USAGE'])
      expect(answer.message).toMatch(fault)
      expect(answer.message).not.toContain('hunter2')
    }
    expect((await send(socket, 'POST', `${API_PREFIX}/keys`, JSON.stringify({ name: 'x'.repeat(17 * 1024 * 1024) }))).status).toBe(400)
    expect(JSON.parse((await send(socket, 'GET', '/api/v1/none')).text)).toMatchObject({ code: 'USAGE', message: 'there is no GET /api/v1/none' })
  })

  it('carries errors with code, hint and details to the client', async () => {
    await using test = await startTestServer()
    await expect(test.client.call(releaseRoutes.getRelease, { params: { application: 'shop', version: '1' } })).rejects.toMatchObject({
      code: 'RELEASE_NOT_FOUND',
      message: 'there is no application shop in the library',
      hint: expect.stringContaining('sealift import'),
      exitCode: 4,
    })
    const stream = test.client.stream(jobRoutes.followJob, { params: { id: 9 } })
    await expect(stream.next()).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' })
  })

  it('runs a job that is followed to its end through the API', async () => {
    await using test = await startTestServer()
    const started = await test.client.call(releaseRoutes.verifyBundle, { body: { path: '/none/such.sealift' } })
    const events = []
    for await (const event of test.client.stream(jobRoutes.followJob, { params: { id: started.id } })) {
      expect(Check(jobRoutes.followJob.response, event)).toBe(true)
      events.push(event)
    }
    expect(events.at(-1)).toMatchObject({ type: 'job', job: { state: 'failed', error: { code: 'FILE_NOT_FOUND' } } })
  })

  it('is one to a data folder', async () => {
    await using test = await startTestServer()
    expect(await startServer({ data: test.data })).toBeUndefined()
  })

  it('leaves nothing behind where it can not start', async () => {
    const blocker = createServer().listen(0, '127.0.0.1')
    await once(blocker, 'listening')
    const { port } = blocker.address() as AddressInfo
    await using test = await startTestServer()
    await test.server.close()
    await expect(startServer({ data: test.data, listen: `127.0.0.1:${port}` })).rejects.toMatchObject({ code: 'ADDRESS_IN_USE' })
    await expect(startServer({ data: test.data, listen: 'nonsense:port' })).rejects.toMatchObject({ code: 'ADDRESS_INVALID' })
    await expect(stat(test.server.socket)).rejects.toMatchObject({ code: 'ENOENT' })
    blocker.close()
    const again = await startServer({ data: test.data, listen: '127.0.0.1:0' })
    expect(again?.registryAddress).toMatch(/^127\.0\.0\.1:\d+$/)
    const answer = await fetch(`http://${again?.registryAddress}/v2/`)
    expect(answer.status).toBe(200)
    await again?.close()
    await expect(fetch(`http://${again?.registryAddress}/v2/`)).rejects.toThrow('fetch failed')
  })

  it('replaces a socket that a killed process left', async () => {
    await using test = await startTestServer()
    await test.server.close()
    const left = createNetServer().listen(join(test.data, 'left.sock'))
    await once(left, 'listening')
    await rename(join(test.data, 'left.sock'), test.server.socket)
    const again = await startServer({ data: test.data })
    expect(await test.client.call(jobRoutes.listJobs, { query: {} })).toEqual([])
    await again?.close()
    left.close()
  })
})

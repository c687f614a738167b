import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { registryRoutes } from '@sealift/api/routes/registry.ts'
import { digestOf } from '@sealift/oci/digest.ts'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startTestServer, type TestServer } from '../server-fixture.ts'
import { makeAuthority, makeServerCertificate } from './tls/make-certificate.ts'

interface Sent {
  readonly status: number
  readonly body: string
}

describe('the registry of a server', () => {
  let test: TestServer
  beforeEach(async () => {
    test = await startTestServer({ listen: '127.0.0.1:0' })
  })
  afterEach(() => test[Symbol.asyncDispose]())

  const send = async (
    method: string,
    path: string,
    { body, auth, ca }: { readonly body?: string; readonly auth?: string; readonly ca?: string } = {},
  ): Promise<Sent> => {
    const [host, port] = test.server.registryAddress.split(':')
    const options = { host, port, method, path, agent: false, ...(auth === undefined ? {} : { auth }) }
    const sent = ca === undefined ? httpRequest(options) : httpsRequest({ ...options, ca, servername: '' })
    sent.end(body)
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    let text = ''
    for await (const piece of response.setEncoding('utf8') as AsyncIterable<string>) text += piece
    return { status: response.statusCode ?? 0, body: text }
  }
  const create = (name: string, push: string[], more: { expires?: string; delete?: boolean } = {}) =>
    test.client.call(registryRoutes.createToken, { body: { name, pull: [], push, delete: false, ...more } })

  it('makes, lists and revokes tokens, and keeps no secret', async () => {
    const { secret, ...summary } = await create('ci', ['team/*'], { expires: '30d', delete: true })
    expect(secret).toMatch(/^slt_[\w-]{43}$/)
    expect(await test.client.call(registryRoutes.listTokens, {})).toEqual([summary])
    expect(Date.parse(summary.expiresAt ?? '') - Date.parse(summary.createdAt)).toBe(30 * 24 * 3600 * 1000)
    const files = await Promise.all(['sealift.db', 'sealift.db-wal'].map((name) => readFile(`${test.data}/${name}`)))
    expect(files.some((bytes) => bytes.includes(secret))).toBe(false)
    expect(files.some((bytes) => bytes.includes(digestOf(secret)))).toBe(true)
    expect((await send('POST', '/v2/team/app/blobs/uploads/', { auth: `ci:${secret}` })).status).toBe(202)
    await test.client.call(registryRoutes.revokeToken, { params: { name: 'ci' } })
    expect((await send('POST', '/v2/team/app/blobs/uploads/', { auth: `ci:${secret}` })).status).toBe(401)
    await expect(test.client.call(registryRoutes.revokeToken, { params: { name: 'ci' } })).rejects.toMatchObject({ code: 'TOKEN_NOT_FOUND' })
  })

  it('refuses tokens that make no sense', async () => {
    await expect(create('ci', [])).rejects.toMatchObject({ code: 'TOKEN_INVALID' })
    await expect(create('ci', ['UPPER'])).rejects.toMatchObject({ code: 'TOKEN_INVALID', message: expect.stringContaining('UPPER') })
    await expect(create('ci', ['*'], { expires: 'soon' })).rejects.toMatchObject({ code: 'QUANTITY_INVALID' })
    await expect(create('Not:a name', ['*'])).rejects.toMatchObject({ code: 'USAGE' })
    await create('ci', ['*'])
    await expect(create('ci', ['*'])).rejects.toMatchObject({ code: 'NAME_TAKEN' })
  })

  it('shows what was pushed, and removes it', async () => {
    const { secret } = await create('ci', ['*'])
    const auth = `ci:${secret}`
    await send('POST', `/v2/app/blobs/uploads/?digest=${digestOf('{}')}`, { auth, body: '{}' })
    const manifest = JSON.stringify({ schemaVersion: 2, config: { mediaType: 'x', digest: digestOf('{}'), size: 2 }, layers: [] })
    expect((await send('PUT', '/v2/app/manifests/1.0', { auth, body: manifest })).status).toBe(201)
    const state = await test.client.call(registryRoutes.getRegistry, {})
    expect(state).toMatchObject({
      address: test.server.registryAddress,
      anonymous: 'pull',
      uploads: 0,
      repositories: [{ name: 'app', area: 'pushed', tags: ['1.0'] }],
    })
    await test.client.call(registryRoutes.removeFromRegistry, { params: { repository: 'app' }, query: { tag: '1.0' } })
    expect((await send('GET', '/v2/app/manifests/1.0')).status).toBe(404)
    expect((await send('GET', `/v2/app/manifests/${digestOf(manifest)}`)).status).toBe(200)
    await test.client.call(registryRoutes.removeFromRegistry, { params: { repository: 'app' }, query: {} })
    expect((await send('GET', `/v2/app/manifests/${digestOf(manifest)}`)).status).toBe(404)
    await expect(test.client.call(registryRoutes.removeFromRegistry, { params: { repository: 'app' }, query: {} })).rejects.toMatchObject({
      code: 'REPOSITORY_NOT_FOUND',
    })
  })

  it('lets nobody in without a token where that is asked for', async () => {
    expect((await send('GET', '/v2/_catalog')).status).toBe(200)
    await test.client.call(registryRoutes.configureRegistry, { body: { anonymous: 'none' } })
    expect((await send('GET', '/v2/')).status).toBe(401)
    expect((await send('GET', '/v2/_catalog')).body).toContain('"repositories":[]')
    expect((await send('GET', '/v2/app/tags/list')).status).toBe(401)
    await test.client.call(registryRoutes.configureRegistry, { body: { anonymous: 'pull' } })
    expect((await send('GET', '/v2/')).status).toBe(200)
  })

  it('speaks TLS from one connection to the next, with an authority of its own', async () => {
    const authority = await test.client.call(registryRoutes.getAuthority, {})
    await expect(send('GET', '/v2/', { ca: authority.certificate })).rejects.toMatchObject({ code: expect.any(String) })
    const { tls } = await test.client.call(registryRoutes.configureRegistry, { body: { tls: { mode: 'authority', names: ['registry.site'] } } })
    expect(tls.names).toEqual(expect.arrayContaining(['registry.site', 'localhost', '127.0.0.1']))
    expect((await send('GET', '/v2/', { ca: authority.certificate })).status).toBe(200)
    // This machine itself may go on without it.
    expect((await send('GET', '/v2/')).status).toBe(200)
    await expect(send('GET', '/v2/', { ca: makeAuthority('another').certificate })).rejects.toMatchObject({ code: expect.stringMatching(/CERT|UNABLE/) })
    expect((await test.client.call(registryRoutes.getAuthority, {})).certificate).toBe(authority.certificate)
    await test.client.call(registryRoutes.configureRegistry, { body: { tls: { mode: 'off' } } })
    await expect(send('GET', '/v2/', { ca: authority.certificate })).rejects.toMatchObject({ code: expect.any(String) })
    const row = await readFile(`${test.data}/sealift.db-wal`)
    expect(row.includes('PRIVATE KEY')).toBe(false)
  })

  it('speaks TLS with a certificate that was brought', async () => {
    const own = makeAuthority('ours')
    const made = makeServerCertificate(own, ['127.0.0.1'], 10)
    const [certificate, key] = [`${test.data}/own.crt`, `${test.data}/own.key`]
    await writeFile(certificate, made.certificate)
    await writeFile(key, makeServerCertificate(own, ['x'], 1).privateKey)
    const use = () => test.client.call(registryRoutes.configureRegistry, { body: { tls: { mode: 'files', certificate, key } } })
    await expect(use()).rejects.toMatchObject({ code: 'TLS_INVALID', message: expect.stringContaining('not that of the certificate') })
    await writeFile(key, made.privateKey)
    await use()
    expect((await send('GET', '/v2/', { ca: own.certificate })).status).toBe(200)
    await writeFile(certificate, 'nothing')
    await expect(use()).rejects.toMatchObject({ code: 'TLS_INVALID', message: expect.stringContaining('no certificate') })
    expect((await send('GET', '/v2/', { ca: own.certificate })).status).toBe(200)
    await expect(test.client.call(registryRoutes.configureRegistry, { body: { tls: { mode: 'files', certificate: '/nowhere', key } } })).rejects.toMatchObject({
      code: 'FILE_NOT_FOUND',
    })
  })

  it.each(['no name', '', 'a..b', '-x', 'https://x'])('is certified for no name like %j', async (name) => {
    await expect(test.client.call(registryRoutes.configureRegistry, { body: { tls: { mode: 'authority', names: [name] } } })).rejects.toMatchObject({
      code: 'TLS_INVALID',
    })
  })
})

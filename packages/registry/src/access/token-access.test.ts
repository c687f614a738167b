import { digestOf } from '@sealift/oci/digest.ts'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Answer, startTestRegistry, type TestRegistry } from '../registry-fixture.ts'
import { BEARER_SECONDS } from './bearer-tokens.ts'
import { generateSecret, type RegistryToken } from './registry-token.ts'
import { coversRepository, isRepositoryPattern } from './repository-pattern.ts'
import { createTokenAccess } from './token-access.ts'

const EMPTY = digestOf('')

describe('access by tokens', () => {
  const tokens = new Map<string, RegistryToken>()
  let anonymousPull: boolean
  let clock: number
  let registry: TestRegistry

  beforeEach(async () => {
    tokens.clear()
    anonymousPull = true
    clock = 0
    const access = createTokenAccess(
      {
        find: (name) => tokens.get(name),
        get isEmpty() {
          return tokens.size === 0
        },
        get anonymousPull() {
          return anonymousPull
        },
      },
      () => clock,
    )
    registry = await startTestRegistry({ access })
  })
  afterEach(() => registry[Symbol.asyncDispose]())

  function make(name: string, rights: Partial<RegistryToken> = {}): string {
    const { secret, secretDigest } = generateSecret()
    tokens.set(name, { name, secretDigest, pull: [], push: [], mayDelete: false, ...rights })
    return secret
  }
  const basic = (name: string, secret: string) => ({ authorization: `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}` })
  const push = (repository: string, headers: Record<string, string> = {}): Promise<Answer> =>
    registry.send('POST', `/v2/${repository}/blobs/uploads/`, { headers })
  const read = (repository: string, headers: Record<string, string> = {}): Promise<Answer> => registry.send('GET', `/v2/${repository}/tags/list`, { headers })
  const bearerOf = async (headers: Record<string, string> = {}): Promise<{ status: number; headers: { authorization: string } }> => {
    const { status, body } = await registry.send('GET', '/v2/token?service=sealift&scope=repository:app:pull,push', { headers })
    return { status, headers: { authorization: `Bearer ${(JSON.parse(body.toString()) as { token?: string }).token ?? ''}` } }
  }

  it('needs none to read, and one to push', async () => {
    expect((await registry.send('GET', '/v2/')).status).toBe(200)
    expect((await read('app')).status).toBe(404)
    const refused = await push('app')
    expect([refused.status, refused.code]).toEqual([401, 'UNAUTHORIZED'])
    expect(refused.headers['www-authenticate']).toBe(`Bearer realm="${registry.base}/v2/token",service="sealift",scope="repository:app:pull,push"`)
    expect((await push('app', basic('ci', make('ci', { push: ['app'] })))).status).toBe(202)
  })

  it('sends clients to log in once somebody can', async () => {
    const secret = make('ci', { push: ['*'] })
    const ping = await registry.send('GET', '/v2/')
    expect(ping.status).toBe(401)
    expect(ping.headers['www-authenticate']).toBe(`Bearer realm="${registry.base}/v2/token",service="sealift"`)
    expect((await registry.send('GET', '/v2/', { headers: basic('ci', secret) })).status).toBe(200)
    expect((await registry.send('GET', '/v2/', { headers: (await bearerOf(basic('ci', secret))).headers })).status).toBe(200)
    // Someone without a login gets a token for what all may do.
    const anonymous = await bearerOf()
    expect(anonymous.status).toBe(200)
    expect((await read('app', anonymous.headers)).status).toBe(404)
    expect((await push('app', anonymous.headers)).status).toBe(401)
  })

  it('lets nobody read without one where that is asked for', async () => {
    anonymousPull = false
    expect((await registry.send('GET', '/v2/')).status).toBe(401)
    expect((await read('app')).status).toBe(401)
    expect((await bearerOf()).status).toBe(401)
    const secret = make('reader', { pull: ['app'] })
    expect((await read('app', basic('reader', secret))).status).toBe(404)
    const other = await read('other', basic('reader', secret))
    expect([other.status, other.code]).toEqual([403, 'DENIED'])
  })

  it('gives each right for its repositories only', async () => {
    const ci = basic('ci', make('ci', { push: ['team/*'] }))
    anonymousPull = false
    expect((await push('team/app', ci)).status).toBe(202)
    expect((await read('team/app', ci)).status).toBe(404)
    expect((await push('team', ci)).status).toBe(403)
    expect((await registry.send('DELETE', '/v2/team/app/manifests/1', { headers: ci })).status).toBe(403)
    const cleaner = basic('cleaner', make('cleaner', { push: ['team/*'], mayDelete: true }))
    expect((await registry.send('DELETE', '/v2/team/app/manifests/1', { headers: cleaner })).status).toBe(404)
  })

  it('mounts from what the token may read only', async () => {
    anonymousPull = false
    const all = basic('all', make('all', { push: ['*'] }))
    const digest = digestOf('secret')
    await registry.send('POST', `/v2/private/blobs/uploads/?digest=${digest}`, { body: 'secret', headers: all })
    const ci = basic('ci', make('ci', { push: ['app'] }))
    for (const query of [`mount=${digest}&from=private`, `mount=${digest}`]) {
      expect((await registry.send('POST', `/v2/app/blobs/uploads/?${query}`, { headers: ci })).status).toBe(202)
    }
    expect((await registry.send('GET', `/v2/app/blobs/${digest}`, { headers: ci })).status).toBe(404)
  })

  it('lists the repositories that a token may read', async () => {
    anonymousPull = false
    const all = basic('all', make('all', { push: ['*'] }))
    for (const name of ['one', 'two'])
      await registry.send('POST', `/v2/${name}/blobs/uploads/?digest=${EMPTY}`, {
        headers: all,
      })
    const one = basic('one', make('one', { pull: ['one'] }))
    expect(JSON.parse((await registry.send('GET', '/v2/_catalog', { headers: one })).body.toString())).toEqual({ repositories: ['one'] })
    expect(JSON.parse((await registry.send('GET', '/v2/_catalog', { headers: all })).body.toString())).toEqual({ repositories: ['one', 'two'] })
  })

  it.each(['Basic', 'Basic !!!', 'Bearer', 'Bearer a.b', 'Bearer a', 'Bearer ', 'Digest x', 'nonsense', `Bearer ${'x'.repeat(3000)}.y`])(
    'refuses %s',
    async (authorization) => {
      make('ci', { push: ['*'] })
      expect((await push('app', { authorization })).status).toBe(401)
      expect((await read('app', { authorization })).status).toBe(401)
    },
  )

  it('refuses wrong names and secrets alike', async () => {
    const secret = make('ci', { push: ['*'] })
    const answers = [await push('app', basic('ci', 'wrong')), await push('app', basic('nobody', secret)), await push('app', basic('', secret))]
    for (const { status, body } of answers) {
      expect(status).toBe(401)
      expect(body.equals(answers[0]?.body as Buffer)).toBe(true)
      expect(body.toString()).not.toContain(secret)
    }
    expect((await bearerOf(basic('ci', 'wrong'))).status).toBe(401)
  })

  it('makes who tries secrets wait, and nobody else', async () => {
    const secret = make('ci', { push: ['*'] })
    for (let count = 0; count < 10; count++) expect((await push('app', basic('ci', 'wrong'))).status).toBe(401)
    const slowed = await push('app', basic('ci', 'wrong'))
    expect([slowed.status, slowed.code, slowed.headers['retry-after']]).toEqual([429, 'TOOMANYREQUESTS', '1'])
    expect((await push('app', basic('ci', 'wrong'))).headers['retry-after']).toBe('2')
    expect((await push('app', basic('ci', secret))).status).toBe(202)
    expect((await push('app', basic('ci', 'wrong'))).status).toBe(401)
  })

  it('ends at once when it is revoked, with what was made of it', async () => {
    const secret = make('ci', { push: ['*'] })
    const bearer = (await bearerOf(basic('ci', secret))).headers
    expect((await push('app', bearer)).status).toBe(202)
    tokens.delete('ci')
    expect((await push('app', bearer)).status).toBe(401)
    expect((await push('app', basic('ci', secret))).status).toBe(401)
    // The name comes back, and not what was made of the old one.
    make('ci', { push: ['*'] })
    expect((await push('app', bearer)).status).toBe(401)
  })

  it('ends when its time is over', async () => {
    const secret = make('ci', { push: ['*'], expiresAt: Date.now() + 60_000 })
    const bearer = (await bearerOf(basic('ci', secret))).headers
    expect((await push('app', bearer)).status).toBe(202)
    tokens.set('ci', { ...(tokens.get('ci') as RegistryToken), expiresAt: Date.now() })
    expect((await push('app', bearer)).status).toBe(401)
    expect((await push('app', basic('ci', secret))).status).toBe(401)
  })

  it('makes bearer tokens that last for minutes', async () => {
    const bearer = (await bearerOf(basic('ci', make('ci', { push: ['*'] })))).headers
    clock = BEARER_SECONDS * 1000 - 1
    expect((await push('app', bearer)).status).toBe(202)
    clock = BEARER_SECONDS * 1000
    expect((await push('app', bearer)).status).toBe(401)
  })

  it('does not take an address from a client that could not be one', async () => {
    const answer = await push('app', { host: 'evil.example", realm="x' })
    expect(answer.headers['www-authenticate']).not.toContain('evil')
    const forwarded = await push('app', { host: 'registry.example', 'x-forwarded-proto': 'https' })
    expect(forwarded.headers['www-authenticate']).toContain('realm="https://registry.example/v2/token"')
  })
})

describe('a pattern of repositories', () => {
  it.each([
    ['app', 'app', true],
    ['app', 'app2', false],
    ['app*', 'app2', true],
    ['app*', 'app', true],
    ['*', 'any/thing', true],
    ['team/*', 'team/a/b', true],
    ['team/*', 'team', false],
    ['*/app', 'a/b/app', true],
    ['*/app', 'app', false],
    ['a*b*c', 'a-b-c', true],
    ['a*b*c', 'a-c-b', false],
    ['aa*a', 'aa', false],
    ['**', 'x', true],
    ['', '', true],
  ])('%s and %s: %s', (pattern, repository, covered) => {
    expect(coversRepository(pattern, repository)).toBe(covered)
  })

  it('is a name with stars in it', () => {
    for (const text of ['*', 'team/*', 'a.b/c-d_e*']) expect(isRepositoryPattern(text)).toBe(true)
    for (const text of ['', 'UPPER', '/app', 'a b', '?', 'x'.repeat(256)]) expect(isRepositoryPattern(text)).toBe(false)
  })
})

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseAuthChallenge } from './auth-challenge.ts'
import { dockerCredentials } from './registry-credentials.ts'

describe('dockerCredentials', () => {
  let folder: string
  let file: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sealift-credentials-'))
    file = join(folder, 'config.json')
  })

  afterEach(() => rm(folder, { recursive: true }))

  const auth = (text: string): { auth: string } => ({ auth: Buffer.from(text).toString('base64') })

  it('finds Docker Hub under its old address, and others under their host', async () => {
    const auths = {
      'https://index.docker.io/v1/': auth('hub:one'),
      'registry.example:5000': auth('ann:p:w'),
      'https://plain.example': { username: 'bob', password: '' },
      'empty.example': {},
    }
    await writeFile(file, JSON.stringify({ auths }))
    expect(await dockerCredentials('docker.io', file)).toEqual({ username: 'hub', password: 'one' })
    expect(await dockerCredentials('registry.example:5000', file)).toEqual({ username: 'ann', password: 'p:w' })
    expect(await dockerCredentials('plain.example', file)).toEqual({ username: 'bob', password: '' })
    expect(await dockerCredentials('empty.example', file)).toBeUndefined()
    expect(await dockerCredentials('registry.example', file)).toBeUndefined()
  })

  it('finds nothing where there is no file', async () => {
    expect(await dockerCredentials('docker.io', join(folder, 'none.json'))).toBeUndefined()
  })
})

describe('parseAuthChallenge', () => {
  it.each([
    [
      'Bearer realm="https://auth.example/token",service="registry.example",scope="repository:a/b:pull,push"',
      { scheme: 'bearer', realm: 'https://auth.example/token', service: 'registry.example', scope: 'repository:a/b:pull,push' },
    ],
    ['bearer realm = "a \\"b\\"" , error="invalid_token"', { scheme: 'bearer', realm: 'a "b"' }],
    ['Basic realm=site', { scheme: 'basic', realm: 'site' }],
    ['Negotiate', undefined],
    [undefined, undefined],
  ])('reads %s', (header, expected) => {
    expect(parseAuthChallenge(header)).toEqual(expected)
  })
})

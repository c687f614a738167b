import { digestOf } from '@sealift/oci/digest.ts'
import { expect, test } from 'vitest'
import { mergeChoices, parseChoices } from './choices.ts'
import { MemoryVault } from './memory-vault.ts'
import { sealChoices } from './seal-choices.ts'
import { testRelease } from './test-release.ts'

test('a values file is read whole', () => {
  const digest = digestOf('x')
  const values = {
    parameters: { domain: 'a.example', port: 8080, open: true },
    modules: { reporting: false },
    components: { app: { env: { A: 1, B: null }, files: { '/etc/app': { digest } }, resources: { memory: '1Gi' }, replicas: 2 } },
  }
  expect(parseChoices(values)).toEqual({
    parameters: { domain: 'a.example', port: '8080', open: 'true' },
    modules: { reporting: false },
    groups: {},
    components: { app: { env: { A: '1', B: null }, files: { '/etc/app': { digest } }, memory: '1Gi', replicas: 2 } },
  })
})

test.each([
  [{ parameter: {} }, '"parameter" is not known here, expected parameters, modules, groups, components'],
  [{ parameters: ['a'] }, 'parameters: expected names with values'],
  [{ parameters: { a: { b: 1 } } }, 'parameters: a: expected a text, a number, true or false'],
  [{ modules: { a: 'yes' } }, 'modules: a: expected true or false'],
  [{ components: { app: { memory: '1Gi' } } }, 'components: app: "memory" is not known here'],
  [{ components: { app: { replicas: -1 } } }, 'replicas: expected a number, found -1'],
  [{ components: { app: { files: { '/a': './a' } } } }, 'files: /a: expected names with values'],
])('a malformed one is refused: %j', (values, message) => expect(() => parseChoices(values)).toThrow(message))

test('later choices go before earlier ones, name by name', () => {
  const merged = mergeChoices(
    parseChoices({ parameters: { a: '1', b: '1' }, components: { app: { env: { X: '1', Y: '1' }, resources: { cpu: '1' } } } }),
    parseChoices({ parameters: { b: '2' }, components: { app: { env: { Y: '2' } } } }),
  )
  expect(merged).toMatchObject({ parameters: { a: '1', b: '2' }, components: { app: { env: { X: '1', Y: '2' }, cpu: '1' } } })
})

test('secret values go into the vault, the same one under the same name', async () => {
  const { vendor } = testRelease('1.0.0', 1, {
    parameters: [{ name: 'token', type: 'secret', required: true, min: 4 }],
    components: [{ name: 'app', workload: 'stateless', image: 'app:1', env: [{ name: 'KEY', value: 'x', secret: true }] }],
  })
  const vault = new MemoryVault()
  const choices = parseChoices({ parameters: { token: 'hunter22' }, components: { app: { env: { KEY: 'sesame' } } } })
  const sealed = await sealChoices(choices, { installation: 'shop', current: null, vendor, vault, store: async (content) => digestOf(content) })
  expect(JSON.stringify(sealed)).not.toMatch(/hunter22|sesame/)
  expect(await sealChoices(choices, { installation: 'shop', current: null, vendor, vault, store: async (content) => digestOf(content) })).toEqual(sealed)
  const token = sealed.parameters.token
  expect(await vault.get(typeof token === 'object' && token !== null ? token.secret : '')).toBe('hunter22')
  const short = parseChoices({ parameters: { token: 'abc' } })
  await expect(sealChoices(short, { installation: 'shop', current: null, vendor, vault, store: async (content) => digestOf(content) })).rejects.toMatchObject({
    code: 'PARAMETER_INVALID',
  })
})

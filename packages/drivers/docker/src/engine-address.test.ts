import { expect, test } from 'vitest'
import { defaultEngineAddress, isLocalAddress, parseEngineAddress } from './engine-address.ts'

test.each([
  ['unix:///run/docker.sock', { kind: 'unix', path: '/run/docker.sock' }, true],
  ['/run/podman/podman.sock', { kind: 'unix', path: '/run/podman/podman.sock' }, true],
  ['tcp://127.0.0.1:2375', { kind: 'tcp', host: '127.0.0.1', port: 2375 }, true],
  ['tcp://[::1]:2375', { kind: 'tcp', host: '::1', port: 2375 }, true],
  ['tcp://engine.example:2375/', { kind: 'tcp', host: 'engine.example', port: 2375 }, false],
  ['tcp://127.0.0.1.example:2375', { kind: 'tcp', host: '127.0.0.1.example', port: 2375 }, false],
])('%s is understood', (text, expected, local) => {
  const address = parseEngineAddress(text)
  expect(address).toMatchObject(expected)
  expect(isLocalAddress(address)).toBe(local)
})

test.each(['', 'unix://run/docker.sock', 'tcp://host', 'tcp://host:0', 'tcp://host:99999', 'tcp://user@host:1', 'ssh://host', 'npipe:////./pipe/x'])(
  '%j is refused and named',
  (text) => {
    expect(() => parseEngineAddress(text)).toThrow(expect.objectContaining({ code: 'ENGINE_ADDRESS_INVALID', message: expect.stringContaining(text) }))
  },
)

test('the usual address is what DOCKER_HOST says, else the usual socket', () => {
  expect(defaultEngineAddress({ DOCKER_HOST: 'tcp://10.0.0.1:1' })).toBe('tcp://10.0.0.1:1')
  expect(defaultEngineAddress({ DOCKER_HOST: '' })).toBe('unix:///var/run/docker.sock')
})

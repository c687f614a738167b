import type { WantedComponent } from '@sealift/deploy/driver.ts'
import { digestOf } from '@sealift/oci/digest.ts'
import { expect, test } from 'vitest'
import { holderSpec, logConfigFor, mainSpec, podHash } from './container-spec.ts'
import type { EngineInfo } from './engine-types.ts'

const wanted: WantedComponent = {
  installation: 'shop',
  name: 'web',
  workload: 'stateless',
  image: { reference: 'nginx', localName: 'sealift.local/nginx:1', config: digestOf('config'), diffIds: [] },
  env: { A: '1' },
  ports: [{ name: 'http', port: 80, protocol: 'tcp', hostPort: 8080 }],
  volumes: [],
  files: [],
  replicas: 2,
  stopGrace: 10,
  privileged: false,
  capabilities: { add: [], drop: [] },
  ulimits: {},
  sysctls: { 'net.core.somaxconn': '1', 'kernel.msgmax': '2' },
  extraHosts: {},
  labels: { 'dev.sealift.role': 'holder', team: 'x' },
  hash: 'h',
}

test.each<[string, Partial<WantedComponent>, boolean]>([
  ['an environment value', { env: { A: '2' }, hash: 'other' }, true],
  ['a kernel setting of the program', { sysctls: { 'net.core.somaxconn': '1', 'kernel.msgmax': '3' } }, true],
  ['a host port', { ports: [{ name: 'http', port: 80, protocol: 'tcp', hostPort: 8081 }] }, false],
  ['a network setting', { sysctls: { 'net.core.somaxconn': '2' } }, false],
  ['a host name', { hostname: 'till' }, false],
  ['an extra host', { extraHosts: { a: '10.0.0.1' } }, false],
])('the holder stays when only %s changes: %s', (_what, change, stays) => {
  expect(podHash({ ...wanted, ...change }, 0) === podHash(wanted, 0)).toBe(stays)
})

test('the first replica has the host port, and no label passes for one of the driver', () => {
  const settings = { holderImage: 'holder', devices: [] }
  expect(holderSpec(wanted, 0, settings).HostConfig.PortBindings).toEqual({ '80/tcp': [{ HostIp: '', HostPort: '8080' }] })
  expect(holderSpec(wanted, 1, settings).HostConfig.PortBindings).toEqual({})
  expect(mainSpec(wanted, 0, 'id', settings).Labels).toMatchObject({ 'dev.sealift.role': 'main', team: 'x' })
  expect(mainSpec(wanted, 0, 'id', settings).HostConfig).toMatchObject({ NetworkMode: 'container:id', Sysctls: { 'kernel.msgmax': '2' } })
})

test('logs are rotated where the engine writes files, and nothing else is changed', () => {
  const info = (LoggingDriver: string): EngineInfo => ({ LoggingDriver, DockerRootDir: '/', Driver: 'overlay2', MemTotal: 1, NCPU: 1, OperatingSystem: '' })
  expect(logConfigFor(info('json-file'))).toMatchObject({ Type: 'json-file', Config: { 'max-size': '10m' } })
  expect(logConfigFor(info('journald'))).toBeUndefined()
})

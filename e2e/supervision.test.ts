import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { Event } from '@sealift/api/event.ts'
import type { InstallationStatus } from '@sealift/api/installation.ts'
import { startEngine } from '@sealift/testbed/engine.ts'
import { afterAll, afterEach, beforeAll, describe, expect, inject, it, vi } from 'vitest'
import { kioskMissing, kioskVendor, writeKiosk } from './fixtures/kiosk.ts'
import { engineOptions } from './fixtures/run-folder.ts'
import type { Running, Sealift } from './fixtures/sealift.ts'
import { openSite, type Site } from './fixtures/site.ts'

const missing = await kioskMissing()
const PROGRAM = join(import.meta.dirname, '../sealift')
/** A counter that tells how often it was started, and is dead when its file is gone. */
const COUNTER = [
  'sh',
  '-c',
  'n=$(busybox cat /starts || echo 0); n=$((n+1)); echo $n >/starts; busybox touch /alive; echo start $n; exec busybox sleep 1000000',
]

describe.skipIf(missing !== undefined)(`supervision${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  let site: Site
  let sealift: Sealift
  let server: Running

  const up = async (): Promise<void> => {
    server = sealift.start('up', '--listen', '127.0.0.1:0')
    await server.seen('Sealift is up')
  }
  const status = (): Promise<InstallationStatus> => sealift.json<InstallationStatus>('status', 'kiosk')
  const container = (component: string): string => `sealift.kiosk.${component}.0`
  const inspect = async (component: string, format: string): Promise<string> =>
    (await site.engine.docker('inspect', '--format', format, container(component))).trim()
  const reasons = async (component: string): Promise<string[]> =>
    (await sealift.json<Event[]>('events', 'kiosk')).filter((event) => event.component === component).map(({ reason }) => reason)
  /** Looks until it is so. The bound ends a test that would hang; it says nothing about speed. */
  const until = (condition: () => Promise<boolean>): Promise<unknown> => vi.waitUntil(() => condition().catch(() => false), { timeout: 180_000, interval: 500 })
  const untilHealthy = (): Promise<unknown> => until(async () => (await status()).health === 'healthy')

  beforeAll(async () => {
    site = await openSite()
    await site.clear()
    const vendor = await kioskVendor('supervision')
    const liveness = 'liveness: {exec: [busybox, test, -f, /alive], interval: 1s, timeout: 3s, failureThreshold: 2}'
    const change = (yaml: string): string =>
      yaml.replace('probes: {readiness: {exec: [busybox, test, -d, /bin]', `probes: {${liveness}, readiness: {exec: [busybox, test, -d, /bin]`)
    await vendor.json('publish', writeKiosk('supervised', { counter: COUNTER, change }))
    const bundle = `${vendor.data}.sealift`
    await vendor.json('export', 'kiosk@1.0.0', '--out', bundle, '--overwrite')
    const [key] = await vendor.json<{ fingerprint: string }[]>('keys', 'list')
    sealift = site.sealift('supervision')
    await sealift.json('import', bundle, '--trust', key?.fingerprint ?? '')
    await sealift.json('install', 'kiosk', '--set', 'port=8090')
    await up()
  })
  afterEach(untilHealthy)
  afterAll(async () => {
    await server?.kill()
    await site?.clear()
  })

  it('brings back a process that was killed, a container that was stopped, and one that was removed', async () => {
    const pid = await inspect('till', '{{.State.Pid}}')
    process.kill(Number(pid), 'SIGKILL')
    await site.engine.docker('stop', '--time', '0', container('counter'))
    await site.engine.docker('rm', '--force', container('sign'))
    await until(async () => (await inspect('till', '{{.State.Pid}}')) !== pid)
    await until(async () => (await inspect('sign', '{{.State.Running}}')) === 'true')
    await untilHealthy()
    expect(await reasons('sign')).toEqual(expect.arrayContaining(['Exited', 'Restarted']))
    expect(await site.request('http://127.0.0.1:8090/')).toMatchObject({ status: 200 })
  })

  it('undoes what was changed: limits, a pause, the network', async () => {
    await site.engine.docker('update', '--memory', '64m', '--memory-swap', '128m', container('till'))
    await site.engine.docker('pause', container('counter'))
    await site.engine.docker('network', 'disconnect', '--force', 'sealift-kiosk', `${container('sign')}.pod`)
    await until(async () => (await inspect('till', '{{.HostConfig.Memory}}')) === '0')
    await until(async () => (await inspect('counter', '{{.State.Paused}}')) === 'false')
    await untilHealthy()
    expect(await site.request('http://127.0.0.1:8090/')).toMatchObject({ status: 200 })
    expect(await reasons('till')).toEqual(expect.arrayContaining(['Drifted', 'Healed']))
  })

  it('restarts what its liveness probe finds dead, and its log is followed over that', async () => {
    const starts = Number(await site.engine.docker('exec', container('counter'), 'busybox', 'cat', '/starts'))
    const following = sealift.start('logs', 'kiosk', 'counter', '--follow')
    await following.seen(`start ${starts}\n`)
    await site.engine.docker('exec', container('counter'), 'busybox', 'rm', '/alive')
    await following.seen(`start ${starts + 1}\n`)
    await following.kill('SIGTERM')
    expect(await reasons('counter')).toEqual(expect.arrayContaining(['LivenessFailed', 'Restarted']))
  })

  it('tells of lost data, and goes on with none', async () => {
    await site.engine.docker('rm', '--force', container('till'))
    await site.engine.docker('volume', 'rm', '--force', 'kiosk.till.cash.1').catch(() => {})
    await untilHealthy()
    const lost = (await reasons('till')).includes('VolumeLost')
    // Supervision may have been quicker than the removal: then there is no loss to tell of.
    expect((await status()).notices.some((notice) => notice.includes('data is gone'))).toBe(lost)
  })

  it('leaves stopped what was stopped by hand, over a restart of the program and of the engine, and brings up the rest', async () => {
    await sealift.json('stop', 'kiosk', 'sign')
    await server.kill()
    await site.engine.stop({ now: true })
    await startEngine(engineOptions(inject('runFolder')))
    await up()
    await until(async () => {
      const { components } = await status()
      return components.every(({ name, health }) => health === (name === 'sign' ? 'stopped' : 'healthy'))
    })
    await sealift.json('start', 'kiosk')
    await untilHealthy()
    expect(await site.request('http://127.0.0.1:8090/')).toMatchObject({ status: 200 })
  })

  it('says that the engine is gone, and takes up again when it is back', async () => {
    await site.engine.stop({ now: true })
    await until(async () => (await status()).health === 'unknown')
    await startEngine(engineOptions(inject('runFolder')))
    await untilHealthy()
    const told = (await sealift.json<Event[]>('events', 'kiosk')).map(({ reason }) => reason)
    expect(told).toEqual(expect.arrayContaining(['EngineLost', 'EngineBack']))
    expect(await site.request('http://127.0.0.1:8090/')).toMatchObject({ status: 200 })
  })

  it('runs commands inside, with input, output, exit code, and a terminal', async () => {
    const { code, stdout, stderr } = await sealift.run('exec', 'kiosk', 'till', '--no-stdin', '--', 'sh', '-c', 'echo out; echo err >&2; exit 7')
    expect([code, stdout, stderr]).toEqual([7, 'out\n', 'err\n'])
    expect(await sealift.json('exec', 'kiosk', 'till', 'busybox', 'echo', 'hello')).toEqual({ exitCode: 0, stdout: 'hello\n', stderr: '' })
    // A terminal of 132 columns, as a person's is; the command takes its size a moment after it has begun.
    const words = `stty cols 132 rows 50; ${PROGRAM} exec kiosk till -- sh -c 'busybox sleep 1; busybox stty size; exit 9'`
    const child = spawn('script', ['--quiet', '--return', '--command', words, '/dev/null'], {
      env: { ...process.env, SEALIFT_DATA: sealift.data, DOCKER_HOST: site.engine.host },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const [terminal, [exitCode]] = await Promise.all([text(child.stdout), once(child, 'exit')])
    expect([terminal.trim(), exitCode]).toEqual(['50 132', 9])
  })
})

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { InstallationStatus } from '@sealift/api/installation.ts'
import type { Plan } from '@sealift/api/plan.ts'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { KIOSK_IMAGE, kioskMissing, kioskVendor } from './fixtures/kiosk.ts'
import type { Running, Sealift } from './fixtures/sealift.ts'
import { openSite, type Site } from './fixtures/site.ts'

const missing = await kioskMissing()

/** How the releases of the workshop differ. */
interface WorkshopOptions {
  readonly version: string
  readonly rate?: number
  readonly text?: string
  readonly prepare?: string
}

/** A small application in which every kind of container that goes with a component has work to do. */
function workshop({ version, rate = 1, text = 'open', prepare = 'echo $ROLE >/data/prepared' }: WorkshopOptions): string {
  const probe = (port: string): string => `{readiness: {http: {port: ${port}, path: /}, interval: 1s, timeout: 3s, failureThreshold: 30}, gate: 60s}`
  return `apiVersion: sealift.dev/v1
kind: Application
name: workshop
release: {version: ${version}}
parameters: [{name: directory, type: string, default: 127.0.0.1}]
plugins:
  - name: meter
    version: ${version}
    image: ${KIOSK_IMAGE}
    command: [sh, -c, 'busybox mkdir -p /www; echo "$SEALIFT_PLUGIN_CONFIG" >/www/index.html; exec busybox httpd -f -p 9000 -h /www']
    ports: [{name: meter, port: 9000, public: {kind: http, hostPort: 9090}}]
    config: {target: "http://\${self.host}:\${self.ports.http}", rate: 0}
components:
  - name: directory
    workload: external
    address: "\${parameters.directory}"
    ports: [{name: ldap, port: 3890}]
    connection: [{name: DIRECTORY, value: "\${self.host}:\${self.ports.ldap}"}]
    probes: {readiness: {tcp: {port: ldap}, interval: 1s}, gate: 5s}
  - name: store
    workload: stateful
    image: ${KIOSK_IMAGE}
    user: "1000"
    group: "1000"
    fsGroup: 2000
    stableIdentity: true
    stopSignal: SIGKILL
    scaling: {min: 2, max: 3}
    volumes: [{name: data, path: /data, size: 16Mi}]
    initContainers: [{name: prepare, command: [sh, -c, ${JSON.stringify(prepare)}], env: [{name: ROLE, value: "\${self.name}"}]}]
    command: [sh, -c, 'busybox hostname >/data/index.html; exec busybox httpd -f -p 8080 -h /data']
    ports: [{name: http, port: 8080}]
    probes: ${probe('http')}
  - name: web
    workload: stateless
    image: ${KIOSK_IMAGE}
    stopSignal: SIGKILL
    scaling: {min: 2, max: 4}
    dependsOn: [{component: directory, wait: healthy}, {component: store}]
    env: [{name: TEXT, value: ${JSON.stringify(text)}, onUpgrade: follow}]
    command: [sh, -c, 'busybox mkdir -p /www; echo "$TEXT $DIRECTORY" >/www/index.html; exec busybox httpd -f -p 8080 -h /www']
    ports: [{name: http, port: 8080}]
    plugins: [{name: meter, config: {rate: ${rate}}}]
    probes: ${probe('http')}
  - name: tidy
    workload: cron
    image: ${KIOSK_IMAGE}
    schedule: "* * * * *"
    timezone: Europe/Berlin
    command: [sh, -c, 'echo tidied for $DIRECTORY']
    dependsOn: [{component: directory}]
`
}

const RELEASES: readonly WorkshopOptions[] = [
  { version: '1.0.0' },
  { version: '1.1.0', rate: 5 },
  { version: '1.2.0', rate: 5, text: 'closed' },
  { version: '1.3.0', rate: 5, text: 'closed', prepare: 'echo no such table >&2; exit 3' },
]

describe.skipIf(missing !== undefined)(`every kind of container${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  let site: Site
  let sealift: Sealift
  let directory: { stop(): Promise<void> } | undefined

  beforeAll(async () => {
    site = await openSite()
    await site.clear()
    const vendor = await kioskVendor('workshop')
    const folder = join(inject('runFolder'), 'workshop')
    mkdirSync(folder, { recursive: true })
    const bundle = join(folder, 'workshop.sealift')
    for (const release of RELEASES) {
      const path = join(folder, `${release.version}.yaml`)
      writeFileSync(path, workshop(release))
      await vendor.json('publish', path)
    }
    const [key] = await vendor.json<{ fingerprint: string }[]>('keys', 'list')
    sealift = site.sealift('workshop')
    for (const { version } of RELEASES) {
      await vendor.json('export', `workshop@${version}`, '--out', bundle, '--overwrite')
      await sealift.json('import', bundle, '--trust', key?.fingerprint ?? '')
    }
    directory = await site.spawnInside(`require('net').createServer().listen(3890, '127.0.0.1', () => console.log('listening'))`)
  })
  afterAll(async () => {
    await directory?.stop()
    await site.clear()
  })

  const status = (): Promise<InstallationStatus> => sealift.json('status', 'workshop')
  const run = (container: string, ...command: readonly string[]): Promise<string> => site.engine.docker('exec', `sealift.workshop.${container}`, ...command)
  const idOf = (container: string): Promise<string> => site.engine.docker('inspect', '--format', '{{.Id}}', `sealift.workshop.${container}`)
  const page = async (url: string): Promise<string> => (await run('web.0', 'busybox', 'wget', '-qO-', url)).trim()

  it('is installed', async () => {
    await sealift.json('install', 'workshop@1.0.0')
    expect(await status()).toMatchObject({ health: 'healthy' })
  })

  it('replicas of a stable identity have a name, a place in DNS and volumes of their own, which belong to the group', async () => {
    for (const index of [0, 1]) {
      expect(await page(`http://store-${index}:8080/`)).toBe(`store-${index}`)
      expect((await run(`store.${index}`, 'busybox', 'cat', '/data/prepared')).trim()).toBe('store')
      expect((await run(`store.${index}`, 'busybox', 'stat', '-c', '%g %a', '/data')).trim()).toBe('2000 2775')
      expect(await run(`store.${index}`, 'busybox', 'id', '-G')).toContain('2000')
    }
    const volumes = (await site.engine.docker('volume', 'ls', '--quiet')).split('\n').filter((name) => name.startsWith('workshop.store'))
    expect(volumes.toSorted()).toEqual(['workshop.store.data.1', 'workshop.store.data.1.1'])
  })

  it('what the site has itself is told to those that use it, and shown', async () => {
    expect(await page('http://web:8080/')).toBe('open 127.0.0.1:3890')
    const found = (await status()).components.find(({ name }) => name === 'directory')
    expect(found).toMatchObject({ workload: 'external', health: 'healthy', addresses: ['127.0.0.1'] })
  })

  it('a plugin runs in the network of its component, with its configuration, and on the port that it opens', async () => {
    const config = { target: 'http://web:8080', rate: 1 }
    expect(JSON.parse(await page('http://127.0.0.1:9000/'))).toEqual(config)
    expect(JSON.parse((await site.request('http://127.0.0.1:9090/')).body)).toEqual(config)
  })

  it('a change of the plugin replaces it alone', async () => {
    const before = await Promise.all(['web.0', 'web.1', 'store.0'].map(idOf))
    const plan = await sealift.json<Plan>('plan', 'workshop', '--to', '1.1.0')
    expect(plan.items.filter(({ component }) => component === 'web')).toMatchObject([{ kind: 'plugin', name: 'meter', restart: false }])
    await sealift.json('upgrade', 'workshop', '--to', '1.1.0')
    expect(await Promise.all(['web.0', 'web.1', 'store.0'].map(idOf))).toEqual(before)
    expect(JSON.parse(await page('http://127.0.0.1:9000/'))).toMatchObject({ rate: 5 })
  })

  it('a change of the component goes round its replicas, and leaves plugins and network as they are', async () => {
    const kept = ['web.0.pod', 'web.1.pod', 'web.0.plugin.meter', 'web.1.plugin.meter', 'store.0', 'store.1']
    const before = await Promise.all(kept.map(idOf))
    const main = await idOf('web.0')
    const { stderr } = await sealift.run('upgrade', 'workshop', '--to', '1.2.0')
    expect(stderr).toContain('Replacing 1 of 2 replicas')
    expect(await Promise.all(kept.map(idOf))).toEqual(before)
    expect(await idOf('web.0')).not.toBe(main)
    expect(await page('http://web:8080/')).toBe('closed 127.0.0.1:3890')
  })

  it('an init container that fails takes the change back, with what it printed', async () => {
    const { error } = await sealift.failure('upgrade', 'workshop', '--to', '1.3.0')
    expect(error.message).toMatch(/init container prepare ended with 3.*no such table/s)
    expect(await status()).toMatchObject({ health: 'healthy', version: '1.2.0' })
    expect(await page('http://store-1:8080/')).toBe('store-1')
  })

  it('what the site has itself is waited for, and its absence named', async () => {
    await directory?.stop()
    directory = undefined
    const { error } = await sealift.failure('configure', 'workshop', 'web', '--env-var', 'TEXT=late')
    expect(error.message).toContain('component directory, which the site has itself at 127.0.0.1, does not answer')
    expect((await status()).components.find(({ name }) => name === 'directory')).toMatchObject({ health: 'failed' })
  })

  describe('with a server', () => {
    let server: Running

    beforeAll(async () => {
      server = sealift.start('up', '--listen', '127.0.0.1:7171')
      await server.seen('7171')
    })
    afterAll(async () => {
      await server.kill('SIGTERM')
    })

    it('what runs by a schedule runs when it is due, and says how it went', async () => {
      const last = async () => (await status()).components.find(({ name }) => name === 'tidy')?.schedule?.last
      const end = Date.now() + 100_000
      while ((await last())?.outcome !== 'succeeded' && Date.now() < end) await sleep(2000)
      expect(await last()).toMatchObject({ outcome: 'succeeded', exitCode: 0 })
      expect(await sealift.text('logs', 'workshop', 'tidy')).toContain('tidied for 127.0.0.1:3890')
      expect(await sealift.text('status', 'workshop')).toMatch(/tidy runs next at .*\(Europe\/Berlin\)\. The last run, due\s+at.*,\s+ended\s+with\s+0\./s)
    })
  })

  it('uninstalling takes all of it away', async () => {
    await sealift.json('uninstall', 'workshop', '--delete-data', '--yes')
    expect((await site.engine.docker('ps', '--all', '--quiet')).trim()).toBe('')
    expect(await site.engine.docker('volume', 'ls', '--quiet')).not.toContain('workshop')
  })
})

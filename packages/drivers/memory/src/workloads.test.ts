import { testConfig, testRelease } from '@sealift/deploy/test-release.ts'
import type { Template } from '@sealift/template/schema/template.ts'
import { beforeEach, describe, expect, test } from 'vitest'
import { TestSite } from './test-site.ts'

type Component = Template['components'][number]
type Body = Parameters<typeof testRelease>[2]

let site: TestSite

beforeEach(() => {
  site = new TestSite()
})

const web = (more: Partial<Component> = {}): Component => ({ name: 'web', workload: 'stateless', image: 'web:1', ...more })
const PROBE = { readiness: { tcp: { port: 80 }, interval: '1s' } } as const

async function install(body: Body, choices = {}) {
  return site.execute(await site.planInstall(testRelease('1.0.0', 1, body), choices))
}

async function upgrade(body: Body) {
  return site.execute(await site.planUpgrade(testRelease('2.0.0', 2, body)))
}

/** What each replica runs, in order. */
const replicas = (): readonly string[] => site.engine.replicas('shop', 'web').map(({ wanted }) => wanted.image.reference)

/** What the replicas ran at each change of them, while something is done. */
async function watched(work: () => Promise<unknown>): Promise<readonly string[]> {
  const seen: string[] = []
  const set = site.engine.setReplicas.bind(site.engine)
  site.engine.setReplicas = (installation, component, after) => {
    set(installation, component, after)
    const line = after.map(({ wanted, stoppedAt }) => (stoppedAt === undefined ? wanted.image.reference : '-')).join(' ')
    if (seen.at(-1) !== line) seen.push(line)
  }
  await work()
  site.engine.setReplicas = set
  return seen
}

describe('an update', () => {
  const several = (image: string, more: Partial<Component> = {}): Body => ({
    components: [web({ image, scaling: { min: 3, max: 5 }, probes: PROBE, ...more })],
  })

  test('of a stateless component replaces one replica after the other', async () => {
    await install(several('web:1'))
    expect(await watched(() => upgrade(several('web:2')))).toEqual(['web:2 web:1 web:1', 'web:2 web:2 web:1', 'web:2 web:2 web:2'])
  })

  test('waits for the health of each before the next, and leaves the others where one does not get healthy', async () => {
    await install(several('web:1'))
    site.engine.behaviours.set(testConfig('web:2'), { readyAfter: 'never' })
    const seen = await watched(async () => expect((await upgrade(several('web:2'))).outcome).toBe('returned'))
    expect(seen).toEqual(['web:2 web:1 web:1', 'web:1 web:1 web:1'])
  })

  test('replaces as many at a time as may be missing', async () => {
    const update = { strategy: 'rolling', maxUnavailable: 2 } as const
    await install(several('web:1', { update }))
    const seen = await watched(() => upgrade(several('web:2', { update })))
    expect(seen).toEqual(['web:2 web:1 web:1', 'web:2 web:2 web:1', 'web:2 web:2 web:2'])
    const ready = site.events.filter(({ message }) => message.startsWith('Replacing')).map(({ message }) => message)
    expect(ready).toEqual(['Replacing 2 of 3 replicas, 1 to follow.', 'Replacing 1 of 3 replicas, 0 to follow.'])
  })

  test('starts further replicas first where none may be missing, and takes them away again', async () => {
    const update = { strategy: 'rolling', maxUnavailable: 0, maxSurge: 1 } as const
    await install(several('web:1', { update }))
    const seen = await watched(() => upgrade(several('web:2', { update })))
    expect(seen[0]).toBe('web:1 web:1 web:1 web:2')
    expect(seen.at(-1)).toBe('web:2 web:2 web:2')
  })

  test('starts no further replica where two would write to the data of one', async () => {
    const more = { update: { strategy: 'rolling', maxUnavailable: 1, maxSurge: 1 }, volumes: [{ name: 'data', path: '/data' }] } as const
    const body = (image: string): Body => several(image, { ...more, volumes: [...more.volumes] })
    await install(body('web:1'))
    expect((await watched(() => upgrade(body('web:2')))).every((line) => line.split(' ').length === 3)).toBe(true)
  })

  test('by recreation stops all before it starts any', async () => {
    const body = (image: string): Body => several(image, { update: { strategy: 'recreate' } })
    await install(body('web:1'))
    expect((await watched(() => upgrade(body('web:2'))))[0]).toBe('- - -')
    expect(replicas()).toEqual(['web:2', 'web:2', 'web:2'])
  })

  test('that was cut off goes on with those that are left, once the replaced ones are healthy', async () => {
    await install(several('web:1'))
    const plan = await site.planUpgrade(testRelease('2.0.0', 2, several('web:2')))
    let brought = 0
    site.engine.fault = (verb) => (verb === 'ensureComponent' && ++brought === 2 ? 'hang' : undefined)
    void site.execute(plan, {}, 'cut')
    await expect.poll(() => brought).toBe(2)
    expect(replicas()).toEqual(['web:2', 'web:1', 'web:1'])
    site.engine.fault = undefined
    expect((await site.resume('cut')).outcome).toBe('done')
    expect(replicas()).toEqual(['web:2', 'web:2', 'web:2'])
  })

  test('of the number alone leaves those that stay as they are', async () => {
    await install(several('web:1'))
    const before = site.engine.replicas('shop', 'web')
    const plan = await site.planConfigure({ components: { web: { env: {}, files: {}, replicas: 5 } } })
    expect(plan.items).toMatchObject([{ kind: 'replicas', restart: false }])
    await site.execute(plan)
    expect(site.engine.replicas('shop', 'web').slice(0, 3)).toEqual(before)
    expect(replicas()).toHaveLength(5)
  })
})

describe('init containers', () => {
  test('run before their component, with its variables', async () => {
    const initContainers = [{ name: 'fetch', image: 'init:1', env: [{ name: 'FROM', value: '${self.name}' }] }]
    await install({ components: [web({ initContainers, env: [{ name: 'A', value: '1' }] })] })
    expect(site.engine.initialized).toEqual(['web/0/fetch'])
    expect(site.engine.replicas('shop', 'web')[0]?.wanted.initContainers?.[0]?.env).toEqual({ A: '1', FROM: 'web' })
    expect([...site.engine.images.values()].map(({ reference }) => reference)).toContain('init:1')
  })

  test('that fail make the change fail, with what they printed', async () => {
    site.engine.behaviours.set(testConfig('init:1'), { exitCode: 2, output: ['no such table'] })
    const { outcome, reason } = await install({ components: [web({ initContainers: [{ name: 'fetch', image: 'init:1' }] })] })
    expect([outcome, reason?.code, reason?.message]).toEqual(['failed', 'INIT_FAILED', expect.stringContaining('no such table')])
  })

  test('that take longer than the gate of their component make the change fail', async () => {
    site.engine.behaviours.set(testConfig('init:1'), { exitAfter: 60_000 })
    const { reason } = await install({ components: [web({ initContainers: [{ name: 'fetch', image: 'init:1' }], probes: { gate: '20s' } })] })
    expect(reason?.message).toContain('init container fetch did not end within 20 seconds')
  })
})

describe('a plugin', () => {
  const plugins = [{ name: 'meter', version: '1.0.0', image: 'meter:1', config: { target: 'http://${self.host}:${self.ports.http}', rate: 1 } }]
  const body = (rate: number): Body => ({
    plugins,
    components: [web({ env: [{ name: 'A', value: '0' }], ports: [{ name: 'http', port: 80 }], plugins: [{ name: 'meter', config: { rate } }] })],
  })

  test('is given its configuration with values in the place of names', async () => {
    await install(body(5))
    const [plugin] = site.engine.replicas('shop', 'web')[0]?.wanted.plugins ?? []
    expect(JSON.parse(plugin?.env.SEALIFT_PLUGIN_CONFIG ?? '')).toEqual({ target: 'http://web:80', rate: 5 })
  })

  test('is replaced alone when only it changed, and the plan says so', async () => {
    await install(body(5))
    const [before] = site.engine.replicas('shop', 'web')
    const plan = await site.planUpgrade(testRelease('2.0.0', 2, body(9)))
    expect(plan.items.filter(({ component }) => component === 'web')).toMatchObject([{ kind: 'plugin', name: 'meter', effect: 'changed', restart: false }])
    await site.execute(plan)
    const [after] = site.engine.replicas('shop', 'web')
    expect(after?.startedAt).toBe(before?.startedAt)
    expect(after?.plugins.get('meter')?.hash).not.toBe(before?.plugins.get('meter')?.hash)
  })

  test('stays when only its component changed', async () => {
    await install(body(5))
    const [before] = site.engine.replicas('shop', 'web')
    await site.execute(await site.planConfigure({ components: { web: { env: { A: '1' }, files: {} } } }))
    expect(site.engine.replicas('shop', 'web')[0]?.plugins).toEqual(before?.plugins)
    expect(site.env('web')).toEqual({ A: '1' })
  })

  test('is as it was after going back', async () => {
    await install(body(5))
    const [before] = site.engine.replicas('shop', 'web')
    await upgrade(body(9))
    await site.execute(await site.planRollback())
    expect(site.engine.replicas('shop', 'web')[0]?.plugins.get('meter')?.hash).toBe(before?.plugins.get('meter')?.hash)
  })

  test('has its public port opened, where it is free', async () => {
    const open = [{ name: 'meter', version: '1.0.0', image: 'meter:1', ports: [{ name: 'ui', port: 9000, public: { kind: 'http' as const } }] }]
    await install({ plugins: open, components: [web({ plugins: [{ name: 'meter' }], ports: [{ name: 'ui', port: 80, public: { kind: 'http' } }] })] })
    const [replica] = site.engine.replicas('shop', 'web')
    expect([replica?.wanted.ports[0]?.hostPort, replica?.wanted.plugins?.[0]?.ports[0]?.hostPort]).toEqual([30_000, 30_001])
  })
})

describe('what the site has itself', () => {
  const body: Body = {
    parameters: [{ name: 'directory', type: 'string', required: true }],
    components: [
      {
        name: 'directory',
        workload: 'external',
        address: '${parameters.directory}',
        ports: [{ name: 'ldap', port: 389 }],
        connection: [{ name: 'LDAP_URL', value: 'ldap://${self.host}:${self.ports.ldap}' }],
        probes: { readiness: { tcp: { port: 'ldap' }, interval: '1s' }, gate: '10s' },
      },
      web({ dependsOn: [{ component: 'directory', wait: 'healthy' }], command: ['serve', '${components.directory.host}'] }),
    ],
  }
  const parameters = { directory: 'ldap.example' }

  test('is told to those that use it', async () => {
    site.engine.addresses.add('ldap.example')
    expect((await install(body, { parameters })).outcome).toBe('done')
    expect(site.env('web')).toEqual({ LDAP_URL: 'ldap://ldap.example:389' })
    expect(site.engine.replicas('shop', 'web')[0]?.wanted.command).toEqual(['serve', 'ldap.example'])
  })

  test('is waited for, and not for ever', async () => {
    const { outcome, reason } = await install(body, { parameters })
    expect(outcome).toBe('failed')
    expect(reason).toMatchObject({ code: 'COMPONENT_UNHEALTHY', message: expect.stringContaining('ldap.example, does not answer: connection refused') })
  })
})

describe('what runs by a schedule', () => {
  const body = (image: string): Body => ({ components: [web(), { name: 'tidy', workload: 'cron', image, schedule: '0 3 * * *' }] })

  test('starts nothing when it is installed, and is not touched when nothing changed', async () => {
    await install(body('tidy:1'))
    expect(Object.keys(site.running())).toEqual(['web'])
    expect((await site.planUpgrade(testRelease('1.0.0', 1, body('tidy:1')))).steps).toEqual([])
    expect((await site.planUpgrade(testRelease('2.0.0', 2, body('tidy:2')))).steps.map(({ id }) => id)).toContain('component tidy')
  })
})

test('components that use others are stopped before them', async () => {
  const components: Component[] = [web({ dependsOn: [{ component: 'db' }] }), { name: 'db', workload: 'stateful', image: 'db:1' }]
  await install({ components })
  site.takeCalls()
  await site.execute(await site.planUninstall())
  expect(site.takeCalls().filter((call) => call.startsWith('remove'))).toEqual(['removeComponent web', 'removeComponent db', 'removeInstallation shop'])
})

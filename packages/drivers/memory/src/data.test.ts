import { snapshotsOf } from '@sealift/deploy/plan/data-choice.ts'
import type { Plan } from '@sealift/deploy/plan/plan.ts'
import { snapshotSets } from '@sealift/deploy/snapshot.ts'
import { type TestRelease, testConfig, testRelease } from '@sealift/deploy/test-release.ts'
import type { Template } from '@sealift/template/schema/template.ts'
import { describe, expect, test } from 'vitest'
import { MemoryDriver } from './memory-driver.ts'
import { TestSite } from './test-site.ts'

type Component = Template['components'][number]

const db = (version: number, more: Partial<Component> = {}): Component => ({
  name: 'db',
  workload: 'stateful',
  image: `db:${version}`,
  volumes: [{ name: 'data', path: '/data' }],
  data: 'forwardOnly',
  probes: { readiness: { exec: ['ping'], interval: '1s' } },
  ...more,
})
const app = (version: number, more: Partial<Component> = {}): Component => ({
  name: 'app',
  workload: 'stateless',
  image: `app:${version}`,
  dependsOn: [{ component: 'db' }],
  probes: { readiness: { exec: ['ping'], interval: '1s' } },
  ...more,
})

/** Release 1, 2, …: each writes its own letter into the data when it starts. */
function release(version: number, components: readonly Component[] = [db(version), app(version)]): TestRelease {
  return testRelease(`${version}.0.0`, version, { components: [...components] })
}

async function installed(first = release(1)): Promise<TestSite> {
  const site = new TestSite()
  for (const version of [1, 2, 3, 4, 5, 6]) site.engine.behaviours.set(testConfig(`db:${version}`), { writes: `${version}` })
  const result = await site.execute(await site.planInstall(first))
  if (result.outcome !== 'done') throw result.reason ?? new Error(result.outcome)
  site.takeCalls()
  return site
}

const mounted = (site: TestSite): string => site.engine.replicas('shop', 'db')[0]?.wanted.volumes[0]?.targetName ?? ''
const data = (site: TestSite): string => site.engine.data.get(mounted(site)) ?? ''
const ids = ({ steps }: Plan): readonly string[] => steps.map(({ id }) => id)
const effects = ({ items }: Plan): readonly string[] =>
  items.filter(({ effect }) => ['copied', 'restored', 'run'].includes(effect)).map(({ component, name, effect }) => `${component} ${name} ${effect}`)

describe('an upgrade of data that cannot go back', () => {
  test('copies it while its component stands still, and says so before', async () => {
    const site = await installed()
    const plan = await site.planUpgrade(release(2))
    expect(ids(plan)).toEqual(['images', 'installation', 'stop db', 'snapshot shop.db.data.1', 'component db', 'component app'])
    expect(plan.items.find(({ kind }) => kind === 'snapshot')).toMatchObject({
      component: 'db',
      name: 'data',
      then: 'copied while it stands still',
      effect: 'copied',
      why: 'Its data cannot go back to the version before.',
    })
    expect(plan).toMatchObject({ returns: true, rollbackNote: expect.stringContaining('with db/data as copied now') })
    expect((await site.execute(plan)).outcome).toBe('done')
    expect(await site.snapshots.list('shop')).toMatchObject([
      { number: 2, of: 1, component: 'db', volume: 'data', target: 'shop.db.data.1.s2', release: { version: '1.0.0' } },
    ])
    expect(site.engine.data.get('shop.db.data.1.s2')).toBe('1')
    expect([mounted(site), data(site)]).toEqual(['shop.db.data.1', '12'])
  })

  test('that fails brings it back by itself, and leaves what was written since aside', async () => {
    const site = await installed()
    site.engine.behaviours.set(testConfig('app:2'), { readyAfter: 'never' })
    const result = await site.execute(await site.planUpgrade(release(2)))
    expect(result).toMatchObject({ outcome: 'returned', reason: { code: 'COMPONENT_UNHEALTHY' }, returned: { number: 3, to: 1, outcome: 'done' } })
    expect(site.running()).toEqual({ db: 'db:1', app: 'app:1' })
    expect([mounted(site), data(site)]).toEqual(['shop.db.data.2', '11'])
    expect(site.engine.data.get('shop.db.data.1')).toBe('12')
    expect((await site.planConfigure({})).steps).toEqual([])
    // And once more: never does a restore write over anything.
    await site.execute(await site.planUpgrade(release(2)))
    expect([mounted(site), data(site)]).toEqual(['shop.db.data.3', '111'])
  })

  test('that fails before it touched that data leaves it where it is', async () => {
    const site = await installed(release(1, [db(1), app(1), { ...app(1), name: 'other', dependsOn: [] }]))
    site.engine.behaviours.set(testConfig('first:2'), { exitCode: 1 })
    const hooks = { beforeUpgrade: { image: 'first:2', command: ['check'] } }
    const result = await site.execute(await site.planUpgrade(release(2, [db(2), app(2), { ...app(2), name: 'other', dependsOn: [], hooks }])))
    expect(result).toMatchObject({ outcome: 'returned', reason: { code: 'HOOK_FAILED' } })
    expect([mounted(site), data(site)]).toEqual(['shop.db.data.1', '1'])
  })

  test('stops and asks where no copy was wanted', async () => {
    const site = await installed()
    site.engine.behaviours.set(testConfig('app:2'), { readyAfter: 'never' })
    const plan = await site.planUpgrade(release(2), { snapshot: 'none' })
    expect(plan).toMatchObject({ returns: false, rollbackNote: expect.stringContaining('The data of db cannot go back') })
    expect(effects(plan)).toEqual([])
    expect(await site.execute(plan)).toMatchObject({ outcome: 'failed', revision: { outcome: 'failed' } })
    expect(site.running()).toEqual({ db: 'db:2', app: 'app:2' })
    expect(site.events.at(-1)?.message).toContain('Stopped: the data of db cannot go back without a snapshot')
  })

  test('copies what a migration without volumes of its own changes', async () => {
    const migrate = (version: number): Component => ({
      name: 'migrate',
      workload: 'job',
      image: `migrate:${version}`,
      dependsOn: [{ component: 'db' }],
      data: 'forwardOnly',
    })
    const shop = (version: number): TestRelease => release(version, [db(1, { data: 'compatible' }), migrate(version), app(version)])
    const site = await installed(shop(1))
    const plan = await site.planUpgrade(shop(2))
    expect(ids(plan)).toEqual(['images', 'installation', 'stop db', 'snapshot shop.db.data.1', 'start db', 'wait db', 'component migrate', 'component app'])
    expect(plan.items.find(({ kind }) => kind === 'snapshot')?.why).toBe('What migrate does to this data cannot be undone.')
    site.engine.behaviours.set(testConfig('migrate:2'), { exitCode: 1 })
    expect((await site.execute(plan)).outcome).toBe('returned')
    expect(mounted(site)).toBe('shop.db.data.2')
  })

  test('stops all who write to it, and starts those again that are not replaced', async () => {
    const reader = (readOnly: boolean, name: string): Component => ({
      name,
      workload: 'stateless',
      image: `${name}:1`,
      volumes: [{ name: 'shared', path: '/shared', from: { component: 'db', volume: 'data' }, readOnly }],
    })
    const shop = (version: number): TestRelease => release(version, [db(version), reader(false, 'writer'), reader(true, 'reader')])
    const site = await installed(shop(1))
    const plan = await site.planUpgrade(shop(2))
    expect(ids(plan)).toEqual(['images', 'installation', 'stop db', 'stop writer', 'snapshot shop.db.data.1', 'start writer', 'component db'])
    expect(effects(plan)).toEqual(['writer stop run', 'db data copied'])
    expect((await site.execute(plan)).outcome).toBe('done')
    expect(Object.keys(site.running())).toEqual(['db', 'writer', 'reader'])
    expect(site.takeCalls().filter((call) => /^(start|stop) /.test(call))).toEqual(['stop db', 'stop writer', 'start writer'])
  })

  test('is refused with the numbers where there is no room for the copy', async () => {
    const site = await installed()
    site.engine.data.set('shop.db.data.1', 'x'.repeat(3_000_000))
    const plan = await site.planUpgrade(release(2))
    await expect(site.execute(plan)).rejects.toMatchObject({
      code: 'PREFLIGHT_FAILED',
      message: expect.stringContaining('copying data takes 3 MB (shop.db.data.1 3 MB); 1 MB are free'),
      hint: expect.stringContaining('--no-snapshot'),
    })
    expect(site.running().db).toBe('db:1')
  })

  test('keeps the copies of the latest three changes', async () => {
    const site = await installed()
    for (const version of [2, 3, 4, 5, 6]) expect((await site.execute(await site.planUpgrade(release(version)))).outcome).toBe('done')
    expect(snapshotSets(await site.snapshots.list('shop')).map(({ number }) => number)).toEqual([6, 5, 4])
    expect([...site.engine.snapshots].toSorted()).toEqual(['shop.db.data.1.s4', 'shop.db.data.1.s5', 'shop.db.data.1.s6'])
  })
})

test('copies everything where that is asked for, also without another change', async () => {
  const site = await installed(release(1, [db(1, { data: 'compatible' }), app(1)]))
  const plan = await site.planConfigure({}, { snapshot: 'all' })
  expect(ids(plan)).toEqual(['images', 'installation', 'stop db', 'snapshot shop.db.data.1', 'start db'])
  expect((await site.execute(plan)).outcome).toBe('done')
  expect(data(site)).toBe('1')
  expect(await site.snapshots.list('shop')).toHaveLength(1)
  expect((await site.planConfigure({})).steps).toEqual([])
})

describe('a rollback', () => {
  const upgraded = async (): Promise<TestSite> => {
    const site = await installed()
    await site.execute(await site.planUpgrade(release(2)))
    site.takeCalls()
    return site
  }

  test('leaves data as it is, copies it, and warns', async () => {
    const site = await upgraded()
    const plan = await site.planRollback()
    expect(plan.findings).toMatchObject([{ severity: 'warning', subject: 'db', hint: expect.stringContaining('--restore-data') }])
    expect((await site.execute(plan)).outcome).toBe('done')
    expect([mounted(site), data(site)]).toEqual(['shop.db.data.1', '121'])
    expect(site.engine.data.get('shop.db.data.1.s3')).toBe('12')
  })

  test('brings data back where that is chosen, and the volume of now stays aside', async () => {
    const site = await upgraded()
    const { state } = (await site.journal.history('shop'))[0] ?? expect.unreachable('no revision')
    const { snapshots } = snapshotsOf(state, await site.snapshots.list('shop'))
    const plan = await site.planRollback(1, { restore: snapshots })
    expect(ids(plan)).toEqual(['images', 'installation', 'restore shop.db.data.2', 'component db', 'component app'])
    expect(plan.items.find(({ effect }) => effect === 'restored')).toMatchObject({
      component: 'db',
      name: 'data',
      then: expect.stringMatching(/^data of 2030-01-01 \d\d:\d\d UTC$/),
    })
    expect(plan.findings).toEqual([])
    expect((await site.execute(plan)).outcome).toBe('done')
    expect([mounted(site), data(site)]).toEqual(['shop.db.data.2', '11'])
    expect(site.engine.data.get('shop.db.data.1')).toBe('12')

    // A later rollback without data mounts what is mounted, whatever the older revision had.
    await site.execute(await site.planUpgrade(release(2)))
    await site.execute(await site.planRollback(1))
    expect(mounted(site)).toBe('shop.db.data.2')
    // Pruning takes what is left aside.
    await site.execute(await site.planUpgrade(release(3), { prune: true }))
    expect([...site.engine.volumes]).toEqual(['shop.db.data.2'])
  })

  test('goes on with a restore that was cut off', async () => {
    const site = await upgraded()
    const snapshots = await site.snapshots.list('shop')
    const plan = await site.planRollback(1, { restore: snapshots })
    site.engine.fault = (verb) => (verb === 'restore' ? 'hang' : undefined)
    void site.execute(plan, {}, 'cut')
    await site.clock.sleep(60_000)
    site.engine.fault = undefined
    site.driver = new MemoryDriver(site.engine)
    expect((await site.resume('cut')).outcome).toBe('done')
    expect(data(site)).toBe('11')
  })

  test('is refused from a snapshot that was changed, and nothing is touched', async () => {
    const site = await upgraded()
    const plan = await site.planRollback(1, { restore: await site.snapshots.list('shop') })
    site.engine.data.set('shop.db.data.1.s2', 'x')
    expect(await site.execute(plan)).toMatchObject({ outcome: 'returned', reason: { code: 'SNAPSHOT_DAMAGED' } })
    expect([mounted(site), data(site), site.running().db]).toEqual(['shop.db.data.1', '12', 'db:2'])
  })

  test('names the snapshots that there are where none fits', async () => {
    const site = await upgraded()
    const { state } = await site.current()
    const snapshots = await site.snapshots.list('shop')
    expect(() => snapshotsOf(state, snapshots)).toThrow('no snapshot holds data as release 2.0.0 had it; there are 2 (of 1.0.0)')
    expect(() => snapshotsOf(state, snapshots, 7)).toThrow('there is no snapshot 7')
    expect(() => snapshotsOf(state, [])).toThrow('there is none')
  })
})

describe('a killed program', () => {
  test.each(['stop db', 'snapshot shop.db.data.1', 'ensureComponent db', 'ensureComponent app'])(
    'goes on with an upgrade that was cut off at %s',
    async (cut) => {
      const site = await installed()
      const plan = await site.planUpgrade(release(2))
      let dead = false
      site.engine.fault = (verb, subject) => {
        if (`${verb} ${subject}` === cut) dead = true
        return dead ? 'hang' : undefined
      }
      void site.execute(plan, {}, 'cut')
      await site.clock.sleep(60_000)
      expect(dead).toBe(true)
      site.engine.fault = undefined
      site.driver = new MemoryDriver(site.engine)
      expect(await site.resume('cut')).toMatchObject({ outcome: 'done' })
      expect(site.engine.data.get('shop.db.data.1.s2')).toBe('1')
      expect(site.running()).toEqual({ db: 'db:2', app: 'app:2' })
    },
  )

  test.each(['restore shop.db.data.2', 'ensureComponent db'])('goes on with the way back that was cut off at %s, and with the reason', async (cut) => {
    const site = await installed()
    site.engine.behaviours.set(testConfig('app:2'), { readyAfter: 'never' })
    let [dead, count] = [false, 0]
    site.engine.fault = (verb, subject) => {
      if (`${verb} ${subject}` === cut) count += 1
      if (count >= (cut.startsWith('ensure') ? 2 : 1)) dead = true
      return dead ? 'hang' : undefined
    }
    void site.execute(await site.planUpgrade(release(2)), {}, 'cut')
    await site.clock.sleep(400_000)
    expect(dead).toBe(true)
    site.engine.fault = undefined
    site.driver = new MemoryDriver(site.engine)
    expect(await site.resume('cut')).toMatchObject({ outcome: 'returned', reason: { code: 'COMPONENT_UNHEALTHY' }, returned: { outcome: 'done' } })
    expect([mounted(site), data(site)]).toEqual(['shop.db.data.2', '11'])
  })
})

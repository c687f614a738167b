import type { Plan } from '@sealift/deploy/plan/plan.ts'
import { type TestRelease, testConfig, testRelease } from '@sealift/deploy/test-release.ts'
import type { Template } from '@sealift/template/schema/template.ts'
import { describe, expect, test } from 'vitest'
import { MemoryDriver } from './memory-driver.ts'
import { TestSite } from './test-site.ts'

type Component = Template['components'][number]
type Hooks = NonNullable<Component['hooks']>

const READY = { readiness: { exec: ['ping'], interval: '1s' } }

/** A shop of db and app, each with hooks whose images are named after them. */
function release(version: number, hooks: { readonly db?: Hooks; readonly app?: Hooks } = {}, more: Partial<Component> = {}): TestRelease {
  const db: Component = {
    name: 'db',
    workload: 'stateful',
    image: `db:${version}`,
    volumes: [{ name: 'data', path: '/data' }],
    connection: [{ name: 'DB_PASSWORD', generate: { length: 24 } }],
    probes: READY,
    ...(hooks.db === undefined ? {} : { hooks: hooks.db }),
    ...more,
  }
  const app: Component = {
    name: 'app',
    workload: 'stateless',
    image: `app:${version}`,
    dependsOn: [{ component: 'db' }],
    env: [{ name: 'MODE', value: 'fast' }],
    files: [{ path: '/etc/app.conf', source: './app.conf' }],
    probes: READY,
    ...(hooks.app === undefined ? {} : { hooks: hooks.app }),
  }
  return testRelease(`${version}.0.0`, version, { components: [db, app] })
}

async function installed(first = release(1)): Promise<TestSite> {
  const site = new TestSite()
  const result = await site.execute(await site.planInstall(first))
  if (result.outcome !== 'done') throw result.reason ?? new Error(result.outcome)
  site.takeCalls()
  return site
}

const ids = ({ steps }: Plan): readonly string[] => steps.map(({ id }) => id)
const order = (site: TestSite): readonly string[] => site.takeCalls().filter((call) => /^(runOnce|ensureComponent|snapshot|stop|start) /.test(call))

test('an upgrade runs hooks around the replacement, in the order of waits, as the new release has them', async () => {
  const site = await installed()
  const hooks = { beforeUpgrade: { command: ['before'] }, afterUpgrade: { command: ['after'] } }
  const plan = await site.planUpgrade(release(2, { db: hooks, app: hooks }))
  expect(ids(plan)).toEqual([
    'images',
    'installation',
    'hook beforeUpgrade db',
    'hook beforeUpgrade app',
    'component db',
    'component app',
    'hook afterUpgrade db',
    'hook afterUpgrade app',
  ])
  expect(plan.items.filter(({ effect }) => effect === 'run').map(({ component, name }) => `${component} ${name}`)).toEqual([
    'db beforeUpgrade',
    'app beforeUpgrade',
    'db afterUpgrade',
    'app afterUpgrade',
  ])
  expect((await site.execute(plan)).outcome).toBe('done')
  expect(order(site)).toEqual([
    'runOnce hook-beforeupgrade-db',
    'runOnce hook-beforeupgrade-app',
    'ensureComponent db',
    'ensureComponent app',
    'runOnce hook-afterupgrade-db',
    'runOnce hook-afterupgrade-app',
  ])
  const [db, app] = site.engine.runs
  expect(db).toMatchObject({ image: { config: testConfig('db:2') }, command: ['before'], volumes: [{ targetName: 'shop.db.data.1' }] })
  expect(app).toMatchObject({ env: { MODE: 'fast', DB_PASSWORD: expect.stringMatching(/^\w{24}$/) }, files: [{ path: '/etc/app.conf' }] })
  expect(site.engine.leftRuns.size).toBe(0)
})

test('an installation runs no hooks of upgrades, nor does a change of settings', async () => {
  const hooks = { beforeUpgrade: { command: ['before'] }, afterUpgrade: { command: ['after'] }, beforeRollback: { command: ['back'] } }
  const site = await installed(release(1, { app: hooks }))
  await site.execute(await site.planConfigure({ components: { app: { env: { MODE: 'slow' }, files: {} } } }))
  expect(site.engine.runs).toEqual([])
})

test('a component that quiesces is copied while it runs, and started anew where it stays', async () => {
  const quiesce = { quiesce: { command: ['rest'] } }
  const site = await installed(release(1, { db: quiesce }))
  expect(ids(await site.planUpgrade(release(2, { db: quiesce }, { data: 'forwardOnly' })))).toEqual([
    'images',
    'installation',
    'hook quiesce db',
    'snapshot shop.db.data.1',
    'component db',
    'component app',
  ])
  await site.execute(await site.planConfigure({}, { snapshot: 'all' }))
  expect(order(site)).toEqual(['runOnce hook-quiesce-db', 'snapshot shop.db.data.1', 'stop db', 'start db'])
})

test('one that was quiesced is started anew where the copy fails', async () => {
  const quiesce = { quiesce: { command: ['rest'] } }
  const site = await installed(release(1, { db: quiesce }))
  const plan = await site.planConfigure({}, { snapshot: 'all' })
  site.engine.fault = (verb) => (verb === 'snapshot' ? new Error('no copy today') : undefined)
  const result = await site.execute(plan)
  expect(result).toMatchObject({ outcome: 'returned', reason: { message: expect.stringContaining('no copy today') } })
  expect(order(site)).toEqual(['runOnce hook-quiesce-db', 'snapshot shop.db.data.1', 'stop db', 'start db'])
})

test('what was stopped for a copy runs again before hooks do', async () => {
  const site = await installed()
  const plan = await site.planUpgrade(release(2, { app: { beforeUpgrade: { command: ['migrate'] } } }, { data: 'forwardOnly' }))
  expect(ids(plan)).toEqual([
    'images',
    'installation',
    'stop db',
    'snapshot shop.db.data.1',
    'start db',
    'hook beforeUpgrade app',
    'component db',
    'component app',
  ])
  expect((await site.execute(plan)).outcome).toBe('done')
})

describe('going back', () => {
  const hooks = { beforeRollback: { command: ['undo'] } }

  test('runs beforeRollback as the newer release has it', async () => {
    const site = await installed()
    await site.execute(await site.planUpgrade(release(2, { app: hooks })))
    site.takeCalls()
    const plan = await site.planRollback()
    expect(ids(plan)).toEqual(['images', 'installation', 'hook beforeRollback app', 'component db', 'component app'])
    await site.execute(plan)
    expect(site.engine.runs.at(-1)).toMatchObject({ image: { config: testConfig('app:2') }, command: ['undo'] })
  })

  test('by itself runs it for what was begun only', async () => {
    const site = await installed()
    site.engine.behaviours.set(testConfig('app:2'), { readyAfter: 'never' })
    await site.execute(await site.planUpgrade(release(2, { app: hooks, db: { beforeUpgrade: { command: ['before'] } } })))
    expect(site.engine.runs.map(({ name }) => name)).toEqual(['hook-beforeupgrade-db', 'hook-beforerollback-app'])

    const early = await installed()
    early.engine.behaviours.set(testConfig('fails:1'), { exitCode: 1 })
    await early.execute(await early.planUpgrade(release(2, { app: { ...hooks, beforeUpgrade: { image: 'fails:1' } } })))
    expect(early.engine.runs.map(({ name }) => name)).toEqual(['hook-beforeupgrade-app'])
  })
})

describe('a hook that fails', () => {
  test('fails the upgrade with its output, in which no secret is readable', async () => {
    const site = await installed()
    const password = site.env('app').DB_PASSWORD ?? ''
    site.engine.behaviours.set(testConfig('fails:1'), {
      exitCode: 4,
      output: ['connecting', `mysql://root:${password}@db refused`, Buffer.from(password).toString('base64')],
    })
    const result = await site.execute(await site.planUpgrade(release(2, { app: { beforeUpgrade: { image: 'fails:1' } } })))
    expect(result).toMatchObject({ outcome: 'returned', reason: { code: 'HOOK_FAILED', details: { component: 'app', hook: 'beforeUpgrade', exitCode: 4 } } })
    expect(result.reason?.message).toContain('hook beforeUpgrade of component app ended with 4')
    expect(result.reason?.message).toContain('mysql://root:•••@db refused')
    for (const kept of [result.reason, site.events, await site.journal.history('shop'), await site.journal.read('run-2')]) {
      expect(JSON.stringify(kept)).not.toContain(password)
      expect(JSON.stringify(kept)).not.toContain(Buffer.from(password).toString('base64').replaceAll('=', ''))
    }
  })

  test('that takes too long is ended', async () => {
    const site = await installed()
    site.engine.behaviours.set(testConfig('slow:1'), { runs: 'for ever' })
    const result = await site.execute(await site.planUpgrade(release(2, { app: { beforeUpgrade: { image: 'slow:1', timeout: '90s' } } })))
    expect(result.reason).toMatchObject({ code: 'HOOK_FAILED', message: expect.stringContaining('was not done within 90 seconds') })
  })

  test('can be cancelled, and its container is ended', async () => {
    const site = await installed()
    site.engine.behaviours.set(testConfig('slow:1'), { runs: 'for ever' })
    const cancel = new AbortController()
    setImmediate(() => void site.clock.sleep(20_000).then(() => cancel.abort()))
    const result = await site.execute(await site.planUpgrade(release(2, { app: { beforeUpgrade: { image: 'slow:1' } } })), { cancel: cancel.signal })
    expect(result).toMatchObject({ outcome: 'returned', reason: { code: 'CHANGE_CANCELLED' } })
    expect(site.engine.leftRuns.size).toBe(0)
  })
})

test('a check that fails shows no secret', async () => {
  const site = await installed()
  const password = site.env('app').DB_PASSWORD ?? ''
  site.engine.behaviours.set(testConfig('check:1'), { exitCode: 1, output: [`wrong password ${password}`] })
  const { release: second, ...rest } = release(2)
  const checked = testRelease('2.0.0', 2, { components: second.template.components, checks: [{ name: 'works', title: 'It works', image: 'check:1' }] })
  const result = await site.execute(await site.planUpgrade({ ...rest, ...checked }))
  expect(result.reason).toMatchObject({ code: 'CHECK_FAILED', message: expect.stringContaining('wrong password •••') })
  expect(result.checks).toMatchObject([{ check: 'works', title: 'It works', exitCode: 1, output: 'wrong password •••' }])
  expect(site.attestations.at(-1)).toMatchObject({ revision: { number: 2, outcome: 'failed' }, checks: [{ check: 'works' }] })
})

describe('a program that is killed during a hook', () => {
  /** An upgrade whose hook was under way when the program died; `after` is what the engine did meanwhile. */
  const cutOff = async (
    { idempotent, exitCode = 0 }: { readonly idempotent: boolean; readonly exitCode?: number },
    after: (site: TestSite) => void = () => {},
  ): Promise<TestSite> => {
    const site = await installed()
    site.engine.behaviours.set(testConfig('migrate:1'), { exitAfter: 30_000, exitCode })
    let dead = false
    site.engine.fault = (verb) => {
      if (verb === 'waitOnce') dead = true
      return dead ? 'hang' : undefined
    }
    void site.execute(await site.planUpgrade(release(2, { app: { beforeUpgrade: { image: 'migrate:1', idempotent } } })), {}, 'cut')
    await site.clock.sleep(5000)
    expect(dead).toBe(true)
    after(site)
    site.engine.fault = undefined
    site.driver = new MemoryDriver(site.engine)
    return site
  }
  const runs = (site: TestSite): number => site.engine.runs.length

  test('waits for it where it went on, and starts no second one', async () => {
    const site = await cutOff({ idempotent: false })
    expect((await site.resume('cut')).outcome).toBe('done')
    expect(runs(site)).toBe(1)
  })

  test('takes its outcome where it has ended well meanwhile', async () => {
    const site = await cutOff({ idempotent: false })
    await site.clock.sleep(60_000)
    expect((await site.resume('cut')).outcome).toBe('done')
    expect(runs(site)).toBe(1)
  })

  const lost = (site: TestSite): void => site.engine.leftRuns.clear()

  test('runs it again where nobody knows how far it came and it says that it can', async () => {
    const site = await cutOff({ idempotent: true }, lost)
    expect((await site.resume('cut')).outcome).toBe('done')
    expect(runs(site)).toBe(2)
  })

  test.each([
    ['its container is gone', lost],
    ['it was ended', (site: TestSite) => void site.clock.sleep(60_000)],
  ])('stops and asks where it cannot run twice and %s', async (_, after) => {
    const site = await cutOff({ idempotent: false, exitCode: 137 }, after)
    await site.clock.sleep(60_000)
    await expect(site.resume('cut')).rejects.toMatchObject({ code: 'HOOK_CUT_OFF', details: { component: 'app', hook: 'beforeUpgrade' } })
    // It asks each time, and nothing is lost meanwhile.
    await expect(site.resume('cut')).rejects.toMatchObject({ code: 'HOOK_CUT_OFF' })
    expect(await site.journal.open()).toHaveLength(1)
    expect(runs(site)).toBe(1)
    expect(site.running().app).toBe('app:1')
  })

  test('goes on as it is decided: again, done, or back', async () => {
    const again = await cutOff({ idempotent: false }, lost)
    expect((await again.resume('cut', { hook: 'rerun' })).outcome).toBe('done')
    expect(runs(again)).toBe(2)

    const skipped = await cutOff({ idempotent: false }, lost)
    expect((await skipped.resume('cut', { hook: 'skip' })).outcome).toBe('done')
    expect(runs(skipped)).toBe(1)
    expect(skipped.running().app).toBe('app:2')

    const given = await cutOff({ idempotent: false }, lost)
    expect(await given.resume('cut', {}, { cancel: AbortSignal.abort() })).toMatchObject({ outcome: 'returned', reason: { code: 'CHANGE_CANCELLED' } })
    expect(runs(given)).toBe(1)
    expect(given.running().app).toBe('app:1')
  })
})

test('a program that ends in order leaves a hook running, and finds it again', async () => {
  const site = await installed()
  site.engine.behaviours.set(testConfig('migrate:1'), { exitAfter: 30_000 })
  const suspend = new AbortController()
  setImmediate(() => void site.clock.sleep(5000).then(() => suspend.abort(new Error('the program ends'))))
  const plan = await site.planUpgrade(release(2, { app: { beforeUpgrade: { image: 'migrate:1' } } }))
  expect((await site.execute(plan, { suspend: suspend.signal }, 'put-down')).outcome).toBe('suspended')
  expect(site.engine.leftRuns.size).toBe(1)
  expect((await site.resume('put-down')).outcome).toBe('done')
  expect(site.engine.runs).toHaveLength(1)
})

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { resultOf } from '@sealift/api/job.ts'
import { testRelease } from '@sealift/deploy/test-release.ts'
import { shop1, shop2 } from '@sealift/driver-memory/shop-releases.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { describe, expect, it } from 'vitest'
import { createSite, installOf, upgradeOf } from './site-fixture.ts'

const secretRelease = () =>
  testRelease('1.0.0', 1, {
    parameters: [{ name: 'password', type: 'secret', required: true }],
    components: [
      {
        name: 'web',
        workload: 'stateless',
        image: 'web:1',
        env: [
          { name: 'PASSWORD', value: '${parameters.password}', secret: true },
          { name: 'TOKEN', value: '', secret: true },
        ],
      },
    ],
  })

describe('changes', () => {
  it('install, configure, upgrade, roll back and uninstall, each a job and a revision', async () => {
    await using site = await createSite()
    await site.hold(shop1())
    const installed = await site.change(installOf())
    expect(installed.title).toBe('install shop 1.0.0 as shop')
    expect(resultOf(installed, 'install')).toEqual({
      installation: 'shop',
      application: 'shop',
      version: '1.0.0',
      revision: 1,
      unchanged: false,
      checks: [{ check: 'can-buy', exitCode: 0 }],
    })
    await site.hold(shop2())
    expect(await site.services.view.list()).toMatchObject([{ name: 'shop', health: 'healthy', version: '1.0.0', revision: 1, upgrade: '2.0.0' }])
    await site.change({ kind: 'configure', name: 'shop', values: { components: { app: { env: { GREETING: 'Hi' } } } } })
    await site.change(upgradeOf())
    expect(site.engine.replicas('shop', 'app')[0]?.wanted.env).toMatchObject({ GREETING: 'Hi', MODE: 'faster' })
    await site.change({ kind: 'rollback', name: 'shop' })
    expect(site.engine.replicas('shop', 'app')[0]?.wanted.env).toMatchObject({ GREETING: 'Hi', MODE: 'fast' })
    expect((await site.services.view.revisions('shop')).map(({ number, kind, version, current }) => [number, kind, version, current])).toEqual([
      [4, 'rollback', '1.0.0', true],
      [3, 'upgrade', '2.0.0', false],
      [2, 'configure', '1.0.0', false],
      [1, 'install', '1.0.0', false],
    ])
    await site.change({ kind: 'uninstall', name: 'shop', deleteData: false })
    expect(await site.services.view.list()).toEqual([])
    expect(site.engine.volumes.size).toBe(1)
    await expect(site.change(upgradeOf())).rejects.toMatchObject({ code: 'INSTALLATION_NOT_FOUND' })
  })

  it('leave alone what another data folder installed on the same engine, its data too', async () => {
    await using first = await createSite()
    await first.hold(shop1())
    await first.change(installOf())
    await using second = await createSite(first.engine)
    await second.hold(shop1())
    await expect(second.change(installOf())).rejects.toMatchObject({ code: 'INSTALLATION_FOREIGN', message: expect.stringContaining('shop') as string })
    expect(await first.services.view.list()).toMatchObject([{ name: 'shop', health: 'healthy' }])
    await first.change({ kind: 'uninstall', name: 'shop', deleteData: false })
    await expect(second.change(installOf())).rejects.toMatchObject({ code: 'INSTALLATION_FOREIGN', message: expect.stringContaining('volume') as string })
    await first.change(installOf())
    await first.change({ kind: 'uninstall', name: 'shop', deleteData: true })
    await second.change(installOf())
  })

  it('give a choice up for null, and the vendor’s value holds again', async () => {
    await using site = await createSite()
    await site.hold(shop1())
    await site.change(installOf())
    await site.change({ kind: 'configure', name: 'shop', values: { components: { app: { env: { GREETING: 'Hi' } } } } })
    await site.change({ kind: 'configure', name: 'shop', values: { components: { app: { env: { GREETING: null } } } } })
    expect(site.engine.replicas('shop', 'app')[0]?.wanted.env).toMatchObject({ GREETING: 'Welcome' })
  })

  it('run only as the plan that was agreed to', async () => {
    await using site = await createSite()
    await site.hold(shop1())
    const { plan } = await site.services.planner.plan(installOf())
    const other = installOf({ values: { parameters: { domain: 'other.example' } } })
    await expect(site.services.changes.start(other, plan.digest)).rejects.toMatchObject({ code: 'PLAN_CHANGED' })
    expect(await site.services.jobs.list(9)).toEqual([])
    await site.done(site.services.changes.start(installOf(), plan.digest))
  })

  it('run one at a time for an installation, also where two start at the same moment', async () => {
    await using site = await createSite()
    await site.hold(shop1())
    const results = await Promise.allSettled([site.change(installOf()), site.change(installOf())])
    expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
    expect(results.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'JOB_CONFLICT' } })
  })

  it('refuse a plan that was made before another change came to its end', async () => {
    await using site = await createSite()
    await site.hold(shop1())
    await site.change(installOf())
    // Both look at revision 1; the second to start finds revision 2.
    const configure = (value: string) => ({ kind: 'configure', name: 'shop', values: { components: { app: { env: { GREETING: value } } } } }) as const
    const slow = site.services.planner.plan(configure('slow'))
    const { planner } = site.services
    const plan = planner.plan.bind(planner)
    planner.plan = async (change) => {
      const planned = await slow
      planner.plan = plan
      await site.change(change)
      return planned
    }
    await expect(site.change(configure('fast'))).rejects.toMatchObject({ code: 'PLAN_CHANGED', message: expect.stringContaining('revision 2 is current') })
    expect(site.engine.replicas('shop', 'app')[0]?.wanted.env.GREETING).toBe('fast')
  })

  it('leave no installation behind that was refused before it began', async () => {
    await using site = await createSite()
    await site.hold(shop1())
    site.engine.foreignPorts.add(8080)
    await expect(site.change(installOf())).rejects.toMatchObject({ code: 'PREFLIGHT_FAILED' })
    expect(await site.services.view.list()).toEqual([])
    expect(await site.folder.db.selectFrom('installation').selectAll().execute()).toEqual([])
  })

  it('show what failed and went back, in which revision it is, and why', async () => {
    await using site = await createSite()
    await site.hold(shop1())
    await site.change(installOf())
    const { images } = await site.hold(shop2())
    site.engine.behaviours.set(images['hints:2']?.platforms[0]?.config.digest ?? '', { exitAfter: 100, exitCode: 7 })
    await expect(site.change(upgradeOf())).rejects.toMatchObject({
      code: 'COMPONENT_CRASHED',
      hint: expect.stringContaining('shop is as it was before, in revision 1'),
      details: { outcome: 'returned', revision: 2, returned: 3 },
    })
    expect(await site.services.view.status('shop')).toMatchObject({ version: '1.0.0', revision: 3, health: 'healthy' })
  })

  it('name what is not there, and what there is', async () => {
    await using site = await createSite()
    await site.hold(shop1())
    await expect(site.change(installOf({ name: 'No Such Name' }))).rejects.toMatchObject({ code: 'INSTALLATION_NAME_INVALID' })
    await expect(site.change(installOf({ environment: 'none' }))).rejects.toMatchObject({ code: 'ENVIRONMENT_NOT_FOUND' })
    await expect(site.change(installOf({ version: '9.0.0' }))).rejects.toMatchObject({ code: 'RELEASE_NOT_FOUND', hint: 'Here are: 1.0.0' })
    await site.change(installOf())
    await expect(site.change(installOf())).rejects.toMatchObject({ code: 'INSTALLATION_EXISTS' })
    await expect(site.change(upgradeOf({ name: 'shpo' }))).rejects.toMatchObject({ code: 'INSTALLATION_NOT_FOUND', hint: 'Did you mean shop?' })
    await expect(site.change({ kind: 'rollback', name: 'shop' })).rejects.toMatchObject({ code: 'REVISION_NOT_FOUND' })
    await expect(site.change({ kind: 'rollback', name: 'shop', to: 5 })).rejects.toMatchObject({ code: 'REVISION_NOT_FOUND' })
    await expect(site.services.view.logs('shop', { component: 'wbe' }, new AbortController().signal)).rejects.toMatchObject({ code: 'COMPONENT_NOT_FOUND' })
    await expect(site.services.view.logs('shop', { since: 'yesterday' }, new AbortController().signal)).rejects.toMatchObject({ code: 'USAGE' })
  })

  it('go on after a kill from where they were, under the same job', async () => {
    await using site = await createSite()
    await site.hold(shop1())
    const reached = Promise.withResolvers<void>()
    site.engine.fault = (verb, subject) => {
      if (verb !== 'ensureComponent' || subject !== 'app') return undefined
      reached.resolve()
      return 'hang'
    }
    const { id } = await site.services.changes.start(installOf())
    await reached.promise
    site.engine.fault = undefined
    await site.restart()
    expect(await site.services.jobs.get(id)).toMatchObject({ state: 'interrupted' })
    await expect(site.change(installOf())).rejects.toMatchObject({ code: 'RUN_OPEN', hint: expect.stringContaining(`jobs resume ${id}`) })
    expect(await site.services.changes.interrupted()).toEqual([id])
    const job = await site.done(site.services.changes.resume(id))
    expect(resultOf(job, 'install')).toMatchObject({ revision: 1, version: '1.0.0' })
    await expect(site.services.changes.resume(id)).rejects.toMatchObject({ code: 'JOB_NOT_INTERRUPTED' })
  })

  it('are put down where the journal fails, with the reason, and go on when that is gone', async () => {
    await using site = await createSite()
    await site.hold(shop1())
    await site.change(installOf())
    await site.hold(shop2())
    const away = () => site.folder.db.schema.alterTable('revision').renameTo('revision_away').execute()
    let broken: Promise<unknown> | undefined
    site.engine.fault = (verb, subject) => {
      if (verb === 'runOnce' && subject.includes('can-buy')) broken ??= away()
      return undefined
    }
    const { id } = await site.services.changes.start(upgradeOf())
    await site.services.jobs.idle()
    expect(broken).toBeDefined()
    await broken
    expect(await site.services.jobs.get(id)).toMatchObject({ state: 'interrupted', error: { hint: expect.stringContaining(`jobs resume ${id}`) } })
    await site.folder.db.schema.alterTable('revision_away').renameTo('revision').execute()
    await site.done(site.services.changes.resume(id))
    expect(await site.services.view.status('shop')).toMatchObject({ version: '2.0.0', health: 'healthy' })
  })

  it('count as cancelled where they were, and are back where they began', async () => {
    await using site = await createSite()
    await site.hold(shop1())
    await site.change(installOf())
    await site.hold(shop2())
    const { jobs, changes } = site.services
    let cancelled: Promise<unknown> | undefined
    site.engine.fault = (verb, subject) => {
      if (verb === 'ensureComponent' && subject === 'hints')
        cancelled ??= jobs.running().reduce((before, { id }) => before.then(() => jobs.cancel(id)), Promise.resolve({} as unknown))
      return undefined
    }
    const { id } = await changes.start(upgradeOf())
    await jobs.idle()
    await cancelled
    expect(await jobs.get(id)).toMatchObject({ state: 'cancelled', error: { code: 'CHANGE_CANCELLED' } })
    expect(await site.services.view.status('shop')).toMatchObject({ version: '1.0.0' })
  })

  it('keep secrets out of jobs, logs, plans and revisions', async () => {
    await using site = await createSite()
    await site.hold(secretRelease())
    const values = join(site.folder.path, 'values.yaml')
    await writeFile(values, 'components: {web: {env: {TOKEN: "t0k3n-from-file"}}}\n')
    const change = installOf({ values: { parameters: { password: 'hunter2hunter2' } }, valuesFile: values })
    const { plan } = await site.services.planner.plan(change)
    expect(JSON.stringify(plan)).not.toMatch(/hunter2|t0k3n/)
    await site.change(change)
    await site.change({ kind: 'configure', name: 'shop', values: { parameters: { password: 'hunter3hunter3' } } })
    expect(site.engine.replicas('shop', 'web')[0]?.wanted.env).toMatchObject({ PASSWORD: 'hunter3hunter3', TOKEN: 't0k3n-from-file' })
    for (const table of ['job', 'job_log', 'run', 'revision', 'secret'] as const) {
      expect(JSON.stringify(await site.folder.db.selectFrom(table).selectAll().execute()), table).not.toMatch(/hunter[23]|t0k3n/)
    }
  })

  it('show nothing of a values file that is malformed but its place', async () => {
    await using site = await createSite()
    await site.hold(secretRelease())
    const values = join(site.folder.path, 'values.yaml')
    for (const text of [
      'parameters: {password: "hunter2}\n',
      'parameters: {password: [hunter2]}\n',
      'parameters: hunter2\n',
      'hunter2: {}\n'.replace('hunter2', 'params'),
    ]) {
      await writeFile(values, text)
      const failing = site.change(installOf({ values: {}, valuesFile: values }))
      await expect(failing).rejects.toMatchObject({ code: 'CHOICES_INVALID', message: expect.stringContaining(values) })
      await expect(failing).rejects.toMatchObject({ message: expect.not.stringContaining('hunter2') })
    }
  })

  it('forget secrets and history where the data is deleted', async () => {
    await using site = await createSite()
    await site.hold(shop1())
    await site.change(installOf())
    await site.change({ kind: 'uninstall', name: 'shop', deleteData: true })
    for (const table of ['installation', 'revision', 'run', 'secret'] as const)
      expect(await site.folder.db.selectFrom(table).selectAll().execute(), table).toEqual([])
    expect(site.engine.volumes.size).toBe(0)
    expect(resultOf(await site.change(installOf()), 'install')).toMatchObject({ revision: 1 })
  })
})

describe('what is told of installations', () => {
  it('tells of all, also where one can not be looked at', async () => {
    await using site = await createSite()
    await site.hold(shop1())
    await site.change(installOf())
    await site.change(installOf({ name: 'second', values: { parameters: { domain: 'b.example', port: '8081' } } }))
    site.engine.fault = (verb, subject) =>
      verb === 'observe' && subject === 'second' ? new SealiftError('ENGINE_FAILED', 'the engine is confused') : undefined
    expect(await site.services.view.list()).toMatchObject([
      { name: 'second', health: 'failed', message: 'the engine is confused' },
      { name: 'shop', health: 'healthy' },
    ])
    site.engine.fault = () => 'unreachable'
    expect(await site.services.view.status('shop')).toMatchObject({ health: 'unknown', message: expect.stringContaining('does not answer'), components: [] })
  })

  it('shows what going from one revision to another changes', async () => {
    await using site = await createSite()
    await site.hold(shop1())
    await site.change(installOf())
    await site.change({ kind: 'configure', name: 'shop', values: { components: { app: { env: { GREETING: 'Hi' } } } } })
    const { items } = await site.services.planner.diff('shop', 1, 2)
    expect(items).toContainEqual(expect.objectContaining({ component: 'app', kind: 'env', name: 'GREETING', now: 'Welcome', then: 'Hi (of the site)' }))
    await expect(site.services.planner.diff('shop', 1, 9)).rejects.toMatchObject({ code: 'REVISION_NOT_FOUND' })
  })
})

describe('targets and environments', () => {
  it('are there from the start, can be added, and stay while something lives on them', async () => {
    await using site = await createSite()
    const { targets } = site.services
    await targets.ensureDefaults({ driver: 'memory', address: 'elsewhere' })
    expect(await targets.list()).toEqual([{ name: 'local', driver: 'memory', address: 'here', engine: 'memory 100.0' }])
    expect(await targets.listEnvironments()).toEqual([{ name: 'default', target: 'local', installations: 0 }])
    await targets.add({ name: 'second', driver: 'memory', address: 'there' })
    await expect(targets.add({ name: 'second', driver: 'memory', address: 'there' })).rejects.toMatchObject({ code: 'NAME_TAKEN' })
    await expect(targets.add({ name: 'third', driver: 'constructor', address: '' })).rejects.toMatchObject({ code: 'DRIVER_UNKNOWN' })
    await targets.addEnvironment({ name: 'test', target: 'second' })
    await expect(targets.addEnvironment({ name: 'test', target: 'second' })).rejects.toMatchObject({ code: 'NAME_TAKEN' })
    await expect(targets.addEnvironment({ name: 'more', target: 'none' })).rejects.toMatchObject({ code: 'TARGET_NOT_FOUND' })
    await expect(targets.remove('second')).rejects.toMatchObject({ code: 'TARGET_IN_USE' })
    await targets.removeEnvironment('test')
    await targets.remove('second')
    await expect(targets.remove('second')).rejects.toMatchObject({ code: 'TARGET_NOT_FOUND' })
    await expect(targets.driverOf('test')).rejects.toMatchObject({ code: 'ENVIRONMENT_NOT_FOUND' })
    await site.hold(shop1())
    await site.change(installOf())
    await expect(targets.removeEnvironment('default')).rejects.toMatchObject({ code: 'TARGET_IN_USE' })
  })

  it('are listed also where one of them does not answer or can not be driven', async () => {
    await using site = await createSite()
    await site.folder.db.insertInto('target').values({ name: 'cluster', driver: 'kubernetes', address: '' }).execute()
    site.engine.fault = () => 'unreachable'
    expect(await site.services.targets.list()).toMatchObject([
      { name: 'cluster', engine: expect.stringContaining('kubernetes') },
      { name: 'local', engine: expect.stringContaining('does not answer') },
    ])
  })
})

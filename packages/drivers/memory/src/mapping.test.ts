import { itemSelector, type Plan, type PlanItem } from '@sealift/deploy/plan/plan.ts'
import { type TestRelease, testRelease } from '@sealift/deploy/test-release.ts'
import type { Template } from '@sealift/template/schema/template.ts'
import { describe, expect, test } from 'vitest'
import { TestSite } from './test-site.ts'

type Component = Template['components'][number]

/** A database with a password, by whatever name; its users name it in every way that there is. */
function release(version: string, sequence: number, db: string, more: Partial<Component> = {}, extra: readonly Component[] = []): TestRelease {
  return testRelease(
    version,
    sequence,
    {
      components: [
        {
          name: db,
          workload: 'stateful',
          image: 'db:1',
          env: [{ name: 'SIZE', value: 'small' }],
          ports: [{ name: 'sql', port: 5432, public: { kind: 'tcp' } }],
          connection: [
            { name: 'DB_HOST', value: '${self.host}' },
            { name: 'DB_PASSWORD', generate: { length: 16 } },
          ],
          volumes: [{ name: 'data', path: '/data', access: 'shared' }],
          scaling: { max: 4 },
          ...more,
        },
        {
          name: 'web',
          workload: 'stateless',
          image: `web:${sequence}`,
          dependsOn: [{ component: db }],
          env: [{ name: 'URL', value: `sql://\${components.${db}.host}:\${components.${db}.ports.sql}` }],
          files: [{ path: '/etc/web.conf', source: './web.conf', template: true }],
          volumes: [{ name: 'shared', path: '/shared', from: { component: db, volume: more.volumes?.[0]?.name ?? 'data' } }],
        },
        ...extra,
      ],
    },
    { './web.conf': `to \${components.${db}.host}` },
  )
}

async function installed(): Promise<TestSite> {
  const site = new TestSite()
  await site.done(site.planInstall(release('1.0.0', 1, 'mysql')))
  site.engine.data.set('shop.mysql.data.1', 'orders')
  await site.done(site.planConfigure({ components: { mysql: { env: { SIZE: 'large' }, files: {}, replicas: 2 } } }))
  return site
}

const find = ({ items }: Plan, selector: string): PlanItem | undefined => items.find((item) => itemSelector(item) === selector)
const MAP = { map: ['mysql=database'] }

describe('a component that goes on under another name', () => {
  test('keeps its data, values, secrets, replicas and host port, and whoever names it finds it', async () => {
    const site = await installed()
    const password = site.env('web').DB_PASSWORD
    const port = site.engine.replicas('shop', 'mysql')[0]?.wanted.ports[0]?.hostPort
    const plan = await site.planUpgrade(release('2.0.0', 2, 'database'), MAP)
    expect(find(plan, 'database/component/database')).toMatchObject({ now: 'runs as mysql', then: 'runs', effect: 'changed', restart: true })
    expect(plan.items.filter(({ effect }) => effect === 'offered' || effect === 'leftOver' || effect === 'generated')).toEqual([])
    // Never two of them on the same data.
    expect(plan.steps.find(({ id }) => id === 'component database')?.after).toContain('remove mysql')
    await site.done(plan)
    expect(site.running()).toEqual({ database: 'db:1', web: 'web:2' })
    expect(site.data('database')).toEqual({ '/data': 'orders' })
    expect(site.data('web')).toEqual({ '/shared': 'orders' })
    expect(site.env('database').SIZE).toBe('large')
    expect(site.engine.replicas('shop', 'database')).toHaveLength(2)
    expect(site.env('web')).toMatchObject({ DB_HOST: 'database', DB_PASSWORD: password, URL: 'sql://database:5432' })
    expect(site.engine.replicas('shop', 'web')[0]?.wanted.files[0]?.content.toString()).toBe('to database')
    expect(site.engine.replicas('shop', 'database')[0]?.wanted.ports[0]?.hostPort).toBe(port)
    expect((await site.planUpgrade(release('2.0.0', 2, 'database'))).steps).toEqual([])
  })

  test('without the mapping is another one, beside what is left over of the first', async () => {
    const site = await installed()
    await site.done(site.planUpgrade(release('2.0.0', 2, 'database')))
    expect(Object.keys(site.running()).toSorted()).toEqual(['database', 'mysql', 'web'])
    expect(site.data('database')).toEqual({ '/data': '' })
    expect(site.data('mysql')).toEqual({ '/data': 'orders' })
  })

  test('goes back under its old name, and forward again, always on its data', async () => {
    const site = await installed()
    await site.done(site.planUpgrade(release('2.0.0', 2, 'database'), MAP))
    site.engine.data.set('shop.mysql.data.1', 'orders and more')
    const back = await site.planRollback()
    expect(find(back, 'mysql/component/mysql')).toMatchObject({ now: 'runs as database', then: 'runs', restart: true })
    expect(back.items.some(({ component }) => component === 'database')).toBe(false)
    await site.done(back)
    expect(site.running()).toEqual({ mysql: 'db:1', web: 'web:1' })
    expect(site.data('mysql')).toEqual({ '/data': 'orders and more' })
    expect(site.env('web').URL).toBe('sql://mysql:5432')
    await site.done(site.planRollback(3))
    expect(site.running()).toEqual({ database: 'db:1', web: 'web:2' })
    expect(site.data('database')).toEqual({ '/data': 'orders and more' })
    await site.done(site.planUpgrade(release('3.0.0', 3, 'store'), { map: ['database=store'] }))
    await site.done(site.planRollback(2))
    expect(site.running()).toEqual({ mysql: 'db:1', web: 'web:1' })
    expect(site.data('mysql')).toEqual({ '/data': 'orders and more' })
  })

  test('leaves its old name free for something new, whose data is its own', async () => {
    const site = await installed()
    await site.done(site.planUpgrade(release('2.0.0', 2, 'database'), MAP))
    const other: Component = { name: 'mysql', workload: 'stateful', image: 'other:1', volumes: [{ name: 'data', path: '/data' }] }
    await site.done(site.planUpgrade(release('3.0.0', 3, 'database', {}, [other])))
    expect(site.data('mysql')).toEqual({ '/data': '' })
    expect(site.data('database')).toEqual({ '/data': 'orders' })
    // The oldest revision knows only the first one of this name.
    await site.done(site.planRollback(2))
    expect(site.running()).toEqual({ mysql: 'db:1', web: 'web:1' })
    expect(site.data('mysql')).toEqual({ '/data': 'orders' })
  })

  test('fails and returns under its old name', async () => {
    const site = await installed()
    const broken = release('2.0.0', 2, 'database', { image: 'broken:1' })
    site.engine.behaviours.set(broken.vendor.components.database?.image?.config ?? '', { exitAfter: 100, exitCode: 1 })
    const { outcome } = await site.execute(await site.planUpgrade(broken, MAP))
    expect(outcome).toBe('returned')
    expect(site.running()).toEqual({ mysql: 'db:1', web: 'web:1' })
    expect(site.data('mysql')).toEqual({ '/data': 'orders' })
  })

  test('that ran once does not run again for its name', async () => {
    const job = (name: string): Component => ({ name, workload: 'job', image: 'job:1', rerun: 'once' })
    const site = new TestSite()
    await site.done(site.planInstall(testRelease('1.0.0', 1, { components: [job('init')] })))
    const plan = await site.planUpgrade(testRelease('2.0.0', 2, { components: [job('setup')] }), { map: ['init=setup'] })
    expect(plan.steps.filter(({ kind }) => kind === 'component')).toEqual([])
  })

  test.each([
    [['mysql'], 'CHOICES_INVALID', 'expected OLD=NEW'],
    [['mysql/data=database'], 'CHOICES_INVALID', 'expected OLD=NEW'],
    [['mysq=database'], 'NAME_UNKNOWN', 'no component "mysq"'],
    [['mysql=databse'], 'NAME_UNKNOWN', 'no component "databse"'],
    [['web=database'], 'MAP_REFUSED', 'still has a component web'],
    [['mysql=job'], 'MAP_REFUSED', 'mysql is stateful'],
    [['mysql=database', 'mysql=job'], 'MAP_REFUSED', ''],
  ])('is refused where it can not be: %j', async (map, code, message) => {
    const site = await installed()
    const job: Component = { name: 'job', workload: 'job', image: 'job:1' }
    await expect(site.planUpgrade(release('2.0.0', 2, 'database', {}, [job]), { map })).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message) as string,
    })
  })

  test('is refused where both are there already', async () => {
    const site = await installed()
    await site.done(site.planUpgrade(release('2.0.0', 2, 'database')))
    await expect(site.planUpgrade(release('3.0.0', 3, 'database'), MAP)).rejects.toMatchObject({
      code: 'MAP_REFUSED',
      hint: expect.stringContaining('Go back') as string,
    })
  })
})

describe('a volume that is called otherwise', () => {
  const renamed = (version: string, sequence: number, db = 'mysql') =>
    release(version, sequence, db, { volumes: [{ name: 'store', path: '/store', access: 'shared' }] })

  test('holds the data of before, for all who mount it, and back again', async () => {
    const site = await installed()
    const plan = await site.planUpgrade(renamed('2.0.0', 2), { map: ['mysql/data=mysql/store'] })
    expect(find(plan, 'mysql/volume/store')).toMatchObject({ effect: 'added', why: expect.stringContaining('It was mysql/data') as string })
    await site.done(plan)
    expect(site.data('mysql')).toEqual({ '/store': 'orders' })
    expect(site.data('web')).toEqual({ '/shared': 'orders' })
    await site.done(site.planRollback())
    expect(site.data('mysql')).toEqual({ '/data': 'orders' })
  })

  test('can be of a component that is called otherwise too', async () => {
    const site = await installed()
    await site.done(site.planUpgrade(renamed('2.0.0', 2, 'database'), { map: ['mysql=database', 'mysql/data=database/store'] }))
    expect(site.data('database')).toEqual({ '/store': 'orders' })
    expect(site.data('web')).toEqual({ '/shared': 'orders' })
  })

  test('can be one that was pruned, whose data was kept', async () => {
    const site = await installed()
    const without = testRelease('2.0.0', 2, { components: [{ name: 'web', workload: 'stateless', image: 'web:1' }] })
    await site.done(site.planUpgrade(without, { prune: true }))
    expect(site.running()).toEqual({ web: 'web:1' })
    await site.done(site.planUpgrade(release('3.0.0', 3, 'database'), { map: ['mysql/data=database/data'] }))
    expect(site.data('database')).toEqual({ '/data': 'orders' })
  })

  test.each([
    [['mysql/dat=mysql/store'], 'NAME_UNKNOWN', 'no volume "mysql/dat"'],
    [['mysql/data=mysql/stor'], 'NAME_UNKNOWN', 'no volume "stor"'],
    [['mysql/data=sql/store'], 'NAME_UNKNOWN', 'no component "sql"'],
    [['mysql/data=mysql/cache'], 'MAP_REFUSED', 'only a persistent volume'],
  ])('is refused where it can not be: %j', async (map, code, message) => {
    const site = await installed()
    const next = release('2.0.0', 2, 'mysql', {
      volumes: [
        { name: 'store', path: '/store', access: 'shared' },
        { name: 'cache', path: '/cache', kind: 'memory' },
      ],
    })
    await expect(site.planUpgrade(next, { map })).rejects.toMatchObject({ code, message: expect.stringContaining(message) as string })
  })
})

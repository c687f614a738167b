import { itemSelector, type Plan, type PlanItem } from '@sealift/deploy/plan/plan.ts'
import { type TestRelease, testRelease } from '@sealift/deploy/test-release.ts'
import type { Template } from '@sealift/template/schema/template.ts'
import { describe, expect, test } from 'vitest'
import { TestSite } from './test-site.ts'

type Component = Template['components'][number]

const web: Component = { name: 'web', workload: 'stateless', image: 'web:1' }
const notes = (more: Partial<Component> = {}): Component => ({
  name: 'notes',
  workload: 'stateful',
  image: 'notes:1',
  env: [{ name: 'MODE', value: 'one' }],
  connection: [{ name: 'PASSWORD', generate: { length: 16 } }],
  volumes: [{ name: 'data', path: '/data' }],
  ports: [{ name: 'http', port: 80, public: { kind: 'http' } }],
  ...more,
})
const user: Component = { ...web, name: 'user', dependsOn: [{ component: 'notes' }] }
const release = (version: string, sequence: number, ...components: Component[]): TestRelease =>
  testRelease(version, sequence, { components: [web, ...components] })
const find = ({ items }: Plan, selector: string): PlanItem | undefined => items.find((item) => itemSelector(item) === selector)

async function installed(): Promise<TestSite> {
  const site = new TestSite()
  await site.done(site.planInstall(release('1.0.0', 1, notes(), user)))
  site.engine.data.set('shop.notes.data.1', 'notes')
  await site.done(site.planConfigure({ components: { notes: { env: { MODE: 'mine' }, files: {} } } }))
  return site
}

describe('what a release dropped', () => {
  test('stays, is adopted by a later release with its name, and keeps data, values, secrets and port', async () => {
    const site = await installed()
    const password = site.env('user').PASSWORD
    const port = site.engine.replicas('shop', 'notes')[0]?.wanted.ports[0]?.hostPort
    const dropped = await site.planUpgrade(release('2.0.0', 2))
    expect(find(dropped, 'notes/component/notes')).toMatchObject({ effect: 'leftOver', restart: false })
    await site.done(dropped)
    site.takeCalls()
    expect(site.running().notes).toBe('notes:1')
    expect((await site.planUpgrade(release('2.0.0', 2))).steps).toEqual([])
    const adopting = await site.planUpgrade(release('3.0.0', 3, notes({ image: 'notes:3' }), user))
    expect(find(adopting, 'notes/component/notes')?.why).toContain('adopts it')
    await site.done(adopting)
    expect(site.running().notes).toBe('notes:3')
    expect(site.data('notes')).toEqual({ '/data': 'notes' })
    expect(site.env('notes').MODE).toBe('mine')
    expect(site.env('user').PASSWORD).toBe(password)
    expect(site.engine.replicas('shop', 'notes')[0]?.wanted.ports[0]?.hostPort).toBe(port)
    expect((await site.current()).state.components.notes?.leftOver).toBeUndefined()
  })

  test('is pruned; its data is found again by a later release, in the generation that it was in', async () => {
    const site = await installed()
    const password = site.env('user').PASSWORD
    await site.done(site.planUpgrade(release('2.0.0', 2), { prune: true }))
    expect(site.running()).toEqual({ web: 'web:1' })
    expect((await site.current()).state.keptVolumes).toEqual([{ component: 'notes', volume: 'data', generation: 1 }])
    expect(site.engine.data.get('shop.notes.data.1')).toBe('notes')
    const again = await site.planUpgrade(release('3.0.0', 3, notes(), user))
    expect(find(again, 'notes/component/notes')?.effect).toBe('added')
    await site.done(again)
    expect(site.data('notes')).toEqual({ '/data': 'notes' })
    expect(site.env('user').PASSWORD).toBe(password)
    expect(site.env('notes').MODE).toBe('one')
    expect((await site.current()).state.keptVolumes).toBeUndefined()
  })

  test('can be pruned by itself later, and is pruned with what is left over within a component', async () => {
    const site = await installed()
    const slim = release('2.0.0', 2, notes({ env: [], volumes: [], ports: [] }), user)
    await site.done(site.planUpgrade(slim))
    expect(site.data('notes')).toEqual({ '/data': 'notes' })
    const plan = await site.planUpgrade(slim, { prune: true })
    expect(plan.items.map((item) => [itemSelector(item), item.effect])).toEqual([
      ['notes/env/MODE', 'removed'],
      ['notes/volume/data', 'removed'],
      ['notes/port/http', 'removed'],
    ])
    await site.done(plan)
    expect(site.data('notes')).toEqual({})
    await site.done(site.planRollback())
    expect(site.data('notes')).toEqual({ '/data': 'notes' })
    expect(site.env('notes').MODE).toBe('mine')
  })

  test('gives its port up to the one that does its work under another name, with the number it had', async () => {
    const site = await installed()
    const port = site.engine.replicas('shop', 'notes')[0]?.wanted.ports[0]?.hostPort
    const plan = await site.planUpgrade(release('2.0.0', 2, notes({ ports: [{ name: 'web', port: 80, public: { kind: 'http' } }] }), user))
    expect(find(plan, 'notes/port/http')).toMatchObject({ effect: 'removed', why: 'The release calls it web.' })
    await site.done(plan)
    expect(site.engine.replicas('shop', 'notes')[0]?.wanted.ports).toEqual([{ name: 'web', port: 80, protocol: 'tcp', hostPort: port }])
  })

  test('and holds a host port that the release gives to another is refused, with the ways out', async () => {
    const site = new TestSite()
    const at = (name: string): Component => ({ ...web, name, ports: [{ name: 'http', port: 80, public: { kind: 'http', hostPort: 8080 } }] })
    await site.done(site.planInstall(release('1.0.0', 1, at('front'))))
    await expect(site.planUpgrade(release('2.0.0', 2, at('portal')))).rejects.toMatchObject({
      code: 'PORT_INVALID',
      hint: expect.stringMatching(/--prune.*--map/) as string,
    })
    await site.done(site.planUpgrade(release('2.0.0', 2, at('portal')), { map: ['front=portal'] }))
    expect(Object.keys(site.running()).toSorted()).toEqual(['portal', 'web'])
  })
})

describe('several changes in a row', () => {
  const v = (sequence: number, ...components: Component[]): TestRelease => release(`${sequence}.0.0`, sequence, ...components)

  test('upgrades, rollbacks and rollbacks of rollbacks end where they say', async () => {
    const site = await installed()
    await site.done(site.planUpgrade(v(2, notes({ image: 'notes:2' }), user)))
    await site.done(site.planUpgrade(v(3, notes({ image: 'notes:3' }), user, { ...web, name: 'extra' })))
    await site.done(site.planRollback())
    expect(site.running()).toMatchObject({ notes: 'notes:2', extra: 'web:1' })
    await site.done(site.planRollback())
    expect(site.running()).toMatchObject({ notes: 'notes:1', extra: 'web:1' })
    await site.done(site.planRollback(4))
    expect(site.running()).toMatchObject({ notes: 'notes:3' })
    expect((await site.current()).state.components.extra?.leftOver).toBeUndefined()
    expect(site.env('notes').MODE).toBe('mine')
    await site.done(site.planUpgrade(v(4, notes({ image: 'notes:4' }), user)))
    expect(site.running()).toMatchObject({ notes: 'notes:4', extra: 'web:1' })
    expect((await site.current()).state.components.extra?.leftOver).toBe(true)
    await site.done(site.planUpgrade(v(4, notes({ image: 'notes:4' }), user), { prune: true }))
    expect(Object.keys(site.running()).toSorted()).toEqual(['notes', 'user', 'web'])
  })

  test('the same version with changed content is a change as any other, and said to be one', async () => {
    const site = await installed()
    const plan = await site.planUpgrade(release('1.0.0', 2, notes({ image: 'notes:1b' }), user))
    expect(plan.findings).toMatchObject([{ severity: 'warning', message: expect.stringContaining('Same version, changed content') as string }])
    await site.done(plan)
    expect(site.running().notes).toBe('notes:1b')
    await site.done(site.planRollback())
    expect(site.running().notes).toBe('notes:1')
  })

  test('going back keeps the generation that data is in, and so does coming again after an uninstallation', async () => {
    const site = await installed()
    const password = site.env('user').PASSWORD
    await site.done(site.planUpgrade(v(2, notes({ image: 'notes:2' }), user), { snapshot: 'all' }))
    site.engine.data.set('shop.notes.data.1', 'spoilt')
    const snapshots = await site.snapshots.list('shop')
    await site.done(site.planRollback(undefined, { restore: snapshots }))
    expect(site.data('notes')).toEqual({ '/data': 'notes' })
    site.engine.data.set('shop.notes.data.2', 'notes and more')
    await site.done(site.planRollback(3))
    expect(site.running().notes).toBe('notes:2')
    expect(site.data('notes')).toEqual({ '/data': 'notes and more' })
    await site.done(site.planUninstall())
    await site.done(site.planInstall(v(1, notes(), user)))
    expect(site.data('notes')).toEqual({ '/data': 'notes and more' })
    expect(site.env('user').PASSWORD).toBe(password)
  })
})

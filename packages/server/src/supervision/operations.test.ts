import { resultOf } from '@sealift/api/job.ts'
import { shop1, shop2 } from '@sealift/driver-memory/shop-releases.ts'
import { describe, expect, it, vi } from 'vitest'
import { createSite, installOf, type Site, upgradeOf } from '../installations/site-fixture.ts'

async function installedSite(): Promise<Site> {
  const site = await createSite()
  await site.hold(shop1())
  await site.change(installOf())
  site.engine.calls.length = 0
  return site
}

const verbs = (site: Site, ...names: readonly string[]): readonly string[] => site.engine.calls.filter((call) => names.includes(call.split(' ')[0] ?? ''))
const runs = (site: Site, component: string): boolean => site.engine.replicas('shop', component).every(({ stoppedAt }) => stoppedAt === undefined)

describe('operations', () => {
  it('stop what depends on others first, and start it last, waiting for each', async () => {
    await using site = await installedSite()
    const stopped = await site.done(site.services.operations.stop('shop', []))
    expect(resultOf(stopped, 'stop').components).toEqual(['web', 'app', 'reports', 'db'])
    expect(verbs(site, 'stop')).toEqual(['stop web', 'stop app', 'stop reports', 'stop db'])
    expect(await site.services.view.list()).toMatchObject([{ health: 'stopped' }])
    site.engine.calls.length = 0
    const started = await site.done(site.services.operations.start('shop', []))
    expect(resultOf(started, 'start').components).toEqual(['db', 'reports', 'app', 'web'])
    const order = verbs(site, 'ensureComponent', 'probe')
    expect(order.indexOf('probe db')).toBeLessThan(order.indexOf('ensureComponent app'))
    expect(order.indexOf('probe app')).toBeLessThan(order.indexOf('ensureComponent web'))
    expect(await site.services.view.list()).toMatchObject([{ health: 'healthy' }])
  })

  it('leave stopped what was stopped when the program starts again', async () => {
    await using site = await installedSite()
    await site.done(site.services.operations.stop('shop', ['web']))
    site.engine.tamper('shop', 'app', (replica) => ({ ...replica, stoppedAt: site.engine.clock.now() }))
    await site.restart()
    site.services.supervisor.start()
    await vi.waitUntil(() => runs(site, 'app'), { timeout: 10_000 })
    expect(runs(site, 'web')).toBe(false)
    expect(runs(site, 'app')).toBe(true)
    expect(await site.services.view.status('shop')).toMatchObject({
      health: 'degraded',
      components: expect.arrayContaining([expect.objectContaining({ name: 'web', health: 'stopped' })]) as unknown,
    })
  })

  it('start with a component what it waits for', async () => {
    await using site = await installedSite()
    await site.done(site.services.operations.stop('shop', []))
    expect(resultOf(await site.done(site.services.operations.start('shop', ['app'])), 'start').components).toEqual(['db', 'app'])
    expect(runs(site, 'web')).toBe(false)
  })

  it('restart in order, and do nothing where all runs', async () => {
    await using site = await installedSite()
    const before = site.engine.replicas('shop', 'app')[0]?.startedAt
    expect(resultOf(await site.done(site.services.operations.start('shop', [])), 'start').components).toEqual([])
    expect(site.engine.replicas('shop', 'app')[0]?.startedAt).toBe(before)
    expect(resultOf(await site.done(site.services.operations.restart('shop', ['app', 'db'])), 'restart').components).toEqual(['db', 'app'])
    expect(verbs(site, 'stop')).toEqual(['stop db', 'stop app'])
    expect(site.engine.replicas('shop', 'app')[0]?.startedAt).not.toBe(before)
  })

  it('end with a change: what is upgraded runs', async () => {
    await using site = await installedSite()
    await site.done(site.services.operations.stop('shop', []))
    await site.hold(shop2())
    await site.change(upgradeOf())
    expect(await site.services.view.list()).toMatchObject([{ health: 'healthy', version: '2.0.0' }])
    await site.restart()
    expect(await site.services.view.list()).toMatchObject([{ health: 'healthy' }])
  })

  it('leave stopped what a refused change did not begin', async () => {
    await using site = await installedSite()
    await site.done(site.services.operations.stop('shop', []))
    await site.hold(shop2())
    site.engine.foreignPorts.add(8080)
    await expect(site.change(upgradeOf())).rejects.toMatchObject({ code: 'PREFLIGHT_FAILED' })
    expect(await site.services.view.list()).toMatchObject([{ health: 'stopped' }])
  })

  it('name what can not be operated', async () => {
    await using site = await installedSite()
    await expect(site.services.operations.stop('shop', ['wbe'])).rejects.toMatchObject({ code: 'COMPONENT_NOT_FOUND', hint: 'Did you mean web?' })
    await expect(site.services.operations.stop('shop', ['migrate'])).rejects.toMatchObject({ message: expect.stringContaining('is job') as string })
    await expect(site.services.operations.start('none', [])).rejects.toMatchObject({ code: 'INSTALLATION_NOT_FOUND' })
  })

  it('are told as events', async () => {
    await using site = await installedSite()
    await site.done(site.services.operations.stop('shop', ['web']))
    await site.done(site.services.operations.start('shop', []))
    expect(await site.services.events.list({})).toMatchObject([
      { installation: 'shop', reason: 'Stopped', message: 'Stopped by hand: web.', level: 'normal', count: 1 },
      { reason: 'Started', message: 'Started by hand: web.' },
    ])
  })
})

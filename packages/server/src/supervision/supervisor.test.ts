import type { EventReason } from '@sealift/api/event.ts'
import { testRelease } from '@sealift/deploy/test-release.ts'
import type { Behaviour } from '@sealift/driver-memory/memory-engine.ts'
import { shop1, shop2 } from '@sealift/driver-memory/shop-releases.ts'
import type { Template } from '@sealift/template/schema/template.ts'
import { describe, expect, it, vi } from 'vitest'
import { createSite, installOf, type Site, upgradeOf } from '../installations/site-fixture.ts'

/** A site whose installation is supervised; time flies while everybody waits. */
async function supervised(release = shop1()): Promise<Site> {
  const site = await createSite()
  await site.hold(release)
  await site.change(installOf())
  site.engine.calls.length = 0
  site.services.supervisor.start()
  return site
}

const until = (condition: () => boolean | Promise<boolean>): Promise<unknown> => vi.waitUntil(condition, { timeout: 15_000, interval: 20 })
const reasons = async (site: Site, component?: string): Promise<string[]> =>
  (await site.services.events.list({})).filter((event) => component === undefined || event.component === component).map(({ reason }) => reason)
const has = (site: Site, reason: EventReason, component?: string) => async () => (await reasons(site, component)).includes(reason)
const replica = (site: Site, component: string) => site.engine.replicas('shop', component)[0]
const runs = (site: Site, component: string): boolean => {
  const found = replica(site, component)
  return found !== undefined && found.stoppedAt === undefined
}

/** One component that behaves so, with these probes. */
function probed(probes: NonNullable<Template['components'][number]['probes']>) {
  return testRelease('1.0.0', 1, {
    parameters: [{ name: 'domain', type: 'string', required: true }],
    components: [{ name: 'web', workload: 'stateless', image: 'web:1', ports: [{ name: 'http', port: 80 }], probes }],
  })
}

async function behave(site: Site, image: string, behaviour: Behaviour): Promise<void> {
  const { current } = await site.services.installations.get('shop')
  for (const { image: pinned } of Object.values(current.state.components))
    if (pinned?.reference.includes(image)) site.engine.behaviours.set(pinned.config, behaviour)
}

describe('supervision', () => {
  it('brings back what was removed or stopped past Sealift, and tells of it', async () => {
    await using site = await supervised()
    site.engine.tamper('shop', 'app', () => undefined)
    site.engine.tamper('shop', 'web', (there) => ({ ...there, stoppedAt: site.engine.clock.now() }))
    await until(() => runs(site, 'app') && runs(site, 'web'))
    await until(has(site, 'Restarted', 'web'))
    expect((await site.services.events.list({})).map(({ component, reason }) => `${component} ${reason}`)).toEqual(
      expect.arrayContaining(['app Exited', 'app Restarted', 'web Exited', 'web Restarted']),
    )
    expect(await site.services.view.list()).toMatchObject([{ health: 'healthy' }])
  })

  it('starts in the order of dependencies, each when those before it are ready', async () => {
    await using site = await supervised()
    const now = site.engine.clock.now()
    site.engine.calls.length = 0
    for (const component of ['web', 'app', 'reports', 'db']) site.engine.tamper('shop', component, (there) => ({ ...there, stoppedAt: now }))
    await until(() => ['web', 'app', 'reports', 'db'].every((component) => runs(site, component)))
    const order = site.engine.calls.filter((call) => call.startsWith('ensureComponent')).map((call) => call.split(' ')[1])
    expect(order[0]).toBe('db')
    expect(order.indexOf('app')).toBeLessThan(order.indexOf('web'))
    expect(replica(site, 'web')?.startedAt).toBeGreaterThan(replica(site, 'app')?.startedAt ?? 0)
  })

  it('undoes changed limits, another image, and what a driver calls drift', async () => {
    await using site = await supervised()
    site.engine.tamper('shop', 'app', (there) => ({ ...there, wanted: { ...there.wanted, memory: 123 } }))
    site.engine.tamper('shop', 'web', (there) => ({ ...there, drift: 'it was paused' }))
    await until(() => replica(site, 'app')?.wanted.memory === undefined && replica(site, 'web')?.drift === undefined)
    await until(has(site, 'Healed', 'web'))
    const told = await site.services.events.list({})
    expect(told).toContainEqual(
      expect.objectContaining({ component: 'app', reason: 'Drifted', message: 'its limits were changed: memory 123 instead of unlimited' }),
    )
    expect(told).toContainEqual(expect.objectContaining({ component: 'web', reason: 'Drifted', message: 'it was paused' }))
  })

  it('tells loudly of a volume that was removed, and makes an empty one', async () => {
    await using site = await supervised()
    const volumes = [...site.engine.volumes]
    site.engine.volumes.clear()
    site.engine.tamper('shop', 'db', () => undefined)
    await until(() => runs(site, 'db'))
    await until(has(site, 'VolumeLost', 'db'))
    expect([...site.engine.volumes]).toEqual(volumes)
    expect((await site.services.view.status('shop')).notices).toContainEqual(
      expect.stringMatching(/^db: volume shop\.db\.data\.1 was removed.*data is gone/) as unknown,
    )
  })

  it('restarts what its liveness probe finds dead, at growing intervals', async () => {
    await using site = await supervised(
      probed({ readiness: { tcp: { port: 'http' } }, liveness: { tcp: { port: 'http' }, interval: '5s', failureThreshold: 3 } }),
    )
    await behave(site, 'web', { hangsAfter: 20_000 })
    const restarts = (): number => site.engine.calls.filter((call) => call === 'restart web/0').length
    await until(() => restarts() >= 4)
    expect(await reasons(site, 'web')).toEqual(expect.arrayContaining(['LivenessFailed', 'Restarted', 'Unhealthy', 'BackOff']))
    await until(async () => ((await site.services.view.status('shop')).components[0]?.restarts ?? 0) >= 4)
  })

  it('leaves alone what fails fewer times in a row than the threshold says', async () => {
    await using site = await supervised(probed({ liveness: { tcp: { port: 'http' }, interval: '1s', failureThreshold: 3 } }))
    let attempt = 0
    site.engine.fault = (verb) => {
      attempt += verb === 'probe' ? 1 : 0
      return verb === 'probe' && attempt % 3 !== 0 ? new Error('no answer') : undefined
    }
    await until(() => attempt > 60)
    expect(site.engine.calls).not.toContain('restart web/0')
  })

  it('waits with liveness until startup has succeeded', async () => {
    await using site = await supervised(
      probed({
        startup: { tcp: { port: 'http' }, interval: '10s', failureThreshold: 30 },
        liveness: { tcp: { port: 'http' }, interval: '1s', failureThreshold: 1 },
      }),
    )
    await behave(site, 'web', { readyAfter: 60_000 })
    site.engine.tamper('shop', 'web', ({ stoppedAt: _stoppedAt, ...there }) => ({ ...there, startedAt: site.engine.clock.now() }))
    const started = replica(site, 'web')?.startedAt ?? 0
    await until(() => site.engine.clock.now() > started + 120_000)
    expect(site.engine.calls).not.toContain('restart web/0')
  })

  it('keeps its hands off while a change is under way, and off what a person stopped', async () => {
    await using site = await supervised()
    await site.hold(shop2())
    await site.done(site.services.operations.stop('shop', ['web']))
    site.engine.calls.length = 0
    const stopped = site.engine.clock.now()
    await until(() => site.engine.clock.now() > stopped + 600_000)
    expect(site.engine.calls.filter((call) => call.startsWith('ensureComponent'))).toEqual([])
    // Whatever an upgrade takes apart, only the upgrade puts together.
    await site.change(upgradeOf())
    expect(site.engine.calls.filter((call) => call === 'ensureComponent app')).toHaveLength(1)
    expect(await reasons(site)).toEqual(['Stopped'])
  })

  it('stops again what was stopped by a person and started past Sealift', async () => {
    await using site = await supervised()
    await site.done(site.services.operations.stop('shop', ['web']))
    site.engine.tamper('shop', 'web', ({ stoppedAt: _stoppedAt, ...there }) => ({ ...there, startedAt: site.engine.clock.now() }))
    await until(() => !runs(site, 'web'))
  })

  it('leaves a change that was interrupted to whoever resumes it', async () => {
    await using site = await createSite()
    await site.hold(shop1())
    await site.change(installOf())
    await site.hold(shop2())
    site.engine.calls.length = 0
    site.engine.fault = (verb, subject) => (verb === 'ensureComponent' && subject === 'app' ? 'hang' : undefined)
    void site.change(upgradeOf()).catch(() => {})
    await until(() => site.engine.calls.includes('ensureComponent app'))
    await site.restart()
    site.engine.fault = undefined
    site.engine.calls.length = 0
    site.engine.tamper('shop', 'web', () => undefined)
    site.services.supervisor.start()
    const begun = site.engine.clock.now()
    await until(() => site.engine.clock.now() > begun + 300_000)
    expect(site.engine.calls.filter((call) => call.startsWith('ensureComponent'))).toEqual([])
  })

  it('tells that the engine is gone and back, and looks anew then', async () => {
    await using site = await supervised()
    await until(() => site.engine.watchers.size > 0)
    site.engine.fault = () => 'unreachable'
    site.engine.cut()
    await until(has(site, 'EngineLost'))
    expect(await site.services.view.list()).toMatchObject([{ health: 'unknown' }])
    site.engine.fault = undefined
    site.engine.tamper('shop', 'web', () => undefined)
    await until(has(site, 'EngineBack'))
    await until(() => runs(site, 'web'))
    expect((await reasons(site)).filter((reason) => reason === 'EngineLost')).toHaveLength(1)
  })

  it('goes on with a change that was put down while the engine was away', async () => {
    await using site = await supervised()
    await site.hold(shop2())
    await until(() => site.engine.watchers.size > 0)
    site.engine.fault = (verb, subject) => {
      if (verb !== 'ensureComponent' || subject !== 'app') return undefined
      site.engine.fault = () => 'unreachable'
      return 'unreachable'
    }
    await expect(site.change(upgradeOf())).rejects.toMatchObject({ code: 'ENGINE_UNREACHABLE' })
    site.engine.cut()
    await until(has(site, 'EngineLost'))
    site.engine.fault = undefined
    await until(has(site, 'EngineBack'))
    await until(() => replica(site, 'app')?.wanted.image.reference === 'app:2')
    await until(async () => (await site.services.changes.interrupted()).length === 0 && site.services.jobs.running().length === 0)
    expect((await site.services.installations.get('shop')).current.state.release.version).toBe('2.0.0')
  })

  it('tells what it can not bring back, and tries again until it can', async () => {
    await using site = await supervised()
    site.engine.fault = (verb, subject) => (verb === 'ensureComponent' && subject === 'app' ? new Error('no space left') : undefined)
    site.engine.tamper('shop', 'app', () => undefined)
    await until(has(site, 'HealFailed', 'app'))
    expect((await site.services.view.status('shop')).notices).toContain('app: its container was removed.')
    site.engine.fault = undefined
    await until(() => runs(site, 'app'))
  })
})

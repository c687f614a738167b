import type { ScheduleStatus } from '@sealift/api/installation.ts'
import { testRelease } from '@sealift/deploy/test-release.ts'
import type { Behaviour } from '@sealift/driver-memory/memory-engine.ts'
import type { Template } from '@sealift/template/schema/template.ts'
import { describe, expect, it, vi } from 'vitest'
import { createSite, installOf, type Site, upgradeOf } from '../installations/site-fixture.ts'

type Component = Template['components'][number]

function release(version: string, tidy: Partial<Component> = {}) {
  return testRelease(version, version === '1.0.0' ? 1 : 2, {
    parameters: [{ name: 'domain', type: 'string', required: true }],
    components: [
      { name: 'web', workload: 'stateless', image: 'web:1' },
      { name: 'tidy', workload: 'cron', image: 'tidy:1', schedule: '0 * * * *', ...tidy },
    ],
  })
}

async function installed(behaviour: Behaviour = { output: ['tidied'] }, tidy: Partial<Component> = {}): Promise<Site> {
  const site = await createSite()
  await site.hold(release('1.0.0', tidy))
  await site.change(installOf())
  const { current } = await site.services.installations.get('shop')
  const image = current.state.components.tidy?.image
  if (image !== undefined) site.engine.behaviours.set(image.config, behaviour)
  return site
}

const until = (condition: () => boolean | Promise<boolean>): Promise<unknown> => vi.waitUntil(condition, { timeout: 15_000, interval: 20 })
const schedule = async (site: Site): Promise<ScheduleStatus> => {
  const { components } = await site.services.view.status('shop')
  const found = components.find(({ name }) => name === 'tidy')?.schedule
  if (found === undefined) throw new Error('tidy has no schedule')
  return found
}
const events = async (site: Site, reason: string): Promise<readonly string[]> =>
  (await site.services.events.list({})).filter((event) => event.reason === reason).map(({ message }) => message)
const starts = (site: Site): number => site.engine.calls.filter((call) => call === 'startRun tidy').length
const runOf = (site: Site): string | undefined => site.engine.replicas('shop', 'tidy')[0]?.run
const HOUR = 3_600_000

describe('a schedule', () => {
  it('runs when it is due, and says how it went', async () => {
    await using site = await installed()
    site.services.cron.start()
    await until(async () => (await schedule(site)).last?.outcome === 'succeeded')
    const { last, nextAt } = await schedule(site)
    expect(last).toMatchObject({ dueAt: expect.stringMatching(/:00:00\.000Z$/), exitCode: 0, message: null })
    expect(Date.parse(nextAt ?? '') % HOUR).toBe(0)
    const lines = await site.services.view.logs('shop', { component: 'tidy' }, new AbortController().signal)
    const texts: string[] = []
    for await (const { text } of lines) texts.push(text)
    expect(texts).toEqual(['tidied'])
  })

  it('starts nothing before it is due, and nothing where no server runs', async () => {
    await using site = await installed()
    expect(site.engine.replicas('shop', 'tidy')).toEqual([])
    expect(await schedule(site)).toMatchObject({ schedule: '0 * * * *', timezone: 'UTC', last: null })
    expect(starts(site)).toBe(0)
  })

  it('of which a run fails says so, and runs on', async () => {
    await using site = await installed({ exitCode: 3, output: ['no space'] })
    site.services.cron.start()
    await until(async () => (await schedule(site)).last?.outcome === 'failed')
    expect((await schedule(site)).last).toMatchObject({ exitCode: 3, message: 'it ended with 3' })
    await until(async () => (await events(site, 'CronFailed')).length >= 2)
    expect((await site.services.view.status('shop')).health).toBe('degraded')
  })

  it('has never two runs at once: what is due meanwhile is left out, and told', async () => {
    await using site = await installed({ exitAfter: 2.5 * HOUR })
    site.services.cron.start()
    await until(async () => (await events(site, 'CronSkipped')).length >= 2)
    expect((await events(site, 'CronSkipped'))[0]).toMatch(/^The run at .* was left out: the run before is still under way\.$/)
    await until(async () => (await schedule(site)).last?.outcome === 'succeeded')
  })

  it('that nobody looked after has missed runs, which are told and not made up', async () => {
    await using site = await installed()
    site.services.cron.start()
    await until(async () => (await schedule(site)).nextAt !== null)
    await site.services.cron.close()
    const before = starts(site)
    const due = Date.parse((await schedule(site)).nextAt ?? '')
    await site.engine.clock.sleep(due - site.engine.clock.now() + 3 * HOUR + 30 * 60_000)
    await site.restart()
    site.services.cron.start()
    await until(async () => (await events(site, 'CronMissed')).length > 0)
    expect(await events(site, 'CronMissed')).toEqual([`4 runs since ${new Date(due).toISOString()} were missed: no server looked after it then.`])
    expect(starts(site)).toBe(before)
    await until(async () => (await schedule(site)).last?.outcome === 'succeeded')
    expect((await schedule(site)).missed).toBe(0)
  })

  it('finds the run that it began before the program was killed, and its end', async () => {
    await using site = await installed({ exitAfter: 10 * 60_000 })
    site.services.cron.start()
    await until(async () => (await schedule(site)).last?.outcome === 'running' && runOf(site) !== undefined)
    const run = runOf(site)
    await site.restart()
    site.services.cron.start()
    await until(async () => (await schedule(site)).last?.outcome === 'succeeded')
    expect((await schedule(site)).last?.dueAt).toBe(run)
  })

  it('starts a run that the program was killed before it could start', async () => {
    await using site = await installed()
    site.engine.fault = (verb) => (verb === 'startRun' ? new Error('killed here') : undefined)
    site.services.cron.start()
    await until(() => starts(site) > 0)
    await site.restart()
    site.engine.fault = undefined
    site.services.cron.start()
    await until(async () => (await schedule(site)).last?.outcome === 'succeeded')
  })

  it('tries again while the engine does not answer, and tells when it was too long', async () => {
    await using site = await installed()
    site.engine.fault = (verb) => (verb === 'startRun' ? 'unreachable' : undefined)
    site.services.cron.start()
    await until(async () => (await schedule(site)).last?.outcome === 'failed')
    expect((await schedule(site)).last?.message).toBe('it could not be started in time')
    site.engine.fault = undefined
    await until(async () => (await schedule(site)).last?.outcome === 'succeeded')
  })

  it('says so where its run vanished', async () => {
    await using site = await installed({ exitAfter: 30 * 60_000 })
    site.services.cron.start()
    await until(async () => (await schedule(site)).last?.startedAt != null && runOf(site) !== undefined)
    site.engine.setReplicas('shop', 'tidy', [])
    await until(async () => (await events(site, 'CronFailed')).length > 0)
    expect((await events(site, 'CronFailed'))[0]).toContain('its container was removed before its end was seen')
  })

  it('rests while the installation is stopped', async () => {
    await using site = await installed()
    await site.done(site.services.operations.stop('shop', []))
    site.services.cron.start()
    await until(async () => (await schedule(site)).last?.outcome === 'skipped')
    expect((await schedule(site)).last?.message).toBe('the installation is stopped')
    expect(starts(site)).toBe(0)
  })

  it('follows an upgrade', async () => {
    await using site = await installed()
    site.services.cron.start()
    await until(async () => (await schedule(site)).nextAt !== null)
    await site.hold(release('2.0.0', { schedule: '30 4 * * *', timezone: 'Europe/Berlin' }))
    await site.change(upgradeOf())
    await until(async () => (await schedule(site)).timezone === 'Europe/Berlin' && (await schedule(site)).nextAt !== null)
    expect((await schedule(site)).nextAt).toMatch(/T03:30:00\.000Z$/)
  })
})

import type { Change } from '@sealift/api/change.ts'
import { testRelease } from '@sealift/deploy/test-release.ts'
import { describe, expect, it } from 'vitest'
import { createSite, installOf, type Site } from './site-fixture.ts'

/** A database that keeps its password in its data, a cache that does not, and two that log in. */
function release() {
  return testRelease('1.0.0', 1, {
    parameters: [
      { name: 'domain', type: 'string', required: true },
      { name: 'licence', type: 'secret', required: true },
    ],
    components: [
      {
        name: 'db',
        workload: 'stateful',
        image: 'db:1',
        env: [{ name: 'PASSWORD', value: '${self.DB_PASSWORD}', secret: true }],
        connection: [{ name: 'DB_PASSWORD', generate: { length: 24 } }],
        volumes: [{ name: 'data', path: '/data', size: '1Gi' }],
      },
      {
        name: 'cache',
        workload: 'stateless',
        image: 'cache:1',
        env: [{ name: 'PASSWORD', value: '${self.CACHE_PASSWORD}', secret: true }],
        connection: [{ name: 'CACHE_PASSWORD', generate: { length: 24 } }],
      },
      { name: 'app', workload: 'stateless', image: 'app:1', dependsOn: [{ component: 'cache' }, { component: 'db' }] },
      { name: 'other', workload: 'stateless', image: 'other:1', env: [{ name: 'LICENCE', value: '${parameters.licence}', secret: true }] },
    ],
  })
}

const values = { parameters: { domain: 'x', licence: 'site-secret-1' } }
const rotate = (secrets: readonly string[], held = false): Change => ({ kind: 'configure', name: 'shop', values: {}, rotate: { secrets: [...secrets], held } })
const passwordOf = (site: Site, component: string, name: string): string | undefined => site.engine.replicas('shop', component)[0]?.wanted.env[name]

async function installed(): Promise<Site> {
  const site = await createSite()
  await site.hold(release())
  await site.change(installOf({ values }))
  return site
}

describe('secrets', () => {
  it('are listed without their values, with who uses them', async () => {
    await using site = await installed()
    const listed = await site.services.secrets.list('shop')
    expect(listed).toMatchObject([
      { name: 'cache/CACHE_PASSWORD', origin: 'generated', usedBy: ['cache', 'app'], heldBy: [] },
      { name: 'db/DB_PASSWORD', origin: 'generated', usedBy: ['db', 'app'], heldBy: ['db'] },
      { name: 'parameter/licence', origin: 'site', usedBy: ['other'], heldBy: [] },
    ])
    expect(JSON.stringify(listed)).not.toMatch(/site-secret-1/)
  })

  it('are shown one by one, which is an event', async () => {
    await using site = await installed()
    expect(await site.services.secrets.show('shop', 'parameter/licence')).toEqual({ name: 'parameter/licence', value: 'site-secret-1' })
    await expect(site.services.secrets.show('shop', 'db/DB_PASWORD')).rejects.toMatchObject({ code: 'NAME_UNKNOWN', hint: 'Did you mean db/DB_PASSWORD?' })
    const events = await site.services.events.list({})
    expect(events).toMatchObject([{ reason: 'SecretShown', message: 'The value of parameter/licence was shown.' }])
  })

  it('get a new value with all that uses them, and nothing else is touched', async () => {
    await using site = await installed()
    const before = { db: passwordOf(site, 'db', 'PASSWORD'), cache: passwordOf(site, 'cache', 'PASSWORD'), other: site.engine.replicas('shop', 'other')[0] }
    const { plan } = await site.services.planner.plan(rotate([]))
    expect(plan.findings).toMatchObject([
      { severity: 'warning', subject: 'secret db/DB_PASSWORD', message: expect.stringContaining('Left as it is') as string },
    ])
    site.engine.calls.length = 0
    await site.change(rotate([]))
    expect(passwordOf(site, 'cache', 'PASSWORD')).not.toBe(before.cache)
    expect(passwordOf(site, 'app', 'CACHE_PASSWORD')).toBe(passwordOf(site, 'cache', 'PASSWORD'))
    expect(passwordOf(site, 'db', 'PASSWORD')).toBe(before.db)
    expect(site.engine.replicas('shop', 'other')[0]).toBe(before.other)
    expect(site.engine.calls.filter((call) => call.startsWith('ensureComponent'))).toEqual(['ensureComponent cache', 'ensureComponent app'])
  })

  it('that a component holds in its data are refused until that is asked for by name', async () => {
    await using site = await installed()
    await expect(site.change(rotate(['db/DB_PASSWORD']))).rejects.toMatchObject({ code: 'SECRET_HELD', hint: expect.stringContaining('--held') as string })
    await expect(site.change(rotate(['parameter/licence']))).rejects.toMatchObject({ code: 'SECRET_NOT_GENERATED' })
    await expect(site.change(rotate(['nothing']))).rejects.toMatchObject({ code: 'NAME_UNKNOWN' })
    const before = passwordOf(site, 'db', 'PASSWORD')
    await site.change(rotate(['db/DB_PASSWORD'], true))
    expect(passwordOf(site, 'db', 'PASSWORD')).not.toBe(before)
    expect(passwordOf(site, 'app', 'DB_PASSWORD')).toBe(passwordOf(site, 'db', 'PASSWORD'))
  })

  it('stay rotated over a rollback, an upgrade and a reinstallation over kept data', async () => {
    await using site = await installed()
    await site.change(rotate(['cache/CACHE_PASSWORD']))
    await site.change(rotate(['cache/CACHE_PASSWORD']))
    await site.change(rotate(['db/DB_PASSWORD'], true))
    const cache = passwordOf(site, 'cache', 'PASSWORD')
    const db = passwordOf(site, 'db', 'PASSWORD')
    await site.change({ kind: 'rollback', name: 'shop', to: 1 })
    expect([passwordOf(site, 'cache', 'PASSWORD'), passwordOf(site, 'db', 'PASSWORD')]).toEqual([cache, db])
    await site.change({ kind: 'uninstall', name: 'shop', deleteData: false })
    await site.change(installOf({ values }))
    expect(passwordOf(site, 'db', 'PASSWORD')).toBe(db)
    expect((await site.services.secrets.list('shop')).map(({ name }) => name)).toEqual(['cache/CACHE_PASSWORD', 'db/DB_PASSWORD', 'parameter/licence'])
  })

  it('go on being rotated where that was cut off', async () => {
    await using site = await installed()
    site.engine.calls.length = 0
    site.engine.fault = (verb, subject) => (verb === 'ensureComponent' && subject === 'app' ? 'hang' : undefined)
    const starting = site.services.changes.start(rotate([]))
    const { id } = await starting
    for (let look = 0; !site.engine.calls.includes('ensureComponent app'); look += 1) {
      expect(look).toBeLessThan(2000)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    await site.restart()
    site.engine.fault = undefined
    await site.done(site.services.changes.resume(id))
    expect(passwordOf(site, 'app', 'CACHE_PASSWORD')).toBe(passwordOf(site, 'cache', 'PASSWORD'))
  })
})

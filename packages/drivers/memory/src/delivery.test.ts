import { itemSelector, type Plan, type PlanItem } from '@sealift/deploy/plan/plan.ts'
import { assertAgreed } from '@sealift/deploy/plan/planner.ts'
import { installationStatus } from '@sealift/deploy/status.ts'
import { testConfig } from '@sealift/deploy/test-release.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { describe, expect, test } from 'vitest'
import { MemoryDriver } from './memory-driver.ts'
import { shop1, shop2 } from './shop-releases.ts'
import { TestSite } from './test-site.ts'

const CHOICES = { parameters: { domain: 'shop.example' } }

async function installed(): Promise<TestSite> {
  const site = new TestSite()
  const result = await site.execute(await site.planInstall(shop1(), CHOICES))
  if (result.outcome !== 'done') throw result.reason ?? new Error(result.outcome)
  site.takeCalls()
  return site
}

async function upgraded(): Promise<TestSite> {
  const site = await installed()
  const result = await site.execute(await site.planUpgrade(shop2()))
  if (result.outcome !== 'done') throw result.reason ?? new Error(result.outcome)
  site.takeCalls()
  return site
}

function find({ items }: Plan, selector: string): PlanItem | undefined {
  return items.find((item) => itemSelector(item) === selector)
}

const touched = (site: TestSite): readonly string[] =>
  site
    .takeCalls()
    .filter((call) => /^(ensureComponent|removeComponent)/.test(call))
    .map((call) => call.replace('Component', ''))

describe('install', () => {
  test('starts components in the order of their waits and records a revision', async () => {
    const site = new TestSite()
    const result = await site.execute(await site.planInstall(shop1(), CHOICES))
    expect(result.outcome).toBe('done')
    expect(touched(site)).toEqual(['ensure db', 'ensure migrate', 'ensure reports', 'ensure app', 'ensure web'])
    expect(result.revision).toMatchObject({ number: 1, kind: 'install', outcome: 'done', from: null })
    expect(result.checks).toMatchObject([{ check: 'can-buy', exitCode: 0 }])
  })

  test('gives dependents the connection values, and passwords that are in no plan and no revision', async () => {
    const site = await installed()
    const password = site.env('db').PASSWORD ?? ''
    expect(password).toMatch(/^[A-Za-z0-9]{24}$/)
    expect(site.env('app')).toMatchObject({ DB_HOST: 'db', DB_PASSWORD: password, GREETING: 'Welcome' })
    expect(JSON.stringify(await site.journal.history('shop'))).not.toContain(password)
    expect(JSON.stringify(await site.journal.read('run-1'))).not.toContain(password)
  })

  test('fills in the files that are templates', async () => {
    const site = await installed()
    const [file] = site.engine.replicas('shop', 'web')[0]?.wanted.files ?? []
    expect(file?.content.toString()).toBe('upstream app:8000 for shop.example')
  })

  test('transfers images in the order in which they are needed, and starts what has its own meanwhile', async () => {
    const site = new TestSite()
    const plan = await site.planInstall(shop1(), CHOICES)
    const pulls = plan.steps.flatMap((step) => (step.kind === 'images' ? [[step.id, step.after, step.images.map(({ reference }) => reference)]] : []))
    expect(pulls).toEqual([
      ['images 0', [], ['mariadb:10']],
      ['images 1', ['images 0'], ['app:1', 'reports:1']],
      ['images 3', ['images 1'], ['web:1', 'check:1']],
    ])
    let starts = -1
    site.engine.fault = (verb, subject) => {
      if (verb === 'ensureImages' && subject.includes('app:1')) starts = site.engine.calls.filter((call) => call.startsWith('ensureComponent')).length
      return undefined
    }
    expect((await site.execute(plan)).outcome).toBe('done')
    expect(starts).toBeLessThan(2)
    expect((await site.planUpgrade(shop2())).steps[0]).toMatchObject({ id: 'images', kind: 'images' })
  })

  test('publishes host ports: one from a parameter, one allocated', async () => {
    const site = await installed()
    const ports = site.engine.replicas('shop', 'web')[0]?.wanted.ports
    expect(ports?.map(({ name, hostPort }) => [name, hostPort])).toEqual([
      ['http', 8080],
      ['admin', 30_000],
    ])
  })

  test('names every required parameter that is missing', async () => {
    const site = new TestSite()
    await expect(site.planInstall(shop1())).rejects.toMatchObject({ code: 'PARAMETER_MISSING', hint: 'Give them: --set domain=…' })
  })

  test('refuses unknown names and says what was meant', async () => {
    const site = new TestSite()
    await expect(site.planInstall(shop1(), { parameters: { domian: 'x' } })).rejects.toMatchObject({ code: 'NAME_UNKNOWN', hint: 'Did you mean domain?' })
    await expect(site.planInstall(shop1(), { ...CHOICES, modules: { report: false } })).rejects.toMatchObject({ code: 'NAME_UNKNOWN' })
    await expect(site.planInstall(shop1(), { parameters: { domain: 'x', port: '70000' } })).rejects.toMatchObject({ code: 'PARAMETER_INVALID' })
  })

  test('leaves out a module that is switched off, and what would be injected from it', async () => {
    const site = new TestSite()
    const result = await site.execute(await site.planInstall(shop1(), { ...CHOICES, modules: { reporting: false } }))
    expect(result.outcome).toBe('done')
    expect(Object.keys(site.running())).not.toContain('reports')
    expect(site.env('web')).not.toHaveProperty('REPORTS_HOST')
    expect((await installed()).env('web')).toMatchObject({ REPORTS_HOST: 'reports' })
  })

  test('that fails leaves no containers, and says which volumes it kept', async () => {
    const site = new TestSite()
    site.engine.behaviours.set(testConfig('web:1'), { exitAfter: 200, exitCode: 3, output: ['starting', 'no such file: /etc/x'] })
    const result = await site.execute(await site.planInstall(shop1(), CHOICES))
    expect(result).toMatchObject({ outcome: 'failed', reason: { code: 'COMPONENT_CRASHED' }, revision: { outcome: 'failed' } })
    expect(result.reason?.message).toContain('no such file: /etc/x')
    expect(result.revision.reason).toContain('1 volumes and their secrets were kept')
    expect(site.running()).toEqual({})
  })

  test('over data that an uninstall kept finds its secrets again', async () => {
    const site = await installed()
    const password = site.env('db').PASSWORD
    expect((await site.execute(await site.planUninstall())).outcome).toBe('done')
    expect(site.running()).toEqual({})
    expect([...site.engine.volumes]).toEqual(['shop.db.data.1'])
    expect((await site.execute(await site.planInstall(shop1(), CHOICES))).revision.number).toBe(3)
    expect(site.env('db').PASSWORD).toBe(password)
  })
})

describe('configure', () => {
  test('touches exactly what a value reaches', async () => {
    const site = await installed()
    const plan = await site.planConfigure({ components: { app: { env: { GREETING: 'Hello' }, files: {} } } })
    expect(plan.items).toMatchObject([{ component: 'app', kind: 'env', name: 'GREETING', now: 'Welcome', then: 'Hello', effect: 'changed', restart: true }])
    expect((await site.execute(plan)).outcome).toBe('done')
    expect(touched(site)).toEqual(['ensure app'])
    expect(site.env('app').GREETING).toBe('Hello')
  })

  test('follows a parameter into the files that use it', async () => {
    const site = await installed()
    const plan = await site.planConfigure({ parameters: { domain: 'other.example' } })
    expect(find(plan, 'web/component/web')).toMatchObject({ effect: 'changed', restart: true })
    await site.execute(plan)
    expect(touched(site)).toEqual(['ensure web'])
  })

  test('never shows a secret that a site sets', async () => {
    const site = await installed()
    const plan = await site.planConfigure({ components: { db: { env: { PASSWORD: 'hunter22' }, files: {} } } })
    expect(JSON.stringify(plan)).not.toContain('hunter22')
    expect(find(plan, 'db/env/PASSWORD')).toMatchObject({ now: '•••', then: '•••', effect: 'changed' })
    await site.execute(plan)
    expect(site.env('db').PASSWORD).toBe('hunter22')
    expect(JSON.stringify(await site.journal.history('shop'))).not.toContain('hunter22')
  })

  test('refuses to change what the vendor locked, and bounds that are not kept', async () => {
    const site = await installed()
    await expect(site.planConfigure({ components: { app: { env: { LICENCE: 'mine' }, files: {} } } })).rejects.toMatchObject({ code: 'VALUE_LOCKED' })
    await expect(site.planConfigure({ components: { app: { env: {}, files: {}, replicas: 9 } } })).rejects.toMatchObject({ code: 'OUT_OF_BOUNDS' })
    await expect(site.planConfigure({ components: { app: { env: {}, files: {}, memory: 'lots' } } })).rejects.toMatchObject({ code: 'QUANTITY_INVALID' })
  })

  test('adds a variable that the release does not know only where that is meant', async () => {
    const site = await installed()
    const misspelt = site.planConfigure({ components: { app: { env: { GREETNG: 'x' }, files: {} } } })
    await expect(misspelt).rejects.toMatchObject({ code: 'NAME_UNKNOWN', hint: expect.stringMatching(/Did you mean GREETING\?.*--add-env/) as string })
    const plan = await site.planConfigure({ components: { app: { env: {}, addEnv: { EXTRA: 'x' }, files: {} } } })
    expect(find(plan, 'app/env/EXTRA')).toMatchObject({ effect: 'added', then: 'x' })
    await site.execute(plan)
    expect(site.env('app').EXTRA).toBe('x')
    // Once it is there it is a variable as others are.
    await site.execute(await site.planConfigure({ components: { app: { env: { EXTRA: null }, files: {} } } }))
    expect(site.env('app')).not.toHaveProperty('EXTRA')
  })

  test('sets another value for what a dependency gives', async () => {
    const site = await installed()
    await site.execute(await site.planConfigure({ components: { app: { env: { DB_HOST: 'db.example' }, files: {} } } }))
    expect(site.env('app').DB_HOST).toBe('db.example')
    await site.execute(await site.planConfigure({ components: { app: { env: { DB_HOST: null }, files: {} } } }))
    expect(site.env('app').DB_HOST).toBe('db')
  })

  test('switches a module off and on again', async () => {
    const site = await installed()
    await site.execute(await site.planConfigure({ modules: { reporting: false } }))
    expect(touched(site)).toEqual(['ensure web', 'remove reports'])
    await site.execute(await site.planConfigure({ modules: { reporting: true } }))
    expect(touched(site)).toEqual(['ensure reports', 'ensure web'])
  })

  test('that changes nothing does nothing at the target', async () => {
    const site = await installed()
    const plan = await site.planConfigure({})
    expect(plan.steps).toEqual([])
    expect(plan.items).toEqual([])
  })
})

describe('upgrade', () => {
  test('takes images from the release, keeps values and files, and touches only what differs', async () => {
    const site = await installed()
    const plan = await site.planUpgrade(shop2())
    expect(find(plan, 'app/image/image')).toMatchObject({ effect: 'changed', restart: true })
    expect(find(plan, 'app/env/GREETING')).toMatchObject({ effect: 'offered', now: 'Welcome', then: 'Welcome', offered: 'Welcome, reader' })
    expect(find(plan, 'app/env/MODE')).toMatchObject({ effect: 'changed', now: 'fast', then: 'faster' })
    expect(find(plan, 'app/env/LICENCE')).toMatchObject({ effect: 'changed', then: 'two' })
    expect(find(plan, 'app/env/SHIPPING')).toMatchObject({ effect: 'added', now: null, then: '50' })
    expect(find(plan, 'app/file//etc/app.conf')?.effect).toBe('offered')
    expect(find(plan, 'hints/component/hints')?.effect).toBe('added')
    expect((await site.execute(plan)).outcome).toBe('done')
    expect(touched(site)).toEqual(['ensure migrate', 'ensure app', 'ensure hints'])
    expect(site.env('app')).toMatchObject({ GREETING: 'Welcome', MODE: 'faster', LICENCE: 'two', SHIPPING: '50' })
  })

  test('takes what was asked for, and a declined default is offered no more', async () => {
    const site = await installed()
    const plan = await site.planUpgrade(shop2(), { take: ['app/env/GREETING'], decline: ['app/file//etc/app.conf'] })
    expect(find(plan, 'app/env/GREETING')).toMatchObject({ effect: 'changed', then: 'Welcome, reader' })
    await site.execute(plan)
    const again = await site.planUpgrade(shop2())
    expect(again.items.filter(({ effect }) => effect === 'offered')).toEqual([])
    await expect(site.planUpgrade(shop2(), { take: ['app/env/GREETNIG'] })).rejects.toMatchObject({ code: 'NAME_UNKNOWN' })
  })

  test('keeps offering what was not decided', async () => {
    const site = await upgraded()
    expect(find(await site.planUpgrade(shop2()), 'app/env/GREETING')).toMatchObject({ effect: 'offered', offered: 'Welcome, reader' })
  })

  test('refuses older releases, other applications and versions that it does not follow', async () => {
    const site = await upgraded()
    await expect(site.planUpgrade(shop1())).rejects.toMatchObject({ code: 'RELEASE_OLDER' })
    const older = await site.planUpgrade(shop1(), { allowOlder: true })
    expect(find(older, 'hints/component/hints')?.effect).toBe('leftOver')
    const fresh = await installed()
    const picky = shop2((body) => ({ ...body, release: { upgradeFrom: '>=1.5' } }))
    await expect(fresh.planUpgrade(picky)).rejects.toMatchObject({ code: 'UPGRADE_REFUSED' })
  })

  test('keeps what the release dropped and removes it when told to', async () => {
    const site = await installed()
    const without = shop2((body) => ({
      ...body,
      components: body.components
        .filter(({ name }) => name !== 'reports')
        .map((component) => (component.name === 'web' ? { ...component, dependsOn: [{ component: 'app' }] } : component)),
    }))
    await site.execute(await site.planUpgrade(without))
    expect(site.running().reports).toBe('reports:1')
    const plan = await site.planUpgrade(without, { prune: true })
    expect(find(plan, 'reports/component/reports')).toMatchObject({ effect: 'removed', then: null })
    await site.execute(plan)
    expect(site.running().reports).toBeUndefined()
  })

  test('that gets not healthy returns to the revision before by itself', async () => {
    const site = await installed()
    site.engine.behaviours.set(testConfig('app:2'), { readyAfter: 'never', output: ['no database'] })
    // The job has the image of the component that fails; it ends as jobs do.
    const result = await site.execute(await site.planUpgrade(shop2()))
    expect(result).toMatchObject({
      outcome: 'returned',
      reason: { code: 'COMPONENT_UNHEALTHY' },
      revision: { number: 2, outcome: 'failed' },
      returned: { number: 3, kind: 'return', to: 1, outcome: 'done' },
    })
    expect(result.reason?.message).toContain('did not become healthy within 300 seconds: connection refused')
    expect(site.running()).toEqual({ db: 'mariadb:10', migrate: 'app:2', app: 'app:1', reports: 'reports:1', web: 'web:1' })
    expect(site.env('app')).toMatchObject({ MODE: 'fast', LICENCE: 'one' })
    expect((await site.planConfigure({})).steps).toEqual([])
  })

  test('whose check fails returns as well', async () => {
    const site = await installed()
    site.engine.behaviours.set(testConfig('check:1'), { exitCode: 1, output: ['no book could be bought'] })
    const result = await site.execute(await site.planUpgrade(shop2()))
    expect(result).toMatchObject({ outcome: 'returned', reason: { code: 'CHECK_FAILED' } })
    expect(result.reason?.message).toContain('no book could be bought')
    expect(site.running().app).toBe('app:1')
    expect(site.running().hints).toBeUndefined()
  })

  test('is refused where the target changed since the plan was shown', async () => {
    const site = await installed()
    const plan = await site.planUpgrade(shop2())
    await site.driver.stop('shop', 'reports')
    await expect(site.execute(plan)).rejects.toMatchObject({ code: 'PLAN_CHANGED' })
    const again = await site.planUpgrade(shop2())
    expect(() => assertAgreed(again, plan.digest)).toThrow(SealiftError)
    expect(() => assertAgreed(plan, plan.digest)).not.toThrow()
  })

  test('is refused before anything happens where a port is taken', async () => {
    const site = await installed()
    site.engine.foreignPorts.add(9090)
    const plan = await site.planConfigure({ parameters: { port: '9090' } })
    await expect(site.execute(plan)).rejects.toMatchObject({ code: 'PREFLIGHT_FAILED' })
    expect(touched(site)).toEqual([])
    expect(await site.journal.history('shop')).toHaveLength(1)
  })

  test('can be cancelled and is then gone back from', async () => {
    const site = await installed()
    site.engine.behaviours.set(testConfig('app:2'), { readyAfter: 'never' })
    const cancel = new AbortController()
    setImmediate(() => void site.clock.sleep(20_000).then(() => cancel.abort()))
    const result = await site.execute(await site.planUpgrade(shop2()), { cancel: cancel.signal })
    expect(result).toMatchObject({ outcome: 'returned', reason: { code: 'CHANGE_CANCELLED' } })
    expect(site.running().app).toBe('app:1')
  })
})

describe('rollback', () => {
  test('to the current revision repairs what is not as recorded', async () => {
    const site = await installed()
    await site.driver.removeComponent('shop', 'web')
    site.takeCalls()
    const plan = await site.planRollback(1)
    expect(find(plan, 'web/component/web')).toMatchObject({ effect: 'changed', why: 'It does not run and is started.' })
    await site.execute(plan)
    expect(touched(site)).toEqual(['ensure web'])
  })

  test('brings the older revision back and keeps what came since as left over', async () => {
    const site = await upgraded()
    const plan = await site.planRollback()
    expect(plan).toMatchObject({ kind: 'rollback', from: 2, to: 1 })
    expect(find(plan, 'app/env/LICENCE')).toMatchObject({ now: 'two', then: 'one', effect: 'changed', why: 'As it was in revision 1.' })
    expect(find(plan, 'hints/component/hints')?.effect).toBe('leftOver')
    expect((await site.execute(plan)).outcome).toBe('done')
    expect(touched(site)).toEqual(['ensure app'])
    expect(site.running()).toMatchObject({ app: 'app:1', hints: 'hints:2' })
    expect((await site.current()).state.release.version).toBe('1.0.0')
  })

  test('and upgrades follow each other for as long as one likes', async () => {
    const site = await installed()
    for (let round = 0; round < 3; round += 1) {
      expect((await site.execute(await site.planUpgrade(shop2()))).outcome).toBe('done')
      expect(site.running()).toMatchObject({ app: 'app:2', hints: 'hints:2' })
      expect((await site.execute(await site.planConfigure({ components: { app: { env: { GREETING: `round ${round}` }, files: {} } } }))).outcome).toBe('done')
      expect((await site.execute(await site.planRollback(1))).outcome).toBe('done')
      expect(site.running().app).toBe('app:1')
      expect(site.env('app').GREETING).toBe('Welcome')
    }
    const history = await site.journal.history('shop')
    expect(history.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    expect(history.every(({ outcome }) => outcome === 'done')).toBe(true)
  })
})

describe('a killed program', () => {
  const cuts = ['ensureImages', 'ensureComponent migrate', 'ensureComponent app', 'probe app', 'ensureComponent hints', 'runOnce check-can-buy']
  test.each(cuts)('goes on with an upgrade that was cut off at %s', async (cut) => {
    const site = await installed()
    const plan = await site.planUpgrade(shop2())
    let dead = false
    site.engine.fault = (verb, subject) => {
      if (`${verb} ${subject}`.startsWith(cut)) dead = true
      return dead ? 'hang' : undefined
    }
    void site.execute(plan, {}, 'cut')
    await site.clock.sleep(60_000)
    expect(dead).toBe(true)
    expect(await site.journal.open()).toHaveLength(1)

    site.engine.fault = undefined
    site.driver = new MemoryDriver(site.engine)
    site.takeCalls()
    const result = await site.resume('cut')
    expect(result).toMatchObject({ outcome: 'done', revision: { number: 2, outcome: 'done' } })
    expect(site.running()).toMatchObject({ app: 'app:2', hints: 'hints:2', migrate: 'app:2' })
    expect(await site.journal.open()).toEqual([])
    // Only the check's own run counts: what was done before the cut is not done again.
    expect(site.engine.calls.filter((call) => call === 'ensureComponent migrate')).toHaveLength(
      cut === 'ensureImages' || cut === 'ensureComponent migrate' ? 1 : 0,
    )
  })

  test('goes on with the way back', async () => {
    const site = await installed()
    site.engine.behaviours.set(testConfig('app:2'), { readyAfter: 'never' })
    const plan = await site.planUpgrade(shop2())
    let starts = 0
    site.engine.fault = (verb, subject) => {
      if (verb === 'ensureComponent' && subject === 'app') starts += 1
      return starts >= 2 ? 'hang' : undefined
    }
    void site.execute(plan, {}, 'cut')
    await site.clock.sleep(400_000)
    expect(starts).toBe(2)
    site.engine.fault = undefined
    const result = await site.resume('cut')
    expect(result).toMatchObject({ outcome: 'returned', revision: { number: 2, outcome: 'failed' }, returned: { number: 3, outcome: 'done' } })
    expect(site.running().app).toBe('app:1')
    await expect(site.resume('cut')).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' })
  })

  test('that ends in order puts its change down and goes on with it', async () => {
    const site = await installed()
    const plan = await site.planUpgrade(shop2())
    const suspend = new AbortController()
    site.engine.fault = (verb, subject) => {
      if (verb === 'probe' && subject === 'app') suspend.abort(new Error('the program ends'))
      return undefined
    }
    expect((await site.execute(plan, { suspend: suspend.signal }, 'put-down')).outcome).toBe('suspended')
    site.engine.fault = undefined
    expect((await site.resume('put-down')).outcome).toBe('done')
  })
})

describe('an engine that dies in the middle', () => {
  /** Dies at the first call that is one to die at, with all that runs, and comes back after so many milliseconds. */
  function dies(site: TestSite, isAt: (call: string) => boolean, away: number): void {
    let from: number | undefined
    site.engine.fault = (verb, subject) => {
      if (from === undefined && isAt(`${verb} ${subject}`)) {
        from = site.clock.now()
        for (const name of Object.keys(site.running())) {
          site.engine.tamper('shop', name, (replica) => {
            const hasEnded = replica.wanted.workload === 'job' && site.clock.now() - replica.startedAt >= 500
            return hasEnded ? replica : { ...replica, stoppedAt: site.clock.now() }
          })
        }
      }
      return from !== undefined && site.clock.now() - from < away ? 'unreachable' : undefined
    }
  }

  test.each(['ensureImages', 'ensureComponent migrate', 'ensureComponent app', 'probe app', 'runOnce check-can-buy'])(
    'is waited for at %s, and what ran before is started again',
    async (at) => {
      const site = await installed()
      const plan = await site.planUpgrade(shop2())
      dies(site, (call) => call.startsWith(at), 60_000)
      expect(await site.execute(plan)).toMatchObject({ outcome: 'done', revision: { number: 2, outcome: 'done' } })
      expect(site.running()).toMatchObject({ app: 'app:2', hints: 'hints:2' })
      expect((await site.planConfigure({})).steps).toEqual([])
      expect(site.events.map(({ message }) => message)).toContain('The engine answers again.')
    },
  )

  test('and does not come back leaves the change open, to be gone on with', async () => {
    const site = await installed()
    const plan = await site.planUpgrade(shop2())
    dies(site, (call) => call === 'ensureComponent app', 3_600_000)
    expect(await site.execute(plan, {}, 'cut')).toMatchObject({
      outcome: 'suspended',
      revision: { number: 2, outcome: 'pending' },
      reason: { code: 'ENGINE_UNREACHABLE' },
    })
    expect(await site.resume('cut')).toMatchObject({ outcome: 'suspended', reason: { code: 'ENGINE_UNREACHABLE' } })
    await site.clock.sleep(3_600_000)
    expect(await site.resume('cut')).toMatchObject({ outcome: 'done', revision: { number: 2 } })
    expect(site.running()).toMatchObject({ app: 'app:2', hints: 'hints:2' })
  })

  test('while a job runs has the job begin anew', async () => {
    const site = await installed()
    const plan = await site.planUpgrade(shop2())
    dies(site, (call) => call === 'observeComponent migrate' && site.running().migrate === 'app:2', 30_000)
    expect(await site.execute(plan)).toMatchObject({ outcome: 'done' })
    expect(site.takeCalls().filter((call) => call === 'removeComponent migrate')).toHaveLength(1)
    expect(site.running()).toMatchObject({ migrate: 'app:2', app: 'app:2' })
  })

  test('on the way back is waited for too', async () => {
    const site = await installed()
    site.engine.behaviours.set(testConfig('app:2'), { readyAfter: 'never' })
    const plan = await site.planUpgrade(shop2())
    let starts = 0
    let from: number | undefined
    site.engine.fault = (verb, subject) => {
      if (verb === 'ensureComponent' && subject === 'app' && ++starts === 2) from = site.clock.now()
      return from !== undefined && site.clock.now() - from < 30_000 ? 'unreachable' : undefined
    }
    expect(await site.execute(plan)).toMatchObject({ outcome: 'returned', returned: { number: 3, outcome: 'done' } })
    expect(site.running().app).toBe('app:1')
  })

  test('after a component failed leaves the change open, and the way back is gone when it is resumed', async () => {
    const site = await installed()
    site.engine.behaviours.set(testConfig('app:2'), { readyAfter: 'never' })
    const plan = await site.planUpgrade(shop2())
    let dead = false
    site.engine.fault = () => (dead ? 'unreachable' : undefined)
    const report = ({ stage }: { readonly stage: string }): void => {
      if (stage === 'return') dead = true
    }
    expect(await site.execute(plan, { report }, 'cut')).toMatchObject({ outcome: 'suspended', reason: { code: 'ENGINE_UNREACHABLE' } })
    site.engine.fault = undefined
    expect(await site.resume('cut')).toMatchObject({ outcome: 'returned', reason: { code: 'COMPONENT_UNHEALTHY' } })
    expect(site.running().app).toBe('app:1')
  })
})

test('status says how everything is in five words', async () => {
  const site = await installed()
  const { state } = await site.current()
  const look = async (stopped: readonly string[] = []) =>
    installationStatus({ state, observed: await site.driver.observe('shop'), probes: new Map(), stopped: new Set(stopped) })
  expect((await look()).health).toBe('healthy')
  await site.driver.stop('shop', 'web')
  expect(await look(['web'])).toMatchObject({
    health: 'degraded',
    components: expect.arrayContaining([expect.objectContaining({ component: 'web', health: 'stopped' })]),
  })
  expect((await look()).components.find(({ component }) => component === 'web')?.health).toBe('failed')
})

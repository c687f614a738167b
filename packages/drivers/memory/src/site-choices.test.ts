import { changesNothing, itemSelector, type Plan, type PlanItem } from '@sealift/deploy/plan/plan.ts'
import { type TestRelease, testRelease } from '@sealift/deploy/test-release.ts'
import type { Template } from '@sealift/template/schema/template.ts'
import { describe, expect, test } from 'vitest'
import { TestSite } from './test-site.ts'

type Body = Parameters<typeof testRelease>[2]
type Component = Template['components'][number]

const find = ({ items }: Plan, selector: string): PlanItem | undefined => items.find((item) => itemSelector(item) === selector)
const content = (text: string) => ({ content: Buffer.from(text) })
const fileOf = (site: TestSite, component: string, path: string): string | undefined =>
  site.engine
    .replicas('shop', component)[0]
    ?.wanted.files.find((file) => file.path === path)
    ?.content.toString()
const touched = (site: TestSite): readonly string[] => site.takeCalls().flatMap((call) => (call.startsWith('ensureComponent ') ? [call.slice(16)] : []))

async function installed(release: TestRelease, choices: Parameters<TestSite['planInstall']>[1] = {}): Promise<TestSite> {
  const site = new TestSite()
  await site.done(site.planInstall(release, choices))
  site.takeCalls()
  return site
}

describe('a configuration group', () => {
  const member = (name: string): Component => ({ name, workload: 'stateless', image: `${name}:1`, configurationGroups: ['mail'] })
  const release = (version: string, sequence: number, host: string, ...names: string[]): TestRelease =>
    testRelease(version, sequence, {
      configurationGroups: [
        {
          name: 'mail',
          env: [
            { name: 'SMTP_HOST', value: host },
            { name: 'SMTP_PORT', value: '25', onUpgrade: 'locked' },
          ],
          files: [{ path: '/etc/mail', source: './mail' }],
        },
      ],
      components: [...names.map(member), { name: 'other', workload: 'stateless', image: 'other:1', env: [{ name: 'SMTP_HOST', value: 'none' }] }],
    })
  const set = (host: string | null) => ({ groups: { mail: { env: { SMTP_HOST: host }, files: {} } } })

  test('is set once for all who use it, and only for them', async () => {
    const site = await installed(release('1.0.0', 1, 'localhost', 'a', 'b'))
    const plan = await site.planConfigure({ groups: { mail: { env: { SMTP_HOST: 'mail.example' }, files: { '/etc/mail': content('site') } } } })
    expect(find(plan, 'a/env/SMTP_HOST')).toMatchObject({ effect: 'changed', why: 'Set by the site for group mail.' })
    await site.done(plan)
    expect(touched(site)).toEqual(['a', 'b'])
    expect(['a', 'b', 'other'].map((name) => site.env(name).SMTP_HOST)).toEqual(['mail.example', 'mail.example', 'none'])
    expect(fileOf(site, 'b', '/etc/mail')).toBe('site')
  })

  test('leaves alone what was set for one component, and a component that gives its own up has the group’s again', async () => {
    const site = await installed(release('1.0.0', 1, 'localhost', 'a', 'b'))
    await site.done(site.planConfigure({ components: { a: { env: { SMTP_HOST: 'only-a' }, files: {} } } }))
    const plan = await site.planConfigure(set('mail.example'))
    expect(find(plan, 'a/env/SMTP_HOST')).toMatchObject({ effect: 'kept', now: 'only-a', then: 'only-a' })
    await site.done(plan)
    expect(site.env('a').SMTP_HOST).toBe('only-a')
    await site.done(site.planConfigure({ components: { a: { env: { SMTP_HOST: null }, files: {} } } }))
    expect(site.env('a').SMTP_HOST).toBe('mail.example')
    await site.done(site.planConfigure(set(null)))
    expect([site.env('a').SMTP_HOST, site.env('b').SMTP_HOST]).toEqual(['localhost', 'localhost'])
  })

  test('counts for a component that comes to it with an upgrade', async () => {
    const site = await installed(release('1.0.0', 1, 'localhost', 'a'))
    await site.done(site.planConfigure(set('mail.example')))
    const plan = await site.planUpgrade(release('2.0.0', 2, 'relay', 'a', 'b'))
    expect(find(plan, 'a/env/SMTP_HOST')).toMatchObject({ effect: 'offered', offered: 'relay' })
    await site.done(plan)
    expect(site.env('b').SMTP_HOST).toBe('mail.example')
  })

  test('is refused by unknown names, and where the vendor locked it', async () => {
    const site = await installed(release('1.0.0', 1, 'localhost', 'a'))
    await expect(site.planConfigure({ groups: { mial: { env: { SMTP_HOST: 'x' }, files: {} } } })).rejects.toMatchObject({
      code: 'NAME_UNKNOWN',
      hint: 'Did you mean mail?',
    })
    await expect(site.planConfigure({ groups: { mail: { env: { SMTP_HOTS: 'x' }, files: {} } } })).rejects.toMatchObject({
      code: 'NAME_UNKNOWN',
      message: 'there is no variable "SMTP_HOTS" of group mail',
    })
    await expect(site.planConfigure({ groups: { mail: { env: { SMTP_PORT: '26' }, files: {} } } })).rejects.toMatchObject({ code: 'VALUE_LOCKED' })
  })
})

describe('a secret file', () => {
  const release = (version: string, sequence: number, text: string): TestRelease =>
    testRelease(
      version,
      sequence,
      {
        parameters: [{ name: 'domain', type: 'string', default: 'a.example' }],
        components: [
          {
            name: 'web',
            workload: 'stateless',
            image: 'web:1',
            files: [
              { path: '/etc/key', source: './key', secret: true },
              { path: '/etc/conf', source: './conf', secret: true, template: true },
            ],
          },
        ],
      },
      { './key': text, './conf': text },
    )

  test('of the site is in the vault and nowhere else', async () => {
    const site = await installed(release('1.0.0', 1, 'placeholder'))
    const plan = await site.planConfigure({ components: { web: { env: {}, files: { '/etc/key': content('hunter22\u0000\u00ff') } } } })
    expect(find(plan, 'web/file//etc/key')?.then).toContain('•••')
    await site.done(plan)
    expect(fileOf(site, 'web', '/etc/key')).toBe('hunter22\u0000\u00ff')
    expect([...site.contents.values()].some((stored) => stored.includes('hunter22'))).toBe(false)
    expect(JSON.stringify(await site.journal.history('shop'))).not.toContain('hunter22')
    expect(await site.planConfigure({ components: { web: { env: {}, files: { '/etc/key': content('hunter22\u0000\u00ff') } } } })).toSatisfy(changesNothing)
  })

  test('that is a template follows the values that it uses, without being opened to plan that', async () => {
    const site = await installed(release('1.0.0', 1, 'placeholder'))
    await site.done(site.planConfigure({ components: { web: { env: {}, files: { '/etc/conf': content('pass=hunter22 at ${parameters.domain}') } } } }))
    expect(fileOf(site, 'web', '/etc/conf')).toBe('pass=hunter22 at a.example')
    site.takeCalls()
    await site.done(site.planConfigure({ parameters: { domain: 'b.example' } }))
    expect(touched(site)).toEqual(['web'])
    expect(fileOf(site, 'web', '/etc/conf')).toBe('pass=hunter22 at b.example')
    expect(JSON.stringify(await site.journal.history('shop'))).not.toContain('hunter22')
  })

  test('is not merged with a new default, but taken whole or declined', async () => {
    const site = await installed(release('1.0.0', 1, 'one'))
    await site.done(site.planConfigure({ components: { web: { env: {}, files: { '/etc/key': content('hunter22') } } } }))
    const next = release('2.0.0', 2, 'two')
    expect(find(await site.planUpgrade(next), 'web/file//etc/key')).toMatchObject({
      effect: 'offered',
      offered: '•••',
      why: expect.stringContaining('it is secret') as string,
    })
    await expect(site.planUpgrade(next, { take: ['web/file//etc/key'] })).rejects.toMatchObject({ code: 'MERGE_CONFLICT' })
    await site.done(site.planUpgrade(next, { take: ['web/file//etc/key=vendor'] }))
    expect(fileOf(site, 'web', '/etc/key')).toBe('two')
    await site.done(site.planRollback())
    expect(fileOf(site, 'web', '/etc/key')).toBe('hunter22')
  })
})

describe('a file that the site and the vendor changed', () => {
  const BASE = 'port 80\n\nworkers 2\n\nlog off\n'
  const release = (version: string, sequence: number, text: string): TestRelease =>
    testRelease(
      version,
      sequence,
      { components: [{ name: 'web', workload: 'stateless', image: 'web:1', files: [{ path: '/etc/web', source: './web' }] }] },
      { './web': text },
    )
  const ITEM = 'web/file//etc/web'
  const ours = BASE.replace('80', '8080')

  async function changed(): Promise<TestSite> {
    const site = await installed(release('1.0.0', 1, BASE))
    await site.done(site.planConfigure({ components: { web: { env: {}, files: { '/etc/web': content(ours) } } } }))
    return site
  }

  test('says how a merge would go, and is merged where it is taken', async () => {
    const site = await changed()
    const next = release('2.0.0', 2, BASE.replace('log off', 'log on'))
    expect(find(await site.planUpgrade(next), ITEM)).toMatchObject({
      effect: 'offered',
      why: expect.stringContaining('merges both without a conflict') as string,
    })
    await site.done(site.planUpgrade(next, { take: [ITEM] }))
    expect(fileOf(site, 'web', '/etc/web')).toBe('port 8080\n\nworkers 2\n\nlog on\n')
    // The same command again changes nothing, and the next release merges from here.
    expect(await site.planUpgrade(next, { take: [ITEM] })).toSatisfy(changesNothing)
    await site.done(site.planUpgrade(release('3.0.0', 3, BASE.replace('log off', 'log on').replace('2', '4')), { take: [`${ITEM}=merge`] }))
    expect(fileOf(site, 'web', '/etc/web')).toBe('port 8080\n\nworkers 4\n\nlog on\n')
  })

  test('refuses a merge with conflicts, naming the lines and the ways out; the rest of the plan is made without it', async () => {
    const site = await changed()
    const next = release('2.0.0', 2, BASE.replace('80', '443'))
    expect(find(await site.planUpgrade(next), ITEM)?.why).toContain("Both changed the same lines: line 1 of the site's file.")
    await expect(site.planUpgrade(next, { take: [ITEM] })).rejects.toMatchObject({
      code: 'MERGE_CONFLICT',
      message: expect.stringContaining('line 1') as string,
      hint: expect.stringContaining(`--take ${ITEM}=vendor`) as string,
      details: { conflicts: [{ line: 1, site: ['port 8080'], vendor: ['port 443'], base: ['port 80'] }] },
    })
    await site.done(site.planUpgrade(next, { take: [`${ITEM}=vendor`] }))
    expect(fileOf(site, 'web', '/etc/web')).toBe(BASE.replace('80', '443'))
  })

  test('takes a file that was merged by hand, and the default counts as decided', async () => {
    const site = await changed()
    const next = release('2.0.0', 2, BASE.replace('80', '443'))
    const resolved = site.store('port 8443\nworkers 2\nlog off\n')
    const choices = { parameters: {}, modules: {}, groups: {}, components: { web: { env: {}, files: { '/etc/web': { digest: resolved } } } } }
    await site.done(site.planUpgrade(next, { decline: [ITEM], choices }))
    expect(fileOf(site, 'web', '/etc/web')).toContain('8443')
    expect((await site.planUpgrade(next)).items.filter(({ effect }) => effect === 'offered')).toEqual([])
  })

  test('keeps the default that a merge begins from, over declined ones', async () => {
    const site = await changed()
    const second = BASE.replace('log off', 'log on')
    await site.done(site.planUpgrade(release('2.0.0', 2, second)))
    await site.done(site.planUpgrade(release('3.0.0', 3, `${second}tls on\n`), { take: [ITEM] }))
    expect(fileOf(site, 'web', '/etc/web')).toBe('port 8080\n\nworkers 2\n\nlog on\ntls on\n')
  })

  test('can only be a file', async () => {
    const site = await installed(
      testRelease('1.0.0', 1, { components: [{ name: 'web', workload: 'stateless', image: 'web:1', env: [{ name: 'A', value: '1' }] }] }),
    )
    const next = testRelease('2.0.0', 2, { components: [{ name: 'web', workload: 'stateless', image: 'web:1', env: [{ name: 'A', value: '2' }] }] })
    await expect(site.planUpgrade(next, { take: ['web/env/A=merge'] })).rejects.toMatchObject({ code: 'CHOICES_INVALID' })
    await expect(site.planUpgrade(next, { take: ['web/env/A'], decline: ['web/env/A'] })).rejects.toMatchObject({ code: 'CHOICES_INVALID' })
  })
})

describe('modules', () => {
  const body: Body = {
    modules: [
      { name: 'core' },
      { name: 'search', default: false },
      { name: 'reports', default: false, requires: ['charts'] },
      { name: 'charts', default: false },
    ],
    components: [
      { name: 'app', module: 'core', workload: 'stateless', image: 'app:1' },
      {
        name: 'finder',
        module: 'search',
        workload: 'stateful',
        image: 'finder:1',
        volumes: [{ name: 'index', path: '/index' }],
        connection: [{ name: 'KEY', generate: { length: 9 } }],
      },
      { name: 'report', module: 'reports', workload: 'stateless', image: 'report:1', dependsOn: [{ component: 'finder' }] },
      { name: 'chart', module: 'charts', workload: 'stateless', image: 'chart:1' },
    ],
  }
  const release = (version: string, sequence: number, image = 'finder:1') =>
    testRelease(version, sequence, { ...body, components: body.components.map((each) => (each.name === 'finder' ? { ...each, image } : each)) })

  test('bring at installation and later what they need, and say so', async () => {
    const site = await installed(release('1.0.0', 1), { modules: { reports: true } })
    expect(Object.keys(site.running()).toSorted()).toEqual(['app', 'chart', 'finder', 'report'])
    const later = await installed(release('1.0.0', 1))
    const plan = await later.planConfigure({ modules: { reports: true } })
    expect(find(plan, 'module/charts')).toMatchObject({ now: 'off', then: 'on', why: 'Switched on since module reports needs it.' })
    expect(find(plan, 'module/search')).toMatchObject({ now: 'off', then: 'on', why: 'Switched on since component report needs it.' })
    await later.done(plan)
    expect(Object.keys(later.running()).toSorted()).toEqual(['app', 'chart', 'finder', 'report'])
  })

  test('are not switched off while they are needed, at installation neither', async () => {
    const site = await installed(release('1.0.0', 1), { modules: { reports: true } })
    const refused = { code: 'MODULE_NEEDED', message: 'module search is to be off, but component report needs it' }
    await expect(site.planConfigure({ modules: { search: false } })).rejects.toMatchObject(refused)
    await expect(new TestSite().planInstall(release('1.0.0', 1), { modules: { reports: true, search: false } })).rejects.toMatchObject(refused)
  })

  test('keep data, values and secrets while they are off, also over an upgrade', async () => {
    const site = await installed(release('1.0.0', 1), { modules: { search: true } })
    site.engine.data.set('shop.finder.index.1', 'words')
    await site.done(site.planConfigure({ components: { finder: { env: {}, addEnv: { DEPTH: '9' }, files: {} } } }))
    const secret = (await site.current()).state.components.finder?.connection.KEY?.secretId
    await site.done(site.planConfigure({ modules: { search: false } }))
    expect(site.running().finder).toBeUndefined()
    const off = await site.planUpgrade(release('2.0.0', 2, 'finder:2'))
    expect(off.items.filter(({ component }) => component === 'finder')).toEqual([])
    await site.done(off)
    await site.done(site.planConfigure({ modules: { search: true } }))
    expect(site.running().finder).toBe('finder:2')
    expect(site.data('finder')).toEqual({ '/index': 'words' })
    expect(site.env('finder').DEPTH).toBe('9')
    expect((await site.current()).state.components.finder?.connection.KEY?.secretId).toBe(secret)
  })

  test('that a release adds to make their generated values although nothing of them runs', async () => {
    const site = await installed(testRelease('1.0.0', 1, { components: [{ name: 'app', workload: 'stateless', image: 'app:1' }] }))
    const { components } = body
    await site.done(
      site.planUpgrade(
        testRelease('2.0.0', 2, {
          modules: [{ name: 'search', default: false }],
          components: [{ name: 'app', workload: 'stateless', image: 'app:1' }, ...components.filter(({ name }) => name === 'finder')],
        }),
      ),
    )
    expect(touched(site)).toEqual([])
    expect(await site.vault.get('shop/generated/finder/KEY')).toMatch(/^.{9}$/)
  })
})

describe('parameters', () => {
  const body: Body = {
    parameters: [
      { name: 'domain', type: 'string', default: 'a.example', pattern: '[a-z.]+' },
      { name: 'port', type: 'number', default: 8080, min: 1, max: 65_535 },
      { name: 'open', type: 'boolean', default: true },
      { name: 'size', type: 'choice', choices: ['small', 'large'], default: 'small' },
      { name: 'token', type: 'secret', default: 'abcdefgh', min: 8 },
      { name: 'note', type: 'string' },
    ],
    components: [
      { name: 'a', workload: 'stateless', image: 'a:1', env: [{ name: 'D', value: '${parameters.domain}' }] },
      { name: 'b', workload: 'stateless', image: 'b:1', connection: [{ name: 'SIZE', value: '${parameters.size}' }] },
      { name: 'c', workload: 'stateless', image: 'c:1', dependsOn: [{ component: 'b' }] },
      {
        name: 'd',
        workload: 'stateless',
        image: 'd:1',
        command: ['serve', '${parameters.open}'],
        env: [{ name: 'T', value: '${parameters.token}', secret: true }],
      },
      {
        name: 'e',
        workload: 'stateless',
        image: 'e:1',
        files: [{ path: '/etc/e', source: './e', template: true }],
        ports: [{ name: 'p', port: 80, public: { kind: 'tcp', hostPort: '${parameters.port}' } }],
      },
      { name: 'f', workload: 'stateless', image: 'f:1' },
    ],
  }
  const release = testRelease('1.0.0', 1, body, { './e': 'for ${parameters.domain}' })

  test.each([
    ['domain', 'b.example', ['a', 'e']],
    ['size', 'large', ['c']],
    ['open', 'false', ['d']],
    ['port', '9090', ['e']],
    ['token', 'hunter2hunter2', ['d']],
    ['note', 'nobody uses it', []],
    ['size', 'small', []],
  ] as const)('%s = %s restarts exactly what uses it', async (name, value, expected) => {
    const site = await installed(release)
    await site.done(site.planConfigure({ parameters: { [name]: value } }))
    expect(touched(site).toSorted()).toEqual(expected)
  })

  test.each([
    ['domain', 'B.example'],
    ['port', '0'],
    ['port', '80.5e1'],
    ['port', '12345678901234567890'],
    ['open', 'yes'],
    ['size', 'medium'],
    ['token', 'short'],
  ])('%s does not accept %s', async (name, value) => {
    const site = await installed(release)
    await expect(site.planConfigure({ parameters: { [name]: value } })).rejects.toMatchObject({ code: 'PARAMETER_INVALID' })
  })

  test('whose answer another release does not accept any more are to be answered anew', async () => {
    const site = await installed(release, { parameters: { size: 'large' } })
    const narrowed = testRelease('2.0.0', 2, {
      ...body,
      parameters: [
        ...(body.parameters ?? []).slice(0, 3),
        { name: 'size', type: 'choice', choices: ['small', 'medium'], default: 'medium' },
        ...(body.parameters ?? []).slice(4),
      ],
    })
    await expect(site.planUpgrade(narrowed)).rejects.toMatchObject({
      code: 'PARAMETER_INVALID',
      hint: expect.stringContaining('--take parameter/size') as string,
    })
    const { state } = await site.done(site.planUpgrade(narrowed, { take: ['parameter/size'] }))
    expect(state.parameters.size?.value.expression).toBe('medium')
  })

  test('without an answer take the default that a later release gives them', async () => {
    const site = await installed(release)
    const given = testRelease('2.0.0', 2, {
      ...body,
      parameters: (body.parameters ?? []).map((each) => (each.name === 'note' ? { ...each, default: 'hello' } : each)),
    })
    const { state } = await site.done(site.planUpgrade(given))
    expect(state.parameters.note?.value).toMatchObject({ expression: 'hello', origin: 'vendor' })
  })

  test('that are required are not answered with nothing', async () => {
    const asked = testRelease('1.0.0', 1, {
      parameters: [{ name: 'name', type: 'string', required: true }],
      components: [{ name: 'a', workload: 'stateless', image: 'a:1' }],
    })
    await expect(new TestSite().planInstall(asked, { parameters: { name: '' } })).rejects.toMatchObject({ code: 'PARAMETER_MISSING' })
  })
})

test('what was set and is set again, or is nothing new, changes nothing', async () => {
  const site = await installed(testRelease('1.0.0', 1, { components: [{ name: 'a', workload: 'stateless', image: 'a:1', env: [{ name: 'A', value: '1' }] }] }))
  const set = { components: { a: { env: { A: '2' }, files: {} } } }
  await site.done(site.planConfigure(set))
  expect(await site.planConfigure(set)).toSatisfy(changesNothing)
  expect(await site.planConfigure({})).toSatisfy(changesNothing)
  // Whose value it is counts, even where it is the same.
  await site.done(site.planConfigure({ components: { a: { env: { A: null }, files: {} } } }))
  expect(await site.planConfigure({ components: { a: { env: { A: '1' }, files: {} } } })).not.toSatisfy(changesNothing)
})

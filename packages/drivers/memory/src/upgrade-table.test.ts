import type { Choices } from '@sealift/deploy/choices.ts'
import type { ComponentState, WantedState } from '@sealift/deploy/state.ts'
import { type TestRelease, testRelease } from '@sealift/deploy/test-release.ts'
import { offeredDefault, type Value } from '@sealift/deploy/value.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import type { Template } from '@sealift/template/schema/template.ts'
import { describe, expect, test } from 'vitest'
import { TestSite } from './test-site.ts'
import {
  AMOUNT_TABLE,
  COMPONENT_TABLE,
  CONNECTION_TABLE,
  PARAMETER_TABLE,
  RELEASE_TABLE,
  type Rule,
  STAYING_TABLE,
  type Start,
  VALUE_TABLE,
  type Vendor,
  VOLUME_TABLE,
  WAYS,
  type Way,
} from './upgrade-table.ts'

type Body = Parameters<typeof testRelease>[2]
type Component = Template['components'][number]
type Default = 'old' | 'new' | 'none'

const app = (more: Partial<Component> = {}): Component => ({ name: 'app', workload: 'stateless', image: 'app:1', ...more })
/** Depends on the app, so that it is given its connection values. */
const user: Component = { name: 'user', workload: 'stateless', image: 'user:1', dependsOn: [{ component: 'app' }] }

/** Files with enough lines that changes at both ends merge. */
const TEXT = { old: 'first\n1\n2\n3\nlast\n', new: 'first\n1\n2\n3\nLAST\n', mine: 'MINE\n1\n2\n3\nlast\n', both: 'MINE\n1\n2\n3\nLAST\n' }

/** An attribute as the tables try it. */
interface Attribute {
  readonly selector: string
  release(given: Default, rule: Rule, start: Start): { body: Body; files?: Record<string, string> }
  /** What the site chooses; absent where it can choose nothing. */
  readonly mine?: (vendorHasIt: boolean) => Partial<Choices>
  /** What runs, and what the state says about it. */
  read(site: TestSite, state: WantedState): { runs: string | undefined; value?: Value | undefined; leftOver?: boolean | undefined }
}

const env: Attribute = {
  selector: 'app/env/X',
  release: (given, rule) => ({ body: { components: [app({ env: given === 'none' ? [] : [{ name: 'X', value: given, onUpgrade: rule }] })] } }),
  mine: (known) => ({ components: { app: { env: known ? { X: 'mine' } : {}, ...(known ? {} : { addEnv: { X: 'mine' } }), files: {} } } }),
  read: (site, { components }) => ({ runs: site.env('app').X, value: components.app?.env.X }),
}

const file: Attribute = {
  selector: 'app/file//etc/x',
  release: (given, rule) => ({
    body: { components: [app({ files: given === 'none' ? [] : [{ path: '/etc/x', source: './x', onUpgrade: rule }] })] },
    files: given === 'none' ? {} : { './x': TEXT[given] },
  }),
  mine: () => ({ components: { app: { env: {}, files: { '/etc/x': { content: Buffer.from(TEXT.mine) } } } } }),
  read: (site, { components }) => {
    const content = site.engine
      .replicas('shop', 'app')[0]
      ?.wanted.files.find(({ path }) => path === '/etc/x')
      ?.content.toString()
    const runs = Object.entries(TEXT).find(([, text]) => text === content)?.[0]
    return { runs: runs ?? content, value: components.app?.files['/etc/x']?.content }
  },
}

const connection: Attribute = {
  selector: 'app/connection/X',
  release: (given, rule, start) => {
    const value = start === 'generated' && given === 'old' ? { generate: { length: 12 } } : { value: given }
    return { body: { components: [app({ connection: given === 'none' ? [] : [{ name: 'X', ...value, onUpgrade: rule }] }), user] } }
  },
  read: (site, { components }) => {
    const runs = site.env('user').X
    return { runs: runs !== undefined && /^[A-Za-z0-9]{12}$/.test(runs) ? 'made' : runs, value: components.app?.connection.X }
  },
}

const volume: Attribute = {
  selector: 'app/volume/x',
  release: (given) => ({ body: { components: [app({ volumes: given === 'none' ? [] : [{ name: 'x', path: `/${given}` }] })] } }),
  read: (site, { components }) => ({
    runs: site.engine
      .replicas('shop', 'app')[0]
      ?.wanted.volumes.find(({ name }) => name === 'x')
      ?.path.slice(1),
    value: components.app?.volumes.x?.definition,
  }),
}

const parameter: Attribute = {
  selector: 'parameter/x',
  release: (given) => ({ body: { parameters: given === 'none' ? [] : [{ name: 'x', type: 'string', default: given }], components: [app()] } }),
  mine: () => ({ parameters: { x: 'mine' } }),
  read: (_, { parameters }) => ({ runs: parameters.x?.value.expression, value: parameters.x?.value }),
}

function releases(attribute: Attribute, vendor: Vendor, rule: Rule, start: Start): readonly [TestRelease, TestRelease] {
  const [first, second] = { same: ['old', 'old'], changed: ['old', 'new'], dropped: ['old', 'none'], added: ['none', 'new'] }[vendor] as [Default, Default]
  // A site can set only what the release that is installed does not lock.
  const firstRule = start === 'site' ? 'keep' : rule
  const secondStart = start === 'generated' && vendor === 'added' ? 'generated' : start
  const make = (version: string, sequence: number, given: Default, of: Rule): TestRelease => {
    const asGenerated = secondStart === 'generated' && vendor === 'added' && given === 'new' ? 'old' : given
    const { body, files } = attribute.release(asGenerated, of, secondStart)
    return testRelease(version, sequence, body, files)
  }
  return [make('1.0.0', 1, first, firstRule), make('2.0.0', 2, second, rule)]
}

/** Carries a plan out and requires that it is done. */
async function run(site: TestSite, plan: Parameters<TestSite['execute']>[0]): Promise<void> {
  const { outcome, reason } = await site.execute(plan)
  if (outcome !== 'done') throw reason ?? new Error(outcome)
}

async function walk(way: Way, selector: string, [first, second]: readonly [TestRelease, TestRelease], mine?: Partial<Choices>): Promise<TestSite> {
  const site = new TestSite()
  await run(site, await site.planInstall(first))
  if (mine !== undefined) await run(site, await site.planConfigure(mine))
  const options = { take: { take: [selector] }, decline: { decline: [selector] }, prune: { prune: true } }[way as string] ?? {}
  await run(site, await site.planUpgrade(second, options))
  if (way === 'rollback') await run(site, await site.planRollback())
  if (way === 'again') await run(site, await site.planUpgrade(second))
  if (way === 'older') await run(site, await site.planUpgrade(first, { allowOlder: true }))
  return site
}

async function outcome(attribute: Attribute, way: Way, pair: readonly [TestRelease, TestRelease], mine?: Partial<Choices>): Promise<string> {
  try {
    const site = await walk(way, attribute.selector, pair, mine)
    const { runs, value, leftOver = value?.leftOver } = attribute.read(site, (await site.current()).state)
    return `${runs ?? '-'}${value !== undefined && offeredDefault(value) !== undefined ? '?' : ''}${leftOver === true ? '!' : ''}`
  } catch (thrown) {
    if (thrown instanceof SealiftError) return thrown.code
    throw thrown
  }
}

describe.each([
  ['a variable', env, VALUE_TABLE, 0],
  ['a file', file, VALUE_TABLE, 1],
  ['a connection value', connection, CONNECTION_TABLE, 0],
  ['storage', volume, VOLUME_TABLE, 0],
  ['a parameter', parameter, PARAMETER_TABLE, 0],
] as const)('%s', (_, attribute, table, side) => {
  test.each(table)('%s, %s by the vendor, %s', async (start, vendor, rule, cells) => {
    const pair = releases(attribute, vendor, rule, start)
    const found: string[] = []
    for (const way of WAYS) found.push(await outcome(attribute, way, pair, start === 'site' ? attribute.mine?.(vendor !== 'added') : undefined))
    expect(found).toEqual(cells.map((cell) => cell.split('|')[side] ?? cell))
  })
})

function definitionOf(state: WantedState): ComponentState['definition'] | undefined {
  return state.components.app?.definition
}

/** What one text of the release decides. */
function plain(selector: string, body: (given: Default) => Body, runs: (site: TestSite, state: WantedState) => string | undefined): Attribute {
  return { selector, release: (given) => ({ body: body(given) }), read: (site, state) => ({ runs: runs(site, state) }) }
}

const one = (given: Default, more: Partial<Component>): Body => ({ components: [app(given === 'none' ? {} : more)] })
const wanted = (site: TestSite) => site.engine.replicas('shop', 'app')[0]?.wanted

describe.each([
  [
    'entrypoint',
    plain(
      'app/command/entrypoint',
      (given) => one(given, { entrypoint: [given] }),
      (site) => wanted(site)?.entrypoint?.[0],
    ),
  ],
  [
    'command',
    plain(
      'app/command/command',
      (given) => one(given, { command: [given] }),
      (site) => wanted(site)?.command?.[0],
    ),
  ],
  [
    'probes',
    plain(
      'app/probe/readiness',
      (given) => one(given, { probes: { readiness: { exec: [given] } } }),
      (_, state) => definitionOf(state)?.probes.readiness?.exec?.[0],
    ),
  ],
  [
    'dependencies',
    plain(
      'app/dependency/base',
      (given) => ({
        components: [app(given === 'none' ? {} : { dependsOn: [{ component: 'base', prefix: given }] }), { ...user, name: 'base', dependsOn: [] }],
      }),
      (_, state) => definitionOf(state)?.dependsOn[0]?.prefix,
    ),
  ],
  [
    'plugins',
    plain(
      'app/plugin/look',
      (given) => ({ ...one(given, { plugins: [{ name: 'look' }] }), plugins: given === 'none' ? [] : [{ name: 'look', version: given, image: 'look:1' }] }),
      (_, state) => definitionOf(state)?.plugins?.[0]?.version,
    ),
  ],
  [
    'hooks',
    plain(
      'app/hook/quiesce',
      (given) => one(given, { hooks: { quiesce: { command: [given] } } }),
      (_, state) => definitionOf(state)?.hooks?.quiesce?.command?.[0],
    ),
  ],
  [
    'monitors',
    plain(
      'app/setting/monitors',
      (given) => one(given, { monitors: [{ port: 9104, path: `/${given}` }] }),
      (_, state) => {
        const [monitor] = (definitionOf(state)?.carried.monitors ?? []) as { path: string }[]
        return monitor?.path.slice(1)
      },
    ),
  ],
  [
    'alerts',
    plain(
      'alert/Down',
      (given) => ({ ...one(given, {}), alerts: given === 'none' ? [] : [{ name: 'Down', expr: given, severity: 'critical' }] }),
      (_, { alerts }) => (alerts[0] as { expr: string } | undefined)?.expr,
    ),
  ],
  [
    'checks',
    plain(
      'check/works',
      (given) => ({ ...one(given, {}), checks: given === 'none' ? [] : [{ name: 'works', image: `${given}:1` }] }),
      (_, { checks }) => checks.works?.image.reference.slice(0, 3),
    ),
  ],
] as const)('%s, which are taken from the release', (_, attribute) => {
  test.each(RELEASE_TABLE)('%s by the vendor', async (vendor, cells) => {
    const pair = releases(attribute, vendor, 'keep', 'untouched')
    for (const way of WAYS) expect(`${way}: ${await outcome(attribute, way, pair)}`).toBe(`${way}: ${cells[way]}`)
  })
})

test('an image is taken from the release', async () => {
  const image = plain(
    'app/image/image',
    (given) => ({ components: [app({ image: `${given}:1` })] }),
    (site) => wanted(site)?.image.reference.slice(0, 3),
  )
  for (const [vendor, cells] of RELEASE_TABLE.slice(0, 2)) {
    const pair = releases(image, vendor, 'keep', 'untouched')
    for (const way of WAYS) expect(`${way}: ${await outcome(image, way, pair)}`).toBe(`${way}: ${cells[way]}`)
  }
})

const port: Attribute = {
  selector: 'app/port/x',
  release: (given) => ({ body: one(given, { ports: [{ name: 'x', port: given === 'old' ? 80 : 81 }] }) }),
  read: (site, { components }) => {
    const number = wanted(site)?.ports.find(({ name }) => name === 'x')?.port
    return { runs: number === undefined ? undefined : number === 80 ? 'old' : 'new', leftOver: components.app?.ports.x?.leftOver }
  },
}

const route: Attribute = {
  selector: 'route/r',
  release: (given) => ({
    body: {
      components: [app({ ports: [{ name: 'http', port: 80 }] })],
      routes: given === 'none' ? [] : [{ name: 'r', host: `${given}.example`, component: 'app', port: 'http' }],
    },
  }),
  read: (_, { routes }) => ({ runs: (routes.r?.definition as { host: string } | undefined)?.host.slice(0, 3), leftOver: routes.r?.leftOver }),
}

const component: Attribute = {
  selector: 'extra/component/extra',
  release: (given) => ({ body: { components: [app(), ...(given === 'none' ? [] : [{ ...user, name: 'extra', image: `${given}:1`, dependsOn: [] }])] } }),
  read: (site, { components }) => ({ runs: site.running().extra?.slice(0, 3), leftOver: components.extra?.leftOver }),
}

describe.each([
  ['a port', port, STAYING_TABLE],
  ['a route', route, STAYING_TABLE],
  ['a component', component, COMPONENT_TABLE],
] as const)('%s', (_, attribute, table) => {
  test.each(table)('%s by the vendor', async (vendor, cells) => {
    const pair = releases(attribute, vendor, 'keep', 'untouched')
    for (const way of WAYS) expect(`${way}: ${await outcome(attribute, way, pair)}`).toBe(`${way}: ${cells[way]}`)
  })
})

interface AmountCase {
  readonly selector: string
  readonly words: Readonly<Record<'old' | 'new' | 'mine' | 'most', string>>
  readonly component: (given: 'old' | 'new', most: string | undefined) => Partial<Component>
  readonly mine: Partial<Choices>
  readonly read: (component: ComponentState) => string | null
}

const choose = (more: Partial<Choices['components'][string]>): Partial<Choices> => ({ components: { app: { env: {}, files: {}, ...more } } })

describe.each([
  [
    'replicas',
    {
      selector: 'app/replicas/replicas',
      words: { old: '1', new: '2', mine: '6', most: '4' },
      component: (given, most) => ({ scaling: { initial: given === 'old' ? 1 : 2, max: most === undefined ? 8 : Number(most) } }),
      mine: choose({ replicas: 6 }),
      read: ({ replicas }) => String(replicas.value),
    },
  ],
  [
    'memory',
    {
      selector: 'app/memory/memory',
      words: { old: '1Gi', new: '2Gi', mine: '6Gi', most: '4Gi' },
      component: (given, most) => ({ resources: { memory: given === 'old' ? '1Gi' : '2Gi' }, scaling: { maxMemory: most ?? '8Gi' } }),
      mine: choose({ memory: '6Gi' }),
      read: ({ memory }) => memory.value,
    },
  ],
  [
    'cores',
    {
      selector: 'app/cpu/cpu',
      words: { old: '1', new: '2', mine: '6', most: '4' },
      component: (given, most) => ({ resources: { cpu: given === 'old' ? '1' : '2' }, scaling: { maxCpu: most ?? '8' } }),
      mine: choose({ cpu: '6' }),
      read: ({ cpu }) => cpu.value,
    },
  ],
] as const satisfies readonly (readonly [string, AmountCase])[])('%s', (_, amount: AmountCase) => {
  test.each(AMOUNT_TABLE)('%s, %s in the release', async (start, vendor, cells) => {
    const make = (version: string, sequence: number, given: 'old' | 'new', most?: string): TestRelease =>
      testRelease(version, sequence, { components: [app(amount.component(given, most))] })
    const pair = [
      make('1.0.0', 1, 'old'),
      make('2.0.0', 2, vendor === 'changed' ? 'new' : 'old', vendor === 'tighter' ? amount.words.most : undefined),
    ] as const
    for (const way of WAYS) {
      const attribute: Attribute = {
        selector: amount.selector,
        release: () => ({ body: { components: [] } }),
        read: (_site, { components }) => {
          const value = components.app === undefined ? null : amount.read(components.app)
          return { runs: Object.entries(amount.words).find(([, word]) => word === value)?.[0] ?? String(value) }
        },
      }
      expect(`${way}: ${await outcome(attribute, way, pair, start === 'site' ? amount.mine : undefined)}`).toBe(`${way}: ${cells[way]}`)
    }
  })
})

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { InstallationStatus } from '@sealift/api/installation.ts'
import type { Comparison, Plan, PlanItem } from '@sealift/api/plan.ts'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { KIOSK_IMAGE, kioskMissing, kioskVendor } from './fixtures/kiosk.ts'
import type { Sealift } from './fixtures/sealift.ts'
import { openSite, type Site } from './fixtures/site.ts'

const missing = await kioskMissing()

const PROGRAM = `
    image: ${KIOSK_IMAGE}
    stopSignal: SIGKILL
    command: [busybox, sleep, "1000000"]
    probes: {readiness: {exec: [busybox, test, -d, /bin], interval: 1s}}`

interface Desk {
  readonly version: string
  /** What its storage is called. */
  readonly store: string
  readonly env: string
  readonly conf: string
  readonly more?: string
}

/** A desk: something with data, something with values and a file, and a lamp that is a module. */
function writeDesk({ version, store, env, conf, more = '' }: Desk): string {
  const folder = join(inject('runFolder'), 'templates', `desk-${version}`)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'top.conf'), conf)
  writeFileSync(join(folder, 'key'), 'placeholder')
  const path = join(folder, 'desk.yaml')
  writeFileSync(
    path,
    `apiVersion: sealift.dev/v1
kind: Application
name: desk
release: {version: ${version}}
parameters: [{name: owner, type: string, default: nobody}]
modules: [{name: lamp, default: false}]
configurationGroups: [{name: office, env: [{name: ROOM, value: "101"}]}]
components:
  - name: ${store}
    workload: stateful${PROGRAM}
    volumes: [{name: papers, path: /papers}]
    connection: [{name: KEY, generate: {length: 12}}]
  - name: top
    workload: stateless${PROGRAM}
    dependsOn: [{component: ${store}}]
    configurationGroups: [office]
    env: [${env}, {name: OWNER, value: "\${parameters.owner}"}, {name: STORE, value: "\${components.${store}.host}"}]
    files: [{path: /etc/top.conf, source: ./top.conf}, {path: /etc/key, source: ./key, secret: true}]
  - name: lamp
    module: lamp
    workload: stateless${PROGRAM}
    dependsOn: [{component: top}]
${more}`,
  )
  return path
}

const RELEASES: readonly Desk[] = [
  {
    version: '1.0.0',
    store: 'drawer',
    env: '{name: COLOUR, value: brown}, {name: WOOD, value: oak}, {name: SIZE, value: small, onUpgrade: follow}, {name: MAKER, value: acme, onUpgrade: locked}, {name: OLD, value: there}',
    conf: 'legs 4\n\nheight 70\n\ndrawers 1\n',
    more: `  - name: chair
    workload: stateless${PROGRAM}
    configurationGroups: [office]
`,
  },
  {
    version: '2.0.0',
    store: 'cabinet',
    env: '{name: COLOUR, value: white}, {name: WOOD, value: ash}, {name: SIZE, value: large, onUpgrade: follow}, {name: MAKER, value: acme two, onUpgrade: locked}, {name: NEW, value: brought}',
    conf: 'legs 4\n\nheight 70\n\ndrawers 2\n',
  },
  {
    version: '3.0.0',
    store: 'cabinet',
    env: '{name: COLOUR, value: white}, {name: WOOD, value: ash}, {name: SIZE, value: large, onUpgrade: follow}, {name: MAKER, value: acme two, onUpgrade: locked}, {name: NEW, value: brought}',
    conf: 'legs 4\n\nheight 80\n\ndrawers 2\n',
  },
]

const FILE = 'top/file//etc/top.conf'

describe.skipIf(missing !== undefined)(`an upgrade, attribute by attribute${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  let site: Site
  let sealift: Sealift
  let folder: string

  beforeAll(async () => {
    site = await openSite()
    await site.clear()
    folder = inject('runFolder')
    const vendor = await kioskVendor('desk')
    const bundles: string[] = []
    for (const desk of RELEASES) {
      await vendor.json('publish', writeDesk(desk))
      const bundle = join(folder, `desk-${desk.version}.sealift`)
      await vendor.json('export', `desk@${desk.version}`, '--out', bundle, '--overwrite')
      bundles.push(bundle)
    }
    const [key] = await vendor.json<{ fingerprint: string }[]>('keys', 'list')
    sealift = site.sealift('desk')
    await sealift.json('import', ...bundles, '--trust', key?.fingerprint ?? '')
  })
  afterAll(() => site.clear())

  const inside = (component: string, ...command: string[]): Promise<string> => site.engine.docker('exec', `sealift.desk.${component}.0`, 'busybox', ...command)
  const env = async (component: string): Promise<Readonly<Record<string, string>>> =>
    Object.fromEntries((await inside(component, 'env')).split('\n').map((line) => line.split('=') as [string, string]))
  const running = async (): Promise<string[]> => (await sealift.json<InstallationStatus>('status', 'desk')).components.map(({ name }) => name).toSorted()
  /** Which containers there are, by name: one that was made anew has another id. */
  const containers = async (): Promise<ReadonlyMap<string, string>> => {
    const lines = (await site.engine.docker('ps', '--no-trunc', '--format', '{{.Names}} {{.ID}}')).split('\n').filter((line) => line !== '')
    return new Map(lines.map((line) => line.split(' ') as [string, string]))
  }
  const remade = async (work: () => Promise<unknown>): Promise<string[]> => {
    const before = await containers()
    await work()
    return [...(await containers())]
      .filter(([name, id]) => !name.endsWith('.pod') && before.get(name) !== id)
      .map(([name]) => name.split('.')[2] ?? '')
      .toSorted()
  }
  const effects = ({ items }: Plan, component: string): Record<string, string> =>
    Object.fromEntries(items.filter((item: PlanItem) => item.component === component).map(({ selector, effect }) => [selector, effect]))
  const source = (name: string, text: string): string => {
    const path = join(folder, `desk-${name}`)
    writeFileSync(path, text)
    return path
  }

  it('begins with what the site makes of the first release; each change restarts what it reaches, and nothing twice', async () => {
    await sealift.json('install', 'desk@1.0.0')
    await inside('drawer', 'sh', '-c', 'echo important >/papers/letter')
    expect(await remade(() => sealift.json('configure', 'desk', '--group', 'office', '--env-var', 'ROOM=202'))).toEqual(['chair', 'top'])
    const set = [
      'configure',
      'desk',
      'top',
      '--env-var',
      'COLOUR=red',
      '--file',
      `/etc/top.conf=${source('conf', 'legs 4\n\nheight 72\n\ndrawers 1\n')}`,
      '--file',
      `/etc/key=${source('key', 'hunter22')}`,
    ]
    expect(await remade(() => sealift.json(...set))).toEqual(['top'])
    expect(await remade(() => sealift.json('configure', 'desk', '--set', 'owner=ann'))).toEqual(['top'])
    const jobs = (await sealift.json<unknown[]>('jobs', 'list')).length
    expect(await sealift.json(...set)).toMatchObject({ unchanged: true, revision: 4 })
    expect((await sealift.json<unknown[]>('jobs', 'list')).length).toBe(jobs)
    expect(await inside('top', 'cat', '/etc/key')).toBe('hunter22')
    expect((await env('chair')).ROOM).toBe('202')
  })

  it('is planned, refused where it can not be, and runs as it was planned', async () => {
    const options = ['desk', '--to', '2.0.0', '--map', 'drawer=cabinet']
    const plan = await sealift.json<Plan>('plan', ...options)
    expect(effects(plan, 'top')).toMatchObject({
      'top/env/COLOUR': 'offered',
      'top/env/WOOD': 'offered',
      'top/env/SIZE': 'changed',
      'top/env/MAKER': 'changed',
      'top/env/NEW': 'added',
      'top/env/OLD': 'leftOver',
      'top/env/ROOM': 'kept',
      [FILE]: 'offered',
    })
    expect(plan).toMatchObject({ restarts: ['cabinet', 'top'], removes: [], starts: [] })
    expect(await sealift.text('plan', ...options, '--show', FILE)).toContain('\n-drawers 1\n+drawers 2\n')
    expect((await sealift.text('plan', ...options)).split('\n').filter((line) => line.length > 80)).toEqual([])
    for (const [wrong, code] of [
      [['--take', 'top/env/COLUOR'], 'NAME_UNKNOWN'],
      [['--map', 'top=lamp'], 'MAP_REFUSED'],
      [['--decline', 'top/env/MAKER'], 'VALUE_LOCKED'],
    ] as const) {
      expect((await sealift.failure('upgrade', ...options, ...wrong)).error.code).toBe(code)
    }
    const taken = [...options, '--take', 'top/env/WOOD', '--take', FILE, '--decline', 'top/env/COLOUR']
    const { digest } = await sealift.json<Plan>('plan', ...taken)
    const made = await remade(() => sealift.json('upgrade', ...taken, '--plan', digest))
    expect(made).toEqual(['cabinet', 'top'])
    expect(await env('top')).toMatchObject({
      COLOUR: 'red',
      WOOD: 'ash',
      SIZE: 'large',
      MAKER: 'acme two',
      NEW: 'brought',
      OLD: 'there',
      ROOM: '202',
      STORE: 'cabinet',
      OWNER: 'ann',
    })
    expect(await inside('top', 'cat', '/etc/top.conf')).toBe('legs 4\n\nheight 72\n\ndrawers 2')
    expect(await inside('cabinet', 'cat', '/papers/letter')).toBe('important')
    expect(await running()).toEqual(['cabinet', 'chair', 'top'])
  })

  it('names conflicts by their lines, and takes a file that was merged by hand', async () => {
    const { error } = await sealift.failure('upgrade', 'desk', '--take', FILE)
    expect(error).toMatchObject({
      code: 'MERGE_CONFLICT',
      message: expect.stringContaining('line 3') as string,
      details: { conflicts: [{ line: 3, site: ['height 72'], vendor: ['height 80'] }] },
    })
    const marked = await sealift.text('plan', 'desk', '--merged', FILE)
    expect(marked).toContain('<<<<<<< site\nheight 72\n||||||| base\nheight 70\n=======\nheight 80\n>>>>>>> vendor\n')
    const merged = source(
      'merged',
      marked
        .replaceAll(/^(<<<<<<<|\|\|\|\|\|\|\||=======|>>>>>>>).*\n/gm, '')
        .replace('height 70\n', '')
        .replace('height 80\n', ''),
    )
    expect(await sealift.json('upgrade', 'desk', '--resolve', `${FILE}=${merged}`)).toMatchObject({ version: '3.0.0' })
    expect(await inside('top', 'cat', '/etc/top.conf')).toBe('legs 4\n\nheight 72\n\ndrawers 2')
    expect((await sealift.json<Plan>('plan', 'desk')).items.filter(({ effect }) => effect === 'offered')).toEqual([])
    // A no-change upgrade touches nothing.
    expect(await remade(() => sealift.json('upgrade', 'desk'))).toEqual([])
  })

  it('goes back, also under the old name, and forward again, on the same data', async () => {
    await inside('cabinet', 'sh', '-c', 'echo more >>/papers/letter')
    await sealift.json('rollback', 'desk', '--to', '4')
    expect(await running()).toEqual(['chair', 'drawer', 'top'])
    expect(await env('top')).toMatchObject({ WOOD: 'oak', SIZE: 'small', STORE: 'drawer' })
    expect(await inside('drawer', 'cat', '/papers/letter')).toBe('important\nmore')
    await sealift.json('rollback', 'desk', '--to', '6')
    expect(await running()).toEqual(['cabinet', 'chair', 'top'])
    expect(await inside('cabinet', 'cat', '/papers/letter')).toBe('important\nmore')
    const { items } = await sealift.json<Comparison>('diff', 'desk', '1', '6')
    expect(items).toContainEqual(expect.objectContaining({ selector: 'cabinet/component/cabinet', now: 'runs as drawer' }))
    expect(JSON.stringify(items)).not.toContain('hunter22')
  })

  it('switches a module on and off, prunes what was dropped, and finds kept data and secrets after an uninstallation', async () => {
    expect(await remade(() => sealift.json('configure', 'desk', '--enable', 'lamp'))).toEqual(['lamp'])
    await sealift.json('configure', 'desk', '--disable', 'lamp')
    await sealift.json('upgrade', 'desk', '--prune')
    expect(await running()).toEqual(['cabinet', 'top'])
    expect(await env('top')).not.toHaveProperty('OLD')
    const { KEY } = await env('top')
    await sealift.json('uninstall', 'desk')
    await sealift.json('install', 'desk@3.0.0')
    expect(await inside('cabinet', 'cat', '/papers/letter')).toBe('important\nmore')
    expect((await env('top')).KEY).toBe(KEY)
    await sealift.json('uninstall', 'desk', '--delete-data')
    expect(sealift.printed.join('\n')).not.toContain('hunter22')
  })
})

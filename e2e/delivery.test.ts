import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { InspectedBundle } from '@sealift/api/bundle.ts'
import type { InstallationStatus, RevisionSummary } from '@sealift/api/installation.ts'
import type { Job } from '@sealift/api/job.ts'
import type { Plan } from '@sealift/api/plan.ts'
import type { ReleaseSummary } from '@sealift/api/release.ts'
import { type BookshopCustomer, bookshopCustomer, type Order } from '@sealift/testbed/bookshop.ts'
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { filesWith, leftOversOf } from './fixtures/data-folder.ts'
import type { Sealift } from './fixtures/sealift.ts'
import { openSite, type Site, siteMissing } from './fixtures/site.ts'
import { type Published, published } from './fixtures/vendor.ts'

interface Imported {
  readonly releases: readonly { readonly version: string; readonly known: boolean }[]
  readonly stored: { readonly blobs: number; readonly bytes: number }
  readonly present: { readonly blobs: number; readonly bytes: number }
}

interface Changed {
  readonly revision: number
  readonly version: string | null
  readonly unchanged: boolean
  readonly checks: readonly { readonly check: string; readonly exitCode: number }[]
}

const SITE_FILE = '[mariadb]\nmax-connections = 77\n'
const FILE = '/etc/mysql/mariadb.conf.d/90-site.cnf'
const missing = await siteMissing()

describe.skipIf(missing !== undefined)(`a delivery${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  let from: Published
  let site: Site
  let sealift: Sealift
  let shop: BookshopCustomer
  let order: Order
  let passwords: Readonly<Record<string, string>>

  beforeAll(async () => {
    from = await published()
    site = await openSite()
    await site.clear({ images: true })
    sealift = site.sealift('delivery')
    shop = bookshopCustomer('http://127.0.0.1:8080', site.request)
  })

  const status = (): Promise<InstallationStatus> => sealift.json('status', 'bookshop')
  const health = async (): Promise<Record<string, string>> => Object.fromEntries((await status()).components.map(({ name, health: how }) => [name, how]))
  const planned = (...argv: string[]): Promise<Plan> => sealift.json('plan', 'bookshop', ...argv)
  const itemOf = ({ items }: Plan, component: string | null, kind: string, name: string): Plan['items'][number] | undefined =>
    items.find((item) => item.component === component && item.kind === kind && item.name === name)
  const containerOf = async (component: string): Promise<string> => {
    const labels = ['--filter', `label=dev.sealift.component=${component}`, '--filter', 'label=dev.sealift.role=main']
    return (await site.engine.docker('ps', '--quiet', ...labels)).trim()
  }
  const fileInside = async (): Promise<string> => `${await site.engine.docker('exec', await containerOf('db'), 'cat', FILE)}\n`
  /** The generated passwords, which stand nowhere in plain but in the engine. */
  const passwordsInside = async (): Promise<Record<string, string>> => {
    const found: Record<string, string> = {}
    for (const [component, variable] of [
      ['db', 'MARIADB_PASSWORD'],
      ['cache', 'REDIS_PASSWORD'],
    ] as const) {
      const [container] = JSON.parse(await site.engine.docker('inspect', await containerOf(component))) as { Config: { Env: string[] } }[]
      found[variable] = container?.Config.Env.find((each) => each.startsWith(`${variable}=`))?.slice(variable.length + 1) ?? ''
    }
    return found
  }

  it('begins with releases that the vendor has published', async () => {
    const releases = await from.vendor.json<ReleaseSummary[]>('releases')
    expect(releases.map(({ application, version, origin, sequence }) => [application, version, origin, sequence])).toEqual([
      ['bookshop', '3.1.0', 'published', 3],
      ['bookshop', '3.0.0', 'published', 2],
      ['bookshop', '2.9.0', 'published', 1],
    ])
  })

  it('shows what a bundle holds and who signed it, and that every byte is right, before anything is trusted', async () => {
    const bundle = await sealift.json<InspectedBundle>('inspect', from.bundles['2.9'])
    expect(bundle).toMatchObject({
      signature: 'not trusted here',
      signer: from.fingerprint,
      base: [],
      releases: [{ application: 'bookshop', version: '2.9.0' }],
    })
    expect(await sealift.json('verify', from.bundles['2.9'])).toEqual(bundle)
    expect(await sealift.json('releases')).toEqual([])
  })

  it('brings the bundle into the library once', async () => {
    const first = await sealift.json<Imported>('import', from.bundles['2.9'], '--trust', from.fingerprint)
    expect(first.releases).toMatchObject([{ version: '2.9.0', known: false }])
    expect(first.present.blobs).toBe(0)
    const again = await sealift.json<Imported>('import', from.bundles['2.9'])
    expect(again).toMatchObject({ releases: [{ known: true }], stored: { blobs: 0, bytes: 0 }, present: first.stored })
    expect(await sealift.json('inspect', from.bundles['2.9'])).toMatchObject({ signature: 'trusted' })
    // Of the next release only what differs is new.
    const next = await sealift.json<Imported>('import', from.bundles['3.0'])
    expect(next.stored.bytes).toBeLessThan(first.stored.bytes / 100)
    expect((await sealift.json<ReleaseSummary[]>('releases')).map(({ version, origin }) => [version, origin])).toEqual([
      ['3.0.0', 'imported'],
      ['2.9.0', 'imported'],
    ])
    expect(leftOversOf(sealift.data)).toEqual([])
  })

  it('installs, with its check, and sells', async () => {
    expect(await sealift.json('install', 'bookshop@2.9.0', '--set', 'port=8080', '--set', 'shopName=Corner Books')).toMatchObject({
      revision: 1,
      checks: [{ check: 'can-buy', exitCode: 0 }],
    })
    const now = await status()
    expect(now).toMatchObject({ version: '2.9.0', revision: 1, health: 'healthy', upgrade: '3.0.0' })
    expect(now.components.map(({ name, health: how }) => [name, how])).toEqual(
      ['db', 'cache', 'migrate', 'catalog', 'orders', 'worker', 'reports', 'web'].map((name) => [name, 'healthy']),
    )
    expect(now.components.at(-1)?.addresses).toEqual(['http://HOST:8080'])
    expect(await shop.about()).toMatchObject({ version: '2.9.0', greeting: 'Welcome' })
    expect(await shop.shopJson()).toMatchObject({ name: 'Corner Books' })
    order = await shop.buy(2, 'ann')
    passwords = await passwordsInside()
    expect(Object.values(passwords).map(({ length }) => length)).toEqual([24, 32])
  })

  it('changes a setting and replaces a file, and restarts only what they belong to', async () => {
    const before = await containerOf('orders')
    await sealift.json('configure', 'bookshop', 'catalog', '--env-var', 'GREETING=Good morning')
    const source = join(inject('runFolder'), 'site.cnf')
    writeFileSync(source, SITE_FILE)
    await sealift.json('configure', 'bookshop', 'db', '--file', `${FILE}=${source}`)
    expect(await shop.about()).toMatchObject({ greeting: 'Good morning' })
    expect(await fileInside()).toBe(SITE_FILE)
    expect(await containerOf('orders')).toBe(before)
    expect(await sealift.json('configure', 'bookshop', 'catalog', '--env-var', 'GREETING=Good morning', '--dry-run')).toMatchObject({
      work: false,
      restarts: [],
    })
  })

  it('plans the upgrade attribute by attribute, the same each time', async () => {
    const plan = await planned('--to', '3.0.0')
    expect((await planned('--to', '3.0.0')).digest).toBe(plan.digest)
    expect(plan).toMatchObject({ kind: 'upgrade', fromVersion: '2.9.0', toVersion: '3.0.0', findings: [], work: true })
    expect(plan.restarts.toSorted()).toEqual(['catalog', 'orders'])
    expect(plan.starts).toEqual(['recommendations'])
    expect(plan.runs).toEqual(['migrate'])
    expect(itemOf(plan, 'catalog', 'env', 'GREETING')).toMatchObject({
      effect: 'offered',
      now: 'Good morning',
      then: 'Good morning',
      offered: 'Welcome, reader',
    })
    expect(itemOf(plan, 'catalog', 'env', 'FREE_SHIPPING_FROM')).toMatchObject({ effect: 'added', now: null, then: '50' })
    expect(itemOf(plan, 'db', 'file', FILE)).toMatchObject({ effect: 'offered', offered: expect.stringMatching(/^[0-9a-f]{12}/) })
    expect(itemOf(plan, 'recommendations', 'component', 'recommendations')).toMatchObject({ effect: 'added' })
    expect(itemOf(plan, 'catalog', 'image', 'image')).toMatchObject({
      effect: 'changed',
      now: expect.stringContaining(':2.9'),
      then: expect.stringContaining(':3.0'),
    })
    expect(plan.items.every(({ why }) => why !== '')).toBe(true)
    expect(plan.rollbackNote).toContain('revision 3')
    expect((await status()).revision).toBe(3)
  })

  it('upgrades just as planned, and keeps what the site has set', async () => {
    const { digest } = await planned('--to', '3.0.0')
    expect(await sealift.json<Changed>('upgrade', 'bookshop', '--to', '3.0.0', '--plan', digest)).toMatchObject({ version: '3.0.0', revision: 4 })
    expect(await shop.about()).toEqual({ version: '3.0.0', greeting: 'Good morning', currency: 'EUR', freeShippingFrom: 50 })
    expect(await fileInside()).toBe(SITE_FILE)
    expect(await shop.order(order.id)).toMatchObject(order)
    expect(await shop.recommendations(2)).toBeInstanceOf(Array)
    expect(await health()).toMatchObject({ recommendations: 'healthy', web: 'healthy' })
    expect(await passwordsInside()).toEqual(passwords)
  })

  it('takes one offered default and declines the other', async () => {
    await sealift.json('upgrade', 'bookshop', '--to', '3.0.0', '--take', 'catalog/env/GREETING', '--decline', `db/file/${FILE}`)
    expect(await shop.about()).toMatchObject({ greeting: 'Welcome, reader' })
    expect(await fileInside()).toBe(SITE_FILE)
    const plan = await planned('--to', '3.0.0')
    expect(plan.items.filter(({ effect }) => effect === 'offered')).toEqual([])
  })

  it('goes back with its settings and data, and shows what is left over', async () => {
    const later = await shop.buy(3, 'ben')
    await sealift.json('rollback', 'bookshop', '--to', '3')
    expect(await shop.about()).toMatchObject({ version: '2.9.0', greeting: 'Good morning' })
    expect(await fileInside()).toBe(SITE_FILE)
    for (const each of [order, later]) expect(await shop.order(each.id)).toMatchObject({ id: each.id, customer: each.customer })
    const { components, health: how } = await status()
    expect(how).toBe('healthy')
    expect(components.filter(({ leftOver }) => leftOver).map(({ name }) => name)).toEqual(['recommendations'])
    const history = await sealift.json<RevisionSummary[]>('history', 'bookshop')
    expect(history.map(({ number, kind, outcome, current }) => [number, kind, outcome, current])).toEqual([
      [6, 'rollback', 'done', true],
      [5, 'upgrade', 'done', false],
      [4, 'upgrade', 'done', false],
      [3, 'configure', 'done', false],
      [2, 'configure', 'done', false],
      [1, 'install', 'done', false],
    ])
  })

  it('shows what components print', async () => {
    const lines = (await sealift.run('logs', 'bookshop', '--json')).stdout.trimEnd().split('\n')
    const documents = lines.map((line) => JSON.parse(line) as { component: string; time: string })
    expect(documents.map(({ time }) => time)).toEqual(documents.map(({ time }) => time).toSorted())
    expect(new Set(documents.map(({ component }) => component))).toContain('web')
    expect((await sealift.text('logs', 'bookshop', 'web', '--tail', '2')).trimEnd().split('\n')).toHaveLength(2)
  })

  it('is uninstalled but for its data, and finds that again with its passwords', async () => {
    await sealift.json('uninstall', 'bookshop')
    expect(await sealift.json('status')).toEqual([])
    expect(await site.engine.docker('ps', '--all', '--quiet')).toBe('')
    expect(await site.engine.docker('network', 'ls', '--quiet', '--filter', 'type=custom')).toBe('')
    expect((await site.engine.docker('volume', 'ls', '--quiet')).split('\n')).toHaveLength(2)
    expect(await sealift.json('install', 'bookshop@3.0.0', '--set', 'port=8081')).toMatchObject({ version: '3.0.0', checks: [{ exitCode: 0 }] })
    shop = bookshopCustomer('http://127.0.0.1:8081', site.request)
    expect(await shop.order(order.id)).toMatchObject({ id: order.id, customer: 'ann' })
    expect(await passwordsInside()).toEqual(passwords)
  })

  it('shows and keeps no password in plain', async () => {
    const jobs = await sealift.json<Job[]>('jobs', 'list', '--limit', '1000')
    for (const { id } of jobs) await sealift.text('jobs', 'show', String(id), '--follow')
    const revisions = await sealift.json<RevisionSummary[]>('history', 'bookshop')
    for (const { number } of revisions) await sealift.json('diff', 'bookshop', String(number), '1')
    await sealift.text('logs', 'bookshop')
    const secrets = Object.values(passwords)
    expect(sealift.printed.filter((text) => secrets.some((secret) => text.includes(secret)))).toEqual([])
    // The test itself can see: what was printed must hold what is no secret.
    expect(sealift.printed.join('')).toContain('GREETING')
    expect(filesWith(secrets, [sealift.data, `${sealift.data}.key`, ...Object.values(from.bundles)])).toEqual([])
    expect(filesWith(['GREETING'], [sealift.data]).length).toBeGreaterThan(0)
  })

  it('is uninstalled with its data when that is asked for', async () => {
    await sealift.json('uninstall', 'bookshop', '--delete-data')
    expect(await site.engine.docker('volume', 'ls', '--quiet')).toBe('')
    expect((await sealift.failure('history', 'bookshop')).error.code).toBe('INSTALLATION_NOT_FOUND')
  })
})

import type { InstallationStatus, RevisionSummary } from '@sealift/api/installation.ts'
import type { Job } from '@sealift/api/job.ts'
import { type BookshopCustomer, bookshopCustomer, type Order } from '@sealift/testbed/bookshop.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { kiosks } from './fixtures/kiosk.ts'
import type { Sealift } from './fixtures/sealift.ts'
import { imported, openSite, type Site, siteMissing } from './fixtures/site.ts'

const missing = await siteMissing()

describe.skipIf(missing !== undefined)(`a change that fails${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  let site: Site
  let sealift: Sealift
  let shop: BookshopCustomer

  beforeAll(async () => {
    site = await openSite()
    await site.clear()
    sealift = site.sealift('failed-upgrade', { copyOf: await imported(site) })
    shop = bookshopCustomer('http://127.0.0.1:8082', site.request)
  })
  afterAll(() => site.clear())

  const components = async (): Promise<string[]> => (await sealift.json<InstallationStatus>('status', 'bookshop')).components.map(({ name }) => name)

  it('goes back to the revision before by itself, with its data, and says why', async () => {
    await sealift.json('install', 'bookshop@2.9.0', '--set', 'port=8082')
    const order: Order = await shop.buy(2, 'ann')
    const before = await components()

    const failure = await sealift.failure('upgrade', 'bookshop', '--to', '3.1.0')
    expect(failure.code).toBe(1)
    expect(failure.error.code).toMatch(/^COMPONENT_(CRASHED|UNHEALTHY)$/)
    expect(failure.error.message).toContain('orders')
    expect(failure.error.message).toContain('PAYMENTS_URL is not set')
    expect(failure.error.hint).toContain('as it was before, in revision 1')
    expect(failure.error.details).toMatchObject({ component: 'orders', outcome: 'returned', revision: 2, returned: 3 })
    expect(failure.stderr).toContain('Returning to revision 1')

    const history = await sealift.json<RevisionSummary[]>('history', 'bookshop')
    expect(history).toMatchObject([
      { number: 3, kind: 'return', to: 1, version: '2.9.0', outcome: 'done', current: true },
      { number: 2, kind: 'upgrade', version: '3.1.0', outcome: 'failed', current: false, reason: expect.stringContaining('orders') },
      { number: 1, kind: 'install', version: '2.9.0', outcome: 'done', current: false },
    ])
    expect(await sealift.json('status', 'bookshop')).toMatchObject({ health: 'healthy', version: '2.9.0', revision: 3 })
    expect(await components()).toEqual(before)
    expect(await shop.about()).toMatchObject({ version: '2.9.0', greeting: 'Welcome' })
    expect(await shop.order(order.id)).toEqual(order)
    await shop.buy(3, 'ben')

    const [job] = await sealift.json<Job[]>('jobs', 'list', '--limit', '1')
    expect(job).toMatchObject({ kind: 'upgrade', state: 'failed', error: { code: failure.error.code } })
    expect((await sealift.text('history', 'bookshop')).split('\n').every((line) => line.length <= 200)).toBe(true)
  })

  it('can be followed by an upgrade that works', async () => {
    expect(await sealift.json('upgrade', 'bookshop', '--to', '3.0.0')).toMatchObject({ version: '3.0.0', revision: 4 })
    expect(await shop.about()).toMatchObject({ version: '3.0.0' })
    await sealift.json('uninstall', 'bookshop', '--delete-data')
  })

  it('leaves no container of an installation that never was, and the name is free again', async () => {
    const { bundles, fingerprint } = await kiosks()
    await sealift.json('import', ...Object.values(bundles), '--trust', fingerprint)
    const failure = await sealift.failure('install', 'kiosk@1.2.0', '--set', 'port=8083')
    expect(failure.code).toBe(1)
    expect(failure.error.code).toMatch(/^COMPONENT_(CRASHED|UNHEALTHY)$/)
    expect(failure.error.message).toMatch(/counter[\s\S]*the counter is broken/)
    expect(await site.engine.docker('ps', '--all', '--quiet')).toBe('')
    expect(await site.engine.docker('network', 'ls', '--quiet', '--filter', 'type=custom')).toBe('')
    expect(await sealift.json('install', 'kiosk@1.0.0', '--set', 'port=8083')).toMatchObject({ version: '1.0.0' })
    expect((await site.request('http://127.0.0.1:8083/')).body).toBe('open\n')
    await sealift.json('uninstall', 'kiosk', '--delete-data')
  })
})

import type { Collected } from '@sealift/api/collected.ts'
import { writeBlob } from '@sealift/content/read-blob.ts'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { openDataFolder } from '../data/data-folder.ts'
import { temporaryFolder } from '../data/data-folder-fixture.ts'
import { createSide, createWorkplace, publishFrom } from '../library/library-fixture.ts'
import { createServices, type Services } from '../services.ts'

const NOW = Date.parse('2026-11-22T12:00:00Z')
const YEAR = 365 * 86_400_000

async function collected({ collector, jobs }: Services): Promise<Collected> {
  const { id } = await collector.start({})
  await jobs.idle()
  return (await jobs.get(id)).result as Collected
}

describe.each([
  { way: 'forwards', jump: YEAR },
  { way: 'backwards', jump: -YEAR },
])('a clock that jumps $way by a year', ({ jump }) => {
  // The clock on the wall alone: what counts the time since a start goes on.
  beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: NOW }))
  afterEach(() => void vi.useRealTimers())

  it('changes neither which release is the latest nor which key signs', async () => {
    await using workplace = await createWorkplace()
    await using side = await createSide()
    await publishFrom(workplace, side, await workplace.template({ version: '1.0.0', content: 'first' }))
    const first = await side.services.keys.signingKey()
    vi.setSystemTime(NOW + jump)
    const { fingerprint } = await side.services.keys.generate('second')
    const signing = await side.services.keys.signingKey()
    expect(signing.fingerprint).not.toBe(first.fingerprint)
    expect(fingerprint.replaceAll('-', '')).toBe(signing.fingerprint)
    await publishFrom(workplace, side, await workplace.template({ version: '2.0.0', content: 'second' }))
    const latest = await side.services.library.find('shop')
    expect(latest.row).toMatchObject({ version: '2.0.0', sequence: 2, signer: signing.fingerprint })
    expect((await side.services.library.all()).map(({ row }) => row.version)).toEqual(['1.0.0', '2.0.0'])
  })

  it('makes nothing old that was just written, in this process or the next', async () => {
    await using folder = await temporaryFolder()
    const open = async (): Promise<{ services: Services; close: () => Promise<void>; write: () => Promise<unknown> }> => {
      const opened = await openDataFolder(folder.data)
      if (opened === undefined) throw new Error('it has an owner')
      const services = createServices(opened, { drivers: {}, registryAddress: '127.0.0.1:7070', supervised: false })
      await services.siteClock.look()
      return { services, close: () => opened.close(), write: () => writeBlob(opened.store, Buffer.from(`written at ${Date.now()}`)) }
    }
    const first = await open()
    await first.write()
    vi.setSystemTime(NOW + jump)
    expect(await collected(first.services)).toMatchObject({ removed: [], waiting: { count: 1 } })
    await first.close()
    const second = await open()
    expect(await collected(second.services)).toMatchObject({ removed: [], waiting: { count: 1 }, steady: false })
    await second.write()
    vi.setSystemTime(NOW)
    expect(await collected(second.services)).toMatchObject({ removed: [], waiting: { count: 2 }, steady: false })
    await second.close()
  })
})

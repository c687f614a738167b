import { expect, it } from 'vitest'
import type { Plan } from '../plan/plan.ts'
import type { Revision } from '../revision.ts'
import type { Journal } from './journal.ts'

/** A journal, and another one that sees what the first had made durable, as after the end of the program. */
export interface JournalUnderTest extends AsyncDisposable {
  readonly journal: Journal
  reopen(): Journal
}

// A journal looks into plans no further than their installation.
const planOf = (installation: string, digest = 'one'): Plan => ({ installation, digest: `sha256:${digest}`, steps: [], items: [] }) as unknown as Plan

const revisionOf = (installation: string, number: number, more: Partial<Revision> = {}): Revision => ({
  installation,
  number,
  kind: 'install',
  createdAt: '2030-01-01T00:00:00.000Z',
  from: null,
  state: { allocations: { hostPorts: {} } } as unknown as Revision['state'],
  planDigest: 'sha256:one',
  outcome: 'pending',
  ...more,
})

/**
 * What every {@link Journal} does.
 * @param create a journal in which runs of the installations `shop` and `other` can be written
 */
export function describeJournal(create: () => Promise<JournalUnderTest>): void {
  it('begins a run with its revision pending', async () => {
    await using test = await create()
    const [plan, revision] = [planOf('shop'), revisionOf('shop', 1)]
    await test.journal.begin('1', plan, revision)
    const journal = test.reopen()
    expect(await journal.read('1')).toEqual({ id: '1', plan, revision, steps: {}, ended: false })
    expect(await journal.history('shop')).toEqual([revision])
    expect((await journal.open()).map(({ id }) => id)).toEqual(['1'])
  })

  it('changes nothing where a run begins again', async () => {
    await using test = await create()
    const { journal } = test
    await journal.begin('1', planOf('shop'), revisionOf('shop', 1))
    await journal.step('1', 'a', 'done', false)
    await journal.begin('1', planOf('shop', 'two'), revisionOf('shop', 1, { outcome: 'failed' }))
    expect(await journal.read('1')).toMatchObject({ plan: { digest: 'sha256:one' }, steps: { a: 'done' } })
    expect(await journal.history('shop')).toMatchObject([{ outcome: 'pending' }])
  })

  it('keeps how far each step has come', async () => {
    await using test = await create()
    const { journal } = test
    await journal.begin('1', planOf('shop'), revisionOf('shop', 1))
    await Promise.all([journal.step('1', 'a', 'begun', false), journal.step('1', 'b', 'begun', false), journal.step('1', 'c', 'begun', false)])
    await Promise.all([journal.step('1', 'a', 'done', false), journal.step('1', 'b', 'failed', false)])
    expect((await test.reopen().read('1'))?.steps).toEqual({ a: 'done', b: 'failed', c: 'begun' })
  })

  it('turns a run around in one piece: one revision failed, another leads back, with steps of its own', async () => {
    await using test = await create()
    const { journal } = test
    const failed = revisionOf('shop', 2, { kind: 'upgrade', outcome: 'failed', reason: 'ill' })
    const back = revisionOf('shop', 3, { kind: 'return', from: 2, to: 1 })
    await journal.begin('1', planOf('shop'), revisionOf('shop', 2, { kind: 'upgrade' }))
    await journal.step('1', 'a', 'done', false)
    await journal.step('1', 'a', 'begun', true)
    await journal.turn('1', failed, 'ill', planOf('shop', 'back'), back)
    await journal.step('1', 'a', 'begun', true)
    expect(await test.reopen().read('1')).toEqual({
      id: '1',
      plan: planOf('shop'),
      revision: failed,
      steps: { a: 'done' },
      way: { reason: 'ill', plan: planOf('shop', 'back'), revision: back, steps: { a: 'begun' } },
      ended: false,
    })
    expect(await journal.history('shop')).toEqual([failed, back])
  })

  it('ends a run with the revisions as they came out', async () => {
    await using test = await create()
    const { journal } = test
    await journal.begin('1', planOf('shop'), revisionOf('shop', 1))
    const reached = revisionOf('shop', 1, { outcome: 'done', finishedAt: '2030-01-01T00:01:00.000Z' })
    await journal.end('1', [reached])
    const later = test.reopen()
    expect(await later.history('shop')).toEqual([reached])
    expect(await later.open()).toEqual([])
    expect(await later.read('1')).toMatchObject({ ended: true })
  })

  it('gives the history of one installation, oldest first', async () => {
    await using test = await create()
    const { journal } = test
    for (const number of [2, 10, 1]) {
      await journal.begin(`shop-${number}`, planOf('shop'), revisionOf('shop', number))
      await journal.end(`shop-${number}`, [revisionOf('shop', number, { outcome: 'done' })])
    }
    await journal.begin('other', planOf('other'), revisionOf('other', 1))
    expect((await journal.history('shop')).map(({ number }) => number)).toEqual([1, 2, 10])
    expect(await journal.history('none')).toEqual([])
    expect((await journal.open()).map(({ id }) => id)).toEqual(['other'])
  })

  it('knows no other runs', async () => {
    await using test = await create()
    expect(await test.journal.read('9')).toBeUndefined()
    expect(await test.journal.open()).toEqual([])
    await expect(test.journal.step('9', 'a', 'begun', false)).rejects.toThrow('no run 9')
    await expect(test.journal.end('9', [])).rejects.toThrow('no run 9')
  })
}

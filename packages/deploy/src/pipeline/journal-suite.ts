import { expect, it } from 'vitest'
import { DATA_AS_IT_IS } from '../plan/data-choice.ts'
import type { Plan } from '../plan/plan.ts'
import type { Revision } from '../revision.ts'
import type { CheckOutcome } from './check-outcome.ts'
import type { FailureRecord } from './failure-record.ts'
import type { Journal } from './journal.ts'

/** A journal, and another one that sees what the first had made durable, as after the end of the program. */
export interface JournalUnderTest extends AsyncDisposable {
  readonly journal: Journal
  reopen(): Journal
}

// A journal looks into plans no further than their installation.
const planOf = (installation: string, digest = 'one'): Plan =>
  ({ installation, digest: `sha256:${digest}`, steps: [], items: [], data: DATA_AS_IT_IS }) as unknown as Plan

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

const ILL: FailureRecord = { code: 'COMPONENT_UNHEALTHY', message: 'ill', hint: 'Look at it.', details: { component: 'app' } }

const CHECK: CheckOutcome = {
  check: 'can-buy',
  title: 'A book can be bought',
  exitCode: 0,
  timedOut: false,
  output: 'bought',
  startedAt: '2030-01-01T00:00:00.000Z',
  finishedAt: '2030-01-01T00:00:02.000Z',
}

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
    expect(await journal.read('1')).toEqual({ id: '1', plan, revision, steps: {}, checks: {}, ended: false })
    expect(await journal.history('shop')).toEqual([revision])
    expect((await journal.open()).map(({ id }) => id)).toEqual(['1'])
  })

  it('changes nothing where a run begins again', async () => {
    await using test = await create()
    const { journal } = test
    await journal.begin('1', planOf('shop'), revisionOf('shop', 1))
    await journal.step('1', { step: 'a', progress: 'done', way: false })
    await journal.begin('1', planOf('shop', 'two'), revisionOf('shop', 1, { outcome: 'failed' }))
    expect(await journal.read('1')).toMatchObject({ plan: { digest: 'sha256:one' }, steps: { a: 'done' } })
    expect(await journal.history('shop')).toMatchObject([{ outcome: 'pending' }])
  })

  it('keeps how far each step has come', async () => {
    await using test = await create()
    const { journal } = test
    await journal.begin('1', planOf('shop'), revisionOf('shop', 1))
    await Promise.all([
      journal.step('1', { step: 'a', progress: 'begun', way: false }),
      journal.step('1', { step: 'b', progress: 'begun', way: false }),
      journal.step('1', { step: 'c', progress: 'begun', way: false }),
    ])
    await Promise.all([journal.step('1', { step: 'a', progress: 'done', way: false }), journal.step('1', { step: 'b', progress: 'failed', way: false })])
    expect((await test.reopen().read('1'))?.steps).toEqual({ a: 'done', b: 'failed', c: 'begun' })
  })

  it('keeps how checks ended, the last time where one ran again', async () => {
    await using test = await create()
    const { journal } = test
    await journal.begin('1', planOf('shop'), revisionOf('shop', 1))
    await journal.step('1', { step: 'check can-buy', progress: 'begun', way: false })
    await journal.step('1', { step: 'check can-buy', progress: 'failed', way: false, check: { ...CHECK, exitCode: 1 } })
    await journal.step('1', { step: 'check can-buy', progress: 'done', way: false, check: CHECK })
    expect(await test.reopen().read('1')).toMatchObject({ steps: { 'check can-buy': 'done' }, checks: { 'check can-buy': CHECK } })
  })

  it('turns a run around in one piece: one revision failed, another leads back, with steps of its own', async () => {
    await using test = await create()
    const { journal } = test
    const failed = revisionOf('shop', 2, { kind: 'upgrade', outcome: 'failed', reason: 'ill' })
    const back = revisionOf('shop', 3, { kind: 'return', from: 2, to: 1 })
    await journal.begin('1', planOf('shop'), revisionOf('shop', 2, { kind: 'upgrade' }))
    await journal.step('1', { step: 'a', progress: 'done', way: false })
    await journal.step('1', { step: 'a', progress: 'begun', way: true })
    await journal.turn('1', failed, ILL, planOf('shop', 'back'), back)
    await journal.step('1', { step: 'a', progress: 'begun', way: true })
    expect(await test.reopen().read('1')).toEqual({
      id: '1',
      plan: planOf('shop'),
      revision: failed,
      steps: { a: 'done' },
      checks: {},
      way: { reason: ILL, plan: planOf('shop', 'back'), revision: back, steps: { a: 'begun' } },
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
    await expect(test.journal.step('9', { step: 'a', progress: 'begun', way: false })).rejects.toThrow('no run 9')
    await expect(test.journal.end('9', [])).rejects.toThrow('no run 9')
  })
}

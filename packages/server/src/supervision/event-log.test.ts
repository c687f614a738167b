import { VirtualClock } from '@sealift/deploy/pipeline/virtual-clock.ts'
import { expect, it } from 'vitest'
import { temporaryDataFolder } from '../data/data-folder-fixture.ts'
import { EventLog } from './event-log.ts'

const HOUR = 60 * 60 * 1000

it('counts what repeats within an hour, and tells it anew after that', async () => {
  await using folder = await temporaryDataFolder()
  const clock = new VirtualClock()
  const log = new EventLog(folder.db, clock)
  const unhealthy = { installation: 'shop', component: 'web', reason: 'Unhealthy', message: 'nothing listens there' } as const
  await Promise.all([log.note(unhealthy), log.note(unhealthy)])
  await clock.sleep(HOUR / 2)
  await log.note({ installation: 'shop', reason: 'EngineLost', message: 'gone' })
  await log.note(unhealthy)
  expect((await log.list({})).map(({ reason, count }) => [reason, count])).toEqual([
    ['EngineLost', 1],
    ['Unhealthy', 3],
  ])
  await clock.sleep(HOUR + 1)
  await log.note(unhealthy)
  expect(await log.list({ installation: 'shop', since: new Date(clock.now()).toISOString() })).toMatchObject([
    { reason: 'Unhealthy', count: 1, level: 'warning' },
  ])
})

it('keeps a bounded number for each installation, the latest', async () => {
  await using folder = await temporaryDataFolder()
  const log = new EventLog(folder.db, new VirtualClock())
  await log.note({ installation: 'other', reason: 'Started', message: 'once' })
  for (let number = 0; number < 510; number++) await log.note({ installation: 'shop', reason: 'Restarted', message: String(number) })
  const kept = await log.list({ installation: 'shop' })
  expect([kept.length, kept[0]?.message, kept.at(-1)?.message]).toEqual([500, '10', '509'])
  expect(await log.list({ installation: 'other' })).toHaveLength(1)
})

it('is followed from what is there to what comes, without a gap', async () => {
  await using folder = await temporaryDataFolder()
  const log = new EventLog(folder.db, new VirtualClock())
  await log.note({ installation: 'shop', reason: 'Stopped', message: 'before' })
  const abort = new AbortController()
  const seen: string[] = []
  const following = (async () => {
    for await (const { message, count } of log.follow({ installation: 'shop' }, abort.signal)) {
      seen.push(`${message} ${count}`)
      if (seen.length === 1) {
        void log.note({ installation: 'other', reason: 'Stopped', message: 'of another' })
        void log.note({ installation: 'shop', reason: 'Stopped', message: 'before' })
      }
      if (seen.length === 2) abort.abort()
    }
  })()
  await expect(following).rejects.toThrow('abort')
  expect(seen).toEqual(['before 1', 'before 2'])
})

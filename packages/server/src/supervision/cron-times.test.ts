import { describe, expect, test } from 'vitest'
import { type CronTimes, countTimes, nextTime } from './cron-times.ts'

const next = (times: CronTimes, after: string): string | undefined => {
  const at = nextTime(times, Date.parse(after))
  return at === undefined ? undefined : new Date(at).toISOString()
}
const utc = (schedule: string): CronTimes => ({ schedule, timezone: 'UTC' })

describe('the next time', () => {
  test.each([
    ['0 3 * * *', '2030-01-01T02:59:59Z', '2030-01-01T03:00:00.000Z'],
    ['0 3 * * *', '2030-01-01T03:00:00Z', '2030-01-02T03:00:00.000Z'],
    ['*/15 * * * *', '2030-01-01T00:14:00Z', '2030-01-01T00:15:00.000Z'],
    ['0 0 * * SUN', '2030-01-01T00:00:00Z', '2030-01-06T00:00:00.000Z'],
    ['0 0 * * 7', '2030-01-01T00:00:00Z', '2030-01-06T00:00:00.000Z'],
    ['0 0 29 2 *', '2030-01-01T00:00:00Z', '2032-02-29T00:00:00.000Z'],
  ])('of %s after %s', (schedule, after, expected) => expect(next(utc(schedule), after)).toBe(expected))

  test('where both days are given, either will do', () => {
    expect(next(utc('0 0 13 * FRI'), '2030-01-01T00:00:00Z')).toBe('2030-01-04T00:00:00.000Z')
    expect(next(utc('0 0 13 * FRI'), '2030-01-11T00:00:00Z')).toBe('2030-01-13T00:00:00.000Z')
  })

  test('is in its time zone, also where summer begins', () => {
    const berlin = { schedule: '0 3 * * *', timezone: 'Europe/Berlin' }
    expect(next(berlin, '2030-01-01T00:00:00Z')).toBe('2030-01-01T02:00:00.000Z')
    expect(next(berlin, '2030-07-01T00:00:00Z')).toBe('2030-07-01T01:00:00.000Z')
    // On 31 March 2030 clocks go from 2 to 3: one run, and not none.
    expect(countTimes({ ...berlin, schedule: '30 2 * * *' }, next2('2030-03-30T12:00:00Z'), Date.parse('2030-03-31T22:00:00Z'))).toBe(1)
  })

  test('of a day that never is, is none', () => expect(next(utc('0 0 31 2 *'), '2030-01-01T00:00:00Z')).toBeUndefined())
})

const next2 = (after: string): number => nextTime({ schedule: '30 2 * * *', timezone: 'Europe/Berlin' }, Date.parse(after)) ?? 0

test('times are counted, the first with them', () => {
  const hourly = utc('0 * * * *')
  expect(countTimes(hourly, Date.parse('2030-01-01T00:00:00Z'), Date.parse('2030-01-01T05:30:00Z'))).toBe(6)
})

test('what is no schedule is refused with its name', () => {
  expect(() => nextTime({ schedule: 'soon', timezone: 'UTC' }, 0)).toThrow('schedule "soon" in UTC')
  expect(() => nextTime({ schedule: '0 3 * * *', timezone: 'Mars/Olympus' }, 0)).toThrow('Mars/Olympus')
})

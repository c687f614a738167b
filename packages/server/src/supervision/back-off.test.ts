import { expect, it } from 'vitest'
import { BackOff } from './back-off.ts'

function clocked() {
  let now = 1_000_000
  const backOff = new BackOff({ now: () => now, sleep: async () => {} })
  return { backOff, pass: (milliseconds: number) => void (now += milliseconds) }
}

it('answers the first failure at once, and waits twice as long after each further one', () => {
  const { backOff, pass } = clocked()
  const waits: number[] = []
  for (let failure = 0; failure < 8; failure++) {
    waits.push(backOff.wait)
    pass(backOff.wait)
    backOff.attempted()
  }
  expect(waits).toEqual([0, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000])
})

it('forgets all after a time without failure', () => {
  const { backOff, pass } = clocked()
  backOff.attempted()
  backOff.attempted()
  pass(9 * 60_000)
  expect(backOff.attempts).toBe(2)
  pass(60_000)
  expect([backOff.attempts, backOff.wait]).toEqual([0, 0])
})

it('waits no longer than it can be where the clock is set back', () => {
  const { backOff, pass } = clocked()
  backOff.attempted()
  pass(-365 * 24 * 60 * 60 * 1000)
  expect(backOff.wait).toBe(10_000)
})

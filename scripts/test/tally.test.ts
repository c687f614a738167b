import { expect, test } from 'vitest'
import { formatTally, isGood, sumTallies } from './tally.ts'

const good = { passed: 2, failed: [], skipped: [] }
const mixed = {
  passed: 1,
  failed: [{ name: 'a > b', reason: 'expected 1 to be 2' }],
  skipped: [{ name: 'c', reason: 'podman is missing' }],
}

test('ends with the counts of all parts, below what was skipped and what failed', () => {
  expect(formatTally(sumTallies([good, mixed]))).toBe(
    ['Skipped:', '  c: podman is missing', '', 'Failed:', '  a > b: expected 1 to be 2', '', '3 passed, 1 failed, 1 skipped'].join('\n'),
  )
})

test('is good only when something ran and nothing failed', () => {
  expect(isGood(good)).toBe(true)
  expect(isGood(sumTallies([good, mixed]))).toBe(false)
  expect(isGood({ passed: 0, failed: [], skipped: mixed.skipped })).toBe(false)
})

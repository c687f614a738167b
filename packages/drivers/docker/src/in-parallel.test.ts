import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { inParallel } from './in-parallel.ts'

test('gives results in the order of the items, a few at a time', async () => {
  let [running, most] = [0, 0]
  const numbers = Array.from({ length: 50 }, (_, number) => number)
  const results = await inParallel(numbers, async (number) => {
    running += 1
    most = Math.max(most, running)
    await sleep(50 - number)
    running -= 1
    return number * 2
  })
  expect(results).toEqual(numbers.map((number) => number * 2))
  expect(most).toBe(16)
  expect(await inParallel([], () => Promise.reject(new Error('nothing to do')))).toEqual([])
})

test('fails with the first failure', async () => {
  await expect(inParallel([1, 2], async (number) => (number === 2 ? Promise.reject(new Error('two')) : number))).rejects.toThrow('two')
})

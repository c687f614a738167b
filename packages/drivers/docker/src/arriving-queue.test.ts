import { expect, it } from 'vitest'
import { ArrivingQueue } from './arriving-queue.ts'

it('gives values as they come, and makes who brings many wait for the reader', async () => {
  const queue = new ArrivingQueue<number>()
  let brought = 0
  const bringing = (async () => {
    for (; brought < 5000; brought++) await queue.push(brought)
    queue.end()
  })()
  const values = queue.read()
  expect((await values.next()).value).toBe(0)
  await new Promise((resolve) => setImmediate(resolve))
  expect(brought).toBeLessThan(5000)
  let count = 1
  for await (const value of values) expect(value).toBe(count++)
  await bringing
  expect(count).toBe(5000)
})

it('ends with a failure once what came before it is read', async () => {
  const queue = new ArrivingQueue<number>()
  await queue.push(1)
  queue.fail(new Error('gone'))
  const values = queue.read()
  expect((await values.next()).value).toBe(1)
  await expect(values.next()).rejects.toThrow('gone')
})

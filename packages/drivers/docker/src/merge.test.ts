import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { mergeArriving, mergeOrdered } from './merge.ts'

async function* of<T>(...values: T[]): AsyncGenerator<T> {
  yield* values
}

async function read<T>(source: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const value of source) all.push(value)
  return all
}

test('sources in order make one in order', async () => {
  expect(await read(mergeOrdered([of(1, 4, 6), of<number>(), of(2, 3, 7), of(0)], (a, b) => a < b))).toEqual([0, 1, 2, 3, 4, 6, 7])
})

test('values pass as they come, and a source that goes on does not hold up one that ended', async () => {
  const slow = (async function* (): AsyncGenerator<string> {
    yield 'slow 1'
    await sleep(30)
    yield 'slow 2'
  })()
  expect((await read(mergeArriving([slow, of('quick 1', 'quick 2')], () => {}))).at(-1)).toBe('slow 2')
})

test('a reader that stops ends sources that wait', async () => {
  const stop = new AbortController()
  const waiting = (async function* (): AsyncGenerator<number> {
    yield 1
    await new Promise((resolve) => {
      stop.signal.addEventListener('abort', resolve)
    })
  })()
  for await (const value of mergeArriving([waiting], () => stop.abort())) if (value === 1) break
  expect(stop.signal.aborted).toBe(true)
})

test('a failure while the reader is busy reaches the reader, and nobody else', async () => {
  const failing = (async function* (): AsyncGenerator<number> {
    yield 1
    throw new Error('broke')
  })()
  const reading = (async () => {
    for await (const value of mergeArriving([failing], () => {})) await sleep(value * 20)
  })()
  await expect(reading).rejects.toThrow('broke')
})

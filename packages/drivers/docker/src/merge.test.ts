import { expect, test } from 'vitest'
import { mergeOrdered } from './merge.ts'

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

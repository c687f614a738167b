import type { LogLine } from '@sealift/api/installation.ts'
import { expect, it } from 'vitest'
import { inOrderOfTime } from './in-order-of-time.ts'

const line = (second: number): LogLine => ({ component: 'a', replica: 0, stream: 'stdout', time: `2030-01-01T00:00:0${second}.000Z`, text: String(second) })

async function* source(...parts: readonly (number | Promise<unknown>)[]): AsyncGenerator<LogLine> {
  for (const part of parts) {
    if (typeof part === 'number') yield line(part)
    else await part
  }
}

async function texts(lines: AsyncIterable<LogLine>, said: string[] = []): Promise<string[]> {
  for await (const { text } of lines) said.push(text)
  return said
}

it('puts in order what comes at once, and does not hold back what comes alone', async () => {
  expect(await texts(inOrderOfTime(source(3, 1, 2)))).toEqual(['1', '2', '3'])
  const pause = Promise.withResolvers<void>()
  const lines = inOrderOfTime(source(5, 4, pause.promise, 3))
  expect([(await lines.next()).value?.text, (await lines.next()).value?.text]).toEqual(['4', '5'])
  pause.resolve()
  expect(await texts(lines)).toEqual(['3'])
})

it('passes on what came before a failure, then the failure', async () => {
  const said: string[] = []
  await expect(texts(inOrderOfTime(source(2, 1, Promise.reject(new Error('gone')))), said)).rejects.toThrow('gone')
  expect(said).toEqual(['1', '2'])
})

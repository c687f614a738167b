import type { LogLine } from '@sealift/api/installation.ts'
import { describe, expect, it } from 'vitest'
import { mergeLogs } from './merge-logs.ts'

const line = (component: string, second: number): LogLine => ({
  component,
  replica: 0,
  stream: 'stdout',
  time: `2030-01-01T00:00:0${second}.000Z`,
  text: `${component}${second}`,
})

async function* linesOf(component: string, ...seconds: readonly number[]): AsyncGenerator<LogLine> {
  for (const second of seconds) yield line(component, second)
}

async function* failing(message: string, ...before: readonly LogLine[]): AsyncGenerator<LogLine> {
  yield* before
  throw new Error(message)
}

/** A source that says what it is told to, and notes that it was left. */
function live() {
  const waiting: ((result: IteratorResult<LogLine>) => void)[] = []
  const state = { left: false }
  const source: AsyncIterable<LogLine> = {
    [Symbol.asyncIterator]: () => ({
      next: () => new Promise((resolve) => waiting.push(resolve)),
      return: async () => {
        state.left = true
        return { done: true, value: undefined }
      },
    }),
  }
  return {
    state,
    source,
    say(value: LogLine) {
      waiting.shift()?.({ done: false, value })
    },
    end() {
      waiting.shift()?.({ done: true, value: undefined })
    },
  }
}

async function textsOf(lines: AsyncIterable<LogLine>): Promise<string[]> {
  const texts: string[] = []
  for await (const { text } of lines) texts.push(text)
  return texts
}

describe('merged logs', () => {
  it('are sorted by time', async () => {
    expect(await textsOf(mergeLogs([linesOf('a', 1, 4, 5), linesOf('b', 2, 3), linesOf('c'), linesOf('d', 0, 6)], false))).toEqual([
      'd0',
      'a1',
      'b2',
      'b3',
      'a4',
      'a5',
      'd6',
    ])
    expect(await textsOf(mergeLogs([], false))).toEqual([])
    expect(await textsOf(mergeLogs([linesOf('a', 2, 1)], false))).toEqual(['a2', 'a1'])
  })

  it('pass on what comes while they are followed, whoever is silent', async () => {
    const [talking, silent] = [live(), live()]
    const merged = mergeLogs([talking.source, silent.source], true)
    const first = merged.next()
    talking.say(line('a', 5))
    expect((await first).value).toMatchObject({ text: 'a5' })
    const second = merged.next()
    talking.say(line('a', 6))
    expect((await second).value).toMatchObject({ text: 'a6' })
    const third = merged.next()
    talking.end()
    silent.say(line('b', 1))
    expect((await third).value).toMatchObject({ text: 'b1' })
    const last = merged.next()
    silent.end()
    expect(await last).toEqual({ done: true, value: undefined })
  })

  it('tell every source that the reader has left, and wait for none that is silent', async () => {
    const [talking, silent] = [live(), live()]
    const merged = mergeLogs([talking.source, silent.source], true)
    const first = merged.next()
    talking.say(line('a', 1))
    await first
    await merged.return(undefined)
    expect([talking.state.left, silent.state.left]).toEqual([true, true])
  })

  it.each([true, false])('fail with the first source that fails, and leave no other failure unhandled (follow: %s)', async (follow) => {
    const merged = mergeLogs([failing('one'), failing('two'), failing('three', line('c', 1))], follow)
    await expect(textsOf(merged)).rejects.toThrow('one')
    // An unhandled rejection would be reported now, and fail the run.
    await new Promise((resolve) => setImmediate(resolve))
  })
})

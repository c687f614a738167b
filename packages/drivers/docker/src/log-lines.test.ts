import { expect, test } from 'vitest'
import { readLines } from './log-lines.ts'
import type { OutputFrame } from './multiplexed-stream.ts'

const T1 = '2026-01-02T03:04:05.000000001Z'
const T2 = '2026-01-02T03:04:06.5+02:00'

async function lines(...frames: (readonly [OutputFrame['stream'], string | Buffer])[]): Promise<string[]> {
  const source = (async function* (): AsyncGenerator<OutputFrame> {
    for (const [stream, data] of frames) yield { stream, data: Buffer.from(data) }
  })()
  const found: string[] = []
  for await (const { stream, time, text } of readLines(source)) found.push(`${stream}|${time}|${text}`)
  return found
}

test('lines have their time and stream', async () => {
  expect(await lines(['stdout', `${T1} one\n`], ['stderr', `${T2} two\r\n`], ['stdout', `${T2} \n`])).toEqual([
    `stdout|${T1}|one`,
    `stderr|${T2}|two`,
    `stdout|${T2}|`,
  ])
})

test('pieces of a long line are joined, also where the other stream comes between', async () => {
  expect(await lines(['stdout', `${T1} first `], ['stderr', `${T1} error\n`], ['stdout', `${T2} second\n`])).toEqual([
    `stderr|${T1}|error`,
    `stdout|${T1}|first second`,
  ])
})

test('a character cut in two by pieces stays whole, and an unfinished line is given at the end', async () => {
  const bytes = Buffer.from(`${T1} größe`)
  expect(await lines(['stdout', bytes.subarray(0, 34)], ['stdout', bytes.subarray(34)])).toEqual([`stdout|${T1}|größe`])
})

test('several lines in one piece come apart', async () => {
  expect(await lines(['stdout', `${T1} a\n${T2} b\n`])).toEqual([`stdout|${T1}|a`, `stdout|${T2}|b`])
})

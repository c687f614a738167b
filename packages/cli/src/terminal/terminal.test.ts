import type { Job } from '@sealift/api/job.ts'
import { describe, expect, it } from 'vitest'
import { formatColumns, wrap } from './columns.ts'
import { createProgressView } from './progress.ts'
import { formatAge, formatBytes, formatDuration } from './units.ts'

describe('units', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.00 kB'],
    [9_994, '9.99 kB'],
    [9_999, '10.0 kB'],
    [99_940, '99.9 kB'],
    [99_960, '100 kB'],
    [999_499, '999 kB'],
    [999_500, '1.00 MB'],
    [4_294_967_295, '4.29 GB'],
    [2e18, '2000 PB'],
  ])('%d bytes are %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text))

  it.each([
    [0, '0.0 s'],
    [840, '0.8 s'],
    [9_949, '9.9 s'],
    [9_950, '10 s'],
    [59_499, '59 s'],
    [59_500, '1 min 0 s'],
    [119_600, '2 min 0 s'],
    [185_000, '3 min 5 s'],
    [3_599_900, '1 h 0 min'],
    [7_800_000, '2 h 10 min'],
  ])('%d milliseconds are %s', (milliseconds, text) => expect(formatDuration(milliseconds)).toBe(text))

  it.each([
    ['2030-06-01T12:00:30.000Z', 'just now'],
    ['2030-06-01T11:59:31.000Z', 'just now'],
    ['2030-06-01T11:55:00.000Z', '5 min ago'],
    ['2030-05-31T12:00:00.000Z', '24 h ago'],
    ['2030-05-20T12:00:00.000Z', '12 days ago'],
    ['2029-12-31T12:00:00.000Z', '2029-12-31'],
  ])('%s was %s', (iso, text) => expect(formatAge(iso, Date.parse('2030-06-01T12:00:00.000Z'))).toBe(text))
})

describe('columns', () => {
  it('are as wide as their widest cell, whatever colours it has', () => {
    const rows = [
      ['NAME', 'STATE', 'X'],
      ['a', '\u001B[32m● healthy\u001B[39m', 'long text'],
      ['longer', '', ''],
    ]
    expect(formatColumns(rows, '  ')).toBe('  NAME    STATE      X\n  a       \u001B[32m● healthy\u001B[39m  long text\n  longer\n')
    expect(formatColumns([])).toBe('')
  })
})

describe('wrapped text', () => {
  it('breaks at spaces, keeps what is broken already, and lets long words stand', () => {
    expect(wrap('one two three', 7)).toEqual(['one two', 'three'])
    expect(wrap('one\n\ntwo', 80)).toEqual(['one', '', 'two'])
    expect(wrap('a unbreakableword b', 5)).toEqual(['a', 'unbreakableword', 'b'])
    expect(wrap('\u001B[31mred\u001B[39m no', 6)).toEqual(['\u001B[31mred\u001B[39m no'])
    expect(wrap('', 5)).toEqual([''])
  })
})

const JOB: Job = { id: 1, kind: 'import', title: 'import', state: 'running', stage: 'Verifying', done: 0, total: 1000, unit: 'bytes', createdAt: '' }

function view(isTTY: boolean, columns?: number) {
  let written = ''
  const stream = { isTTY, columns, write: (text: string) => void (written += text) } as unknown as NodeJS.WriteStream
  return { view: createProgressView(stream), take: () => [written, (written = '')][0] }
}

describe('progress', () => {
  it('is a bar on a terminal, cut to its width', () => {
    const { view: bar, take } = view(true, 80)
    bar.show({ ...JOB, done: 500 })
    expect(take()).toBe(`\r\u001B[K${'█'.repeat(12)}${'░'.repeat(12)}  50 %  Verifying  500 B of 1.00 kB`)
    const narrow = view(true, 20)
    narrow.view.show({ ...JOB, done: 2000 })
    expect(narrow.take()).toBe(`\r\u001B[K${'█'.repeat(19)}`)
    const unknown = view(true)
    unknown.view.show({ ...JOB, stage: 'Waiting', total: 0 })
    expect(unknown.take()).toBe('\r\u001B[KWaiting …')
  })

  it('makes way for lines of the log, and is gone at the end', () => {
    const { view: bar, take } = view(true, 80)
    bar.log('first')
    expect(take()).toBe('first\n')
    bar.show({ ...JOB, unit: 'steps', done: 2, total: 4 })
    const drawn = take()
    bar.log('second')
    expect(take()).toBe(`\r\u001B[Ksecond\n${drawn}`)
    bar.end()
    expect(take()).toBe('\r\u001B[K')
    bar.end()
    expect(take()).toBe('')
  })

  it('is the log elsewhere, with a line for each stage that moves bytes', () => {
    const { view: plain, take } = view(false)
    plain.show({ ...JOB, stage: 'Reading the head', total: 0 })
    plain.show(JOB)
    plain.show({ ...JOB, done: 500 })
    plain.log('a line')
    plain.show({ ...JOB, stage: 'Checks', unit: 'steps' })
    plain.end()
    expect(take()).toBe('Verifying (1.00 kB)\na line\n')
  })
})

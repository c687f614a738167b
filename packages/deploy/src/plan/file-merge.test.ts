import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { conflictLines, mergeFile } from './file-merge.ts'
import { unifiedDiff } from './unified-diff.ts'

const merge = (base: string, site: string, vendor: string) => mergeFile(Buffer.from(base), Buffer.from(site), Buffer.from(vendor))
const BASE = 'one\ntwo\nthree\nfour\nfive\n'

describe('a merge of three', () => {
  test.each([
    ['changes at different places', BASE, BASE.replace('one', 'ONE'), BASE.replace('five', 'FIVE'), 'ONE\ntwo\nthree\nfour\nFIVE\n'],
    ['added and removed lines', BASE, `zero\n${BASE}`, BASE.replace('four\n', ''), 'zero\none\ntwo\nthree\nfive\n'],
    ['the same change by both', BASE, BASE.replace('two', '2'), BASE.replace('two', '2'), BASE.replace('two', '2')],
    ['only one side', BASE, BASE, BASE.replace('two', '2'), BASE.replace('two', '2')],
    ['lines that are called like what every object has', 'constructor\na\nb\n', '__proto__\na\nb\n', 'constructor\na\ntoString\n', '__proto__\na\ntoString\n'],
    ['a text without an end', 'a\nb\nc', 'A\nb\nc', 'a\nb\nc\nd', 'A\nb\nc\nd'],
    ['ends of lines as they are', 'a\r\nb\r\nc\r\n', 'A\r\nb\r\nc\r\n', 'a\r\nb\r\nC\r\n', 'A\r\nb\r\nC\r\n'],
  ])('joins %s', (_, base, site, vendor, expected) => {
    const found = merge(base, site, vendor)
    expect(found.outcome).toBe('merged')
    expect('content' in found && found.content.toString()).toBe(expected)
  })

  test('names where both changed the same lines, and marks them', () => {
    const found = merge(BASE, BASE.replace('two', 'mine'), `zero\n${BASE.replace('two', 'theirs')}`)
    expect(found).toMatchObject({ outcome: 'conflicts', conflicts: [{ line: 2, vendorLine: 3, base: ['two'], site: ['mine'], vendor: ['theirs'] }] })
    expect('content' in found && found.content.toString()).toBe(
      'zero\none\n<<<<<<< site\nmine\n||||||| base\ntwo\n=======\ntheirs\n>>>>>>> vendor\nthree\nfour\nfive\n',
    )
  })

  test.each([
    ['without a base', undefined, Buffer.from('a'), 'last decided on'],
    ['of what is no text', Buffer.from('a'), Buffer.from([0, 1, 2]), 'not text'],
    ['of bytes that are no UTF-8', Buffer.from('a'), Buffer.from([0xff, 0xfe]), 'not text'],
    ['of what is too large', Buffer.from('a'), Buffer.alloc(600_000, 'a\n'), 'too large'],
    ['of too many equal lines', Buffer.from('\n'.repeat(4000)), Buffer.from('\n'.repeat(4000)), 'repeat too much'],
  ])('is not made %s', (_, base, site, why) => {
    const found = mergeFile(base, site, Buffer.from('b'))
    expect(found.outcome).toBe('impossible')
    expect('why' in found && found.why).toContain(why)
  })

  test('says where the conflicts are', () => {
    const at = (...lines: number[]) => conflictLines(lines.map((line) => ({ line, vendorLine: line, base: [], site: [], vendor: [] })))
    expect([at(3), at(3, 17), at(1, 2, 3, 4, 5, 6)]).toEqual(['line 3', 'lines 3 and 17', 'lines 1, 2, 3, 4, 5 and more'])
  })
})

describe('a unified diff', () => {
  const numbers = Array.from({ length: 40 }, (_, index) => `${index}`)
  const edited = numbers.map((line) => (['5', '9', '30'].includes(line) ? `${line}!` : line))
  test.each([
    ['one line', BASE, BASE.replace('three', '3')],
    ['several places', numbers.join('\n'), edited.join('\n')],
    ['everything', 'a\nb\n', 'c\n'],
    ['from nothing', '', 'a\nb\n'],
    ['to nothing', 'a\nb\n', ''],
    ['only the end of the last line', 'a\nb', 'a\nb\n'],
  ])('of %s brings patch from one to the other', (_, before, after) => {
    const folder = mkdtempSync(join(tmpdir(), 'sealift-diff-'))
    const [file, diff] = [join(folder, 'file'), join(folder, 'diff')]
    writeFileSync(file, before)
    writeFileSync(diff, unifiedDiff(Buffer.from(before), Buffer.from(after), { before: 'a', after: 'b' }) ?? '')
    execFileSync('git', ['apply', '--unsafe-paths', '-p0', '--unidiff-zero', '--directory', '.', 'diff'], { cwd: prepared(folder), stdio: 'pipe' })
    expect(readFileSync(file, 'utf8')).toBe(after)
  })

  test('is empty where nothing differs, and not made of what is no text', () => {
    const names = { before: 'a', after: 'b' }
    expect(unifiedDiff(Buffer.from(BASE), Buffer.from(BASE), names)).toBe('')
    expect(unifiedDiff(Buffer.from([0]), Buffer.from(BASE), names)).toBeUndefined()
  })
})

/** A diff names its file as git wants it. */
function prepared(folder: string): string {
  const path = join(folder, 'diff')
  writeFileSync(path, readFileSync(path, 'utf8').replace('--- a\n+++ b\n', '--- file\n+++ file\n'))
  return folder
}

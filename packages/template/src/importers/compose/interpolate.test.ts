import { describe, expect, it } from 'vitest'
import { parseDotenv } from './dotenv.ts'
import { InterpolationFault, interpolate } from './interpolate.ts'
import { shellWords } from './shell-words.ts'

const VALUES: Readonly<Record<string, string>> = { A: 'a', EMPTY: '', B: 'b' }
const lookup = (name: string): string | undefined => VALUES[name]

describe('interpolation', () => {
  it.each([
    ['$A-$B', 'a-b'],
    ['${A}${B}', 'ab'],
    ['$$A $${A}', '$A ${A}'],
    ['${NO:-x}', 'x'],
    ['${EMPTY:-x}', 'x'],
    ['${EMPTY-x}', ''],
    ['${NO-x}', 'x'],
    ['${A:+yes}${EMPTY:+no}', 'yes'],
    ['${EMPTY+yes}', 'yes'],
    ['${NO:-${ALSO_NO:-${A}}}', 'a'],
    ['${A:?needed}', 'a'],
    ['${NO:-$$5}', '$5'],
    ['${NO:-a}b}', 'ab}'],
  ])('reads %s as %s', (text, expected) => {
    expect(interpolate(text, lookup, () => {})).toBe(expected)
  })

  it('tells which variables are not set, and takes them as empty', () => {
    const missing: string[] = []
    expect(interpolate('[$NO][${ALSO}]', lookup, (name) => missing.push(name))).toBe('[][]')
    expect(missing).toEqual(['NO', 'ALSO'])
  })

  it.each(['${NO:?who am I}', '${NO?}', '${EMPTY:?}', '${A', '${}', '${A!}', '$', '$1'])('refuses %s', (text) => {
    expect(() => interpolate(text, lookup, () => {})).toThrow(InterpolationFault)
  })
})

describe('an env file', () => {
  it('is read as Compose reads it', () => {
    const text = `
# a comment
PLAIN=one two   # not this
export EXPORTED=yes
SPACED = around
SINGLE='as $A is, \\n too'
DOUBLE="with \\"quotes\\", $A, a\\ttab and \\$5"
LINES="first
second"
NESTED=\${PLAIN}-\${NO:-none}
EMPTY=
A
HASH=a#b
COLON: value
`
    expect(Object.fromEntries(parseDotenv(text, '.env', lookup))).toEqual({
      PLAIN: 'one two',
      EXPORTED: 'yes',
      SPACED: 'around',
      SINGLE: 'as $A is, \\n too',
      DOUBLE: 'with "quotes", a, a\ttab and $5',
      LINES: 'first\nsecond',
      NESTED: 'one two-none',
      EMPTY: '',
      A: 'a',
      HASH: 'a#b',
      COLON: 'value',
    })
  })

  it.each([
    ['1X=y', 1],
    ['A=1\nB="open', 2],
    ['A=1\n\n= x', 3],
  ])('refuses %j with its line', (text, line) => {
    expect(() => parseDotenv(text, 'x.env', lookup)).toThrow(expect.objectContaining({ code: 'COMPOSE_INVALID', details: { file: 'x.env', line } }))
  })

  it('never shows a value in an error', () => {
    expect(() => parseDotenv('PASS WORD hunter2', '.env', lookup)).toThrow(expect.not.objectContaining({ message: expect.stringContaining('hunter2') }))
  })
})

describe('a command line', () => {
  it.each([
    ['a  b', ['a', 'b']],
    [`a 'b c' "d \\"e\\" $f"`, ['a', 'b c', 'd "e" $f']],
    ['a\\ b \\\n c', ['a b', 'c']],
    ['""', ['']],
    ['', []],
    [`sh -c 'echo "x"'`, ['sh', '-c', 'echo "x"']],
  ])('%j is %j', (text, expected) => {
    expect(shellWords(text)).toEqual(expected)
  })

  it.each([`'open`, `"open`, 'a\\'])('%j is none', (text) => {
    expect(shellWords(text)).toBeUndefined()
  })
})

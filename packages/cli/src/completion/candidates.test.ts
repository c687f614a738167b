import { expect, it } from 'vitest'
import { createProgram } from '../program.ts'
import { candidates, type NameLookup } from './candidates.ts'

const NAMES: Readonly<Record<string, readonly string[]>> = {
  installation: ['bookshop', 'kiosk'],
  component: ['db', 'web'],
  release: ['bookshop@2.9.0'],
  environment: ['default'],
  target: ['local'],
  job: ['7'],
}
const lookup: NameLookup = async (kind, installation) => (kind === 'component' && installation !== 'bookshop' ? [] : (NAMES[kind] ?? []))
const complete = (...words: readonly string[]) => candidates(createProgram(), words, lookup)

it.each([
  [
    ['status', ''],
    ['bookshop', 'kiosk'],
  ],
  [
    ['logs', 'bookshop', ''],
    ['db', 'web'],
  ],
  [['restart', 'bookshop', 'db', ''], ['web']],
  [
    ['logs', '--tail', '3', 'bookshop', ''],
    ['db', 'web'],
  ],
  [['install', ''], ['bookshop@2.9.0']],
  [['install', 'bookshop@2.9.0', '--env', ''], ['default']],
  [['target', 'remove', ''], ['local']],
  [['env', 'remove', ''], ['default']],
  [['jobs', 'show', ''], ['7']],
  [
    ['--data', '/x', 'status', ''],
    ['bookshop', 'kiosk'],
  ],
  [
    ['completion', ''],
    ['bash', 'zsh', 'fish'],
  ],
  [
    ['publish', 'x.yaml', '--images', ''],
    ['auto', 'engine', 'registry'],
  ],
])('%j are completed with %j', async (words, expected) => expect(await complete(...words)).toEqual(expected))

it('offers commands, options and the options of all, and no hidden ones', async () => {
  expect(await complete('')).toEqual(expect.arrayContaining(['install', 'status', 'exec']))
  expect(await complete('jobs', '')).toEqual(['list', 'show', 'cancel', 'resume'])
  expect(await complete('logs', 'bookshop', '--')).toEqual(expect.arrayContaining(['--follow', '--since', '--json', '--data']))
  expect(await complete('completion', 'x')).not.toContain('candidates')
})

it('leaves files, free values and what stands after -- to the shell', async () => {
  expect(await complete('publish', '')).toEqual([])
  expect(await complete('logs', 'bookshop', '--since', '')).toEqual([])
  expect(await complete('exec', 'bookshop', 'db', '--', '')).toEqual([])
})

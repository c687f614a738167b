import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ERROR_CATALOGUE, ERROR_GROUPS } from './error-catalogue.ts'

const PACKAGES = join(import.meta.dirname, '../..')
const page = readFileSync(join(PACKAGES, '../docs/errors.md'), 'utf8')

interface Row {
  readonly code: string
  readonly exit: number
  readonly meaning: string
  readonly wayOut: string
}

function unescape(cell: string | undefined): string {
  return (cell ?? '').replaceAll(String.raw`\|`, '|')
}

/** The rows of all tables of the page that begin with a code. */
const rows = [...page.matchAll(/^\| `([A-Z_]+)` \| (\d) \| (.*?) \| (.*?) \|$/gm)].map(
  ([, code, exit, meaning, wayOut]): Row => ({ code: code as string, exit: Number(exit), meaning: unescape(meaning), wayOut: unescape(wayOut) }),
)

function sources(): string[] {
  return readdirSync(PACKAGES, { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.includes('/src/') && !name.includes('node_modules') && /(?<!\.test|-suite|-fixture)\.ts$/.test(name) && !name.endsWith('error-catalogue.ts'),
  )
}

describe('the error catalogue', () => {
  it('stands in docs/errors.md as it is, and nothing else does; if not: npm run errors', () => {
    const entries = Object.entries(ERROR_CATALOGUE).map(([code, entry]): Row => ({ code, ...entry }))
    expect(rows).toEqual(entries)
  })

  it('stands there in its groups', () => {
    expect([...page.matchAll(/^## (.*)$/gm)].map(([, title]) => title)).toEqual(ERROR_GROUPS.map(({ title }) => title))
  })

  it('has each code in one group', () => {
    const grouped = ERROR_GROUPS.flatMap(({ entries }) => Object.keys(entries))
    expect(new Set(grouped).size).toBe(grouped.length)
    expect(grouped.toSorted()).toEqual(Object.keys(ERROR_CATALOGUE).toSorted())
  })

  it.each(Object.entries(ERROR_CATALOGUE))('says of %s what it means and the way out, in sentences', (_code, { meaning, wayOut }) => {
    for (const text of [meaning, wayOut]) expect(text).toMatch(/^[A-Z].*\.$/s)
    expect(wayOut).not.toBe(meaning)
  })

  it('has no code that nothing reports', () => {
    const program = sources()
      .map((name) => readFileSync(join(PACKAGES, name), 'utf8'))
      .join('\n')
    expect(Object.keys(ERROR_CATALOGUE).filter((code) => !program.includes(`'${code}'`))).toEqual([])
  })
})

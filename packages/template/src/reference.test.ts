import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { missingTables, withFieldTables } from './field-table.ts'
import { parseTemplate } from './parse-template.ts'
import { SITE_SERVICES } from './value-name.ts'

const reference = readFileSync(join(import.meta.dirname, '../../../docs/template.md'), 'utf8')

/** The YAML of the page with the line where each begins; a part of a template is made whole. */
const examples = [...reference.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map((match) => {
  const text = match[1] ?? ''
  const line = reference.slice(0, match.index).split('\n').length
  return [line, text.includes('apiVersion:') ? text : `apiVersion: sealift.dev/v1\nkind: Application\nname: example\n${text}`] as const
})

test('its tables are what the schemas say (write them anew with: npm run schema)', () => {
  expect(withFieldTables(reference)).toBe(reference)
  expect(missingTables(reference)).toEqual([])
})

test('it names everything that a site offers', () => {
  for (const service of SITE_SERVICES) expect(reference).toMatch(new RegExp(`\\$\\{site\\.${service}\\}|\`${service}\``))
})

describe('its examples are templates', () => {
  test('are there', () => expect(examples.length).toBeGreaterThan(10))
  test.each(examples)('the one in line %i', (line, text) => {
    expect(() => parseTemplate(text, `docs/template.md, example in line ${line}`)).not.toThrow()
  })
})

import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { withComposeTables } from './compose-field-table.ts'
import { NESTED_FIELDS, SECTION_FIELDS, SERVICE_FIELDS } from './compose-fields.ts'

describe('the tables of Compose fields', () => {
  it('stand in docs/publishing.md as they are; if not: npm run compose-fields', async () => {
    const page = await readFile(new URL('../../../../../docs/publishing.md', import.meta.url), 'utf8')
    expect(page.match(/<!-- compose [a-z]+ -->/g)).toHaveLength(3)
    expect(withComposeTables(page)).toBe(page)
  })

  it('name each field once, and say in a sentence what becomes of it', () => {
    const fields = [...SERVICE_FIELDS, ...NESTED_FIELDS, ...SECTION_FIELDS]
    for (const list of [SERVICE_FIELDS, NESTED_FIELDS, SECTION_FIELDS]) expect(new Set(list.map(({ field }) => field)).size).toBe(list.length)
    for (const { field, how } of fields) expect(how.length, field).toBeGreaterThan(3)
    for (const { field, fate, how } of fields) if (fate === 'left-out' || fate === 'refused') expect(how, field).toMatch(/[.]$/)
  })
})

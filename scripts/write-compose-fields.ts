import { readFile } from 'node:fs/promises'
import { withComposeTables } from '@sealift/template/importers/compose/compose-field-table.ts'
import { writeDocument } from './reference/write-document.ts'

/** Writes the tables of what becomes of a Compose file's fields. */
const page = await readFile(new URL('../docs/publishing.md', import.meta.url), 'utf8')
await writeDocument('docs/publishing.md', withComposeTables(page), 'npm run compose-fields')

import { readFile, writeFile } from 'node:fs/promises'
import { withFieldTables } from '@sealift/template/field-table.ts'
import { templateJsonSchema } from '@sealift/template/json-schema.ts'

/** Writes the template's JSON Schema and the tables of its reference, or with `--check` says whether those on disk are current. */
const reference = new URL('../docs/template.md', import.meta.url)
const onDisk = await readFile(reference, 'utf8')
const wanted = [
  { name: 'docs/template.schema.json', url: new URL('../docs/template.schema.json', import.meta.url), text: templateJsonSchema() },
  { name: 'docs/template.md', url: reference, text: withFieldTables(onDisk) },
]

for (const { name, url, text } of wanted) {
  const current = (await readFile(url, 'utf8').catch(() => '')) === text
  if (current) console.log(`${name} is current.`)
  else if (process.argv.includes('--check')) {
    console.error(`${name} is not what the schemas say. Write it anew with: npm run schema`)
    process.exitCode = 1
  } else {
    await writeFile(url, text)
    console.log(`Wrote ${name}.`)
  }
}

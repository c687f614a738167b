import { readFile, writeFile } from 'node:fs/promises'
import { templateJsonSchema } from '@sealift/template/json-schema.ts'

/** Writes the JSON Schema of the template, or with `--check` says whether the one on disk is current. */
const file = new URL('../docs/template.schema.json', import.meta.url)
const current = templateJsonSchema()

if (process.argv.includes('--check')) {
  const onDisk = await readFile(file, 'utf8').catch(() => '')
  if (onDisk === current) console.log('docs/template.schema.json is current.')
  else {
    console.error('docs/template.schema.json is not what the schemas say. Write it anew with: npm run schema')
    process.exitCode = 1
  }
} else {
  await writeFile(file, current)
  console.log('Wrote docs/template.schema.json.')
}

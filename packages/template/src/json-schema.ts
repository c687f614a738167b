import { TemplateSchema } from './schema/template.ts'

/** The name of the template's JSON Schema. Editors find the schema by it, or by a path. */
export const TEMPLATE_SCHEMA_ID = 'https://sealift.dev/schema/template/v1.json'

/** Words that only `schemaProblems` reads. */
const PRIVATE_WORDS = new Set(['keysErrorMessage'])

/** The template's JSON Schema (2020-12), as text with a newline at its end. */
export function templateJsonSchema(): string {
  const schema = { $schema: 'https://json-schema.org/draft/2020-12/schema', $id: TEMPLATE_SCHEMA_ID, title: 'Sealift template', ...TemplateSchema }
  return `${JSON.stringify(schema, (key, value: unknown) => (PRIVATE_WORDS.has(key) ? undefined : value), 2)}\n`
}

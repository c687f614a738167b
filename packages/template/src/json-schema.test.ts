import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Value } from 'typebox/value'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { templateJsonSchema } from './json-schema.ts'
import { parseTemplate } from './parse-template.ts'
import { TemplateSchema } from './schema/template.ts'
import { schemaProblems } from './schema-problems.ts'
import { SHOP } from './template-for-tests.ts'

const ROOT = join(import.meta.dirname, '../../..')

interface Node {
  readonly description?: string
  readonly properties?: Readonly<Record<string, Node>>
  readonly items?: Node
  readonly anyOf?: readonly Node[]
  readonly patternProperties?: Readonly<Record<string, Node>>
}

/** Every field of the schema with its path. */
function* fields(node: Node, path: string): Generator<readonly [string, Node]> {
  for (const [name, property] of Object.entries(node.properties ?? {})) {
    yield [`${path}.${name}`, property]
    yield* fields(property, `${path}.${name}`)
  }
  for (const inner of [node.items, ...(node.anyOf ?? []), ...Object.values(node.patternProperties ?? {})]) if (inner !== undefined) yield* fields(inner, path)
}

test('docs/template.schema.json is what the schemas say (write it anew with: npm run schema)', () => {
  expect(readFileSync(join(ROOT, 'docs/template.schema.json'), 'utf8')).toBe(templateJsonSchema())
})

test('every field is described, for editors and people', () => {
  const silent = [...fields(TemplateSchema as Node, '')].filter(([, { description }]) => (description ?? '').length < 3).map(([path]) => path)
  expect(silent).toEqual([])
})

const examples = readdirSync(join(ROOT, 'examples'), { recursive: true, encoding: 'utf8' }).filter((name) => /(^|\/)bookshop\.yaml$/.test(name))

describe('the examples', () => {
  test('are there', () => expect(examples.length).toBeGreaterThanOrEqual(2))
  test.each(examples)('%s is a template', (name) => {
    const text = readFileSync(join(ROOT, 'examples', name), 'utf8')
    expect(() => parseTemplate(text, name)).not.toThrow()
    expect(Value.Check(TemplateSchema, parse(text))).toBe(true)
  })
})

/** Puts something else in the place of every value of a document, one at a time, and takes every field away. */
function* mutations(value: unknown): Generator {
  for (const other of [null, 0, -1, 1.5, 99_999, '', 'x', 'X!', '${a}', true, [], {}, ['x'], { x: 1 }]) yield other
  if (Array.isArray(value)) {
    for (const [position, item] of value.entries()) for (const changed of mutations(item)) yield value.with(position, changed)
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, member] of Object.entries(value)) {
      const { [key]: _removed, ...rest } = value as Record<string, unknown>
      yield rest
      yield { ...value, [`${key}X`]: member }
      for (const changed of mutations(member)) yield { ...value, [key]: changed }
    }
  }
}

test('the messages and the JSON Schema accept the very same documents', () => {
  let accepted = 0
  let refused = 0
  for (const document of mutations(parse(SHOP))) {
    const valid = Value.Check(TemplateSchema, document)
    const problems = schemaProblems(TemplateSchema, document, { limit: 1 })
    if (valid !== (problems.length === 0)) expect.fail(`JSON Schema says ${valid}, the messages ${JSON.stringify(problems)} of ${JSON.stringify(document)}`)
    if (valid) accepted++
    else refused++
  }
  expect(accepted).toBeGreaterThan(100)
  expect(refused).toBeGreaterThan(1000)
})

import type { Route } from '@sealift/api/route.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import type { TSchema } from 'typebox'
import { Compile, type Validator } from 'typebox/compile'

/** The parts of a request as HTTP brings them: texts in the path and the query, JSON in the body. */
export interface RawInput {
  readonly params?: unknown
  readonly query?: unknown
  readonly body?: unknown
}

const PARTS = ['params', 'query', 'body'] as const

/**
 * Makes a reader of a route's input, which checks every part against the route's schema. A body is
 * taken as it is: null stays null. Only in the path and the query, where everything is text, numbers
 * and truth values are read from it.
 * @returns a function that throws SealiftError `USAGE` naming the field, never showing its value
 */
export function inputReader(route: Route): (raw: RawInput) => RawInput {
  const parts = PARTS.flatMap((part) => {
    const schema = route[part]
    return schema === undefined ? [] : [{ part, schema, validator: onFirstUse(() => Compile(schema)) }]
  })
  return (raw) => {
    const input: Partial<Record<(typeof PARTS)[number], unknown>> = {}
    for (const { part, schema, validator } of parts) {
      const value = part === 'body' ? raw.body : withReadTexts(schema, raw[part])
      if (!validator().Check(value)) throw new SealiftError('USAGE', `${route.method} ${route.path}: ${faultOf(validator(), value, part)}`)
      input[part] = value
    }
    return input
  }
}

/** A command that hosts the server uses two or three routes, and shall not wait for the compilation of all. */
function onFirstUse<T>(make: () => T): () => T {
  let made: T | undefined
  return () => (made ??= make())
}

function withReadTexts(schema: TSchema, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return {}
  const { properties } = schema as { readonly properties?: Readonly<Record<string, { readonly type?: string }>> }
  return Object.fromEntries(Object.entries(value).map(([name, text]) => [name, typeof text === 'string' ? readText(properties?.[name]?.type, text) : text]))
}

function readText(type: string | undefined, text: string): unknown {
  if (type === 'integer' && /^-?\d{1,15}$/.test(text)) return Number(text)
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true'
  return text
}

/** The first fault; of the alternatives of a union, those that are for another kind are left out. */
function faultOf(validator: Validator, value: unknown, part: string): string {
  const errors = validator.Errors(value)
  const alternative = (path: string): string => /^#\/anyOf\/\d+/.exec(path)?.[0] ?? ''
  const otherKinds = new Set(errors.flatMap(({ keyword, schemaPath }) => (keyword === 'const' ? [alternative(schemaPath)] : [])))
  const fault = errors.find(({ schemaPath, keyword }) => !otherKinds.has(alternative(schemaPath)) && keyword !== 'boolean') ?? errors[0]
  if (fault === undefined) return `${part} is not as expected`
  const { instancePath, message, keyword, params } = fault
  const field = `${part}${instancePath.replaceAll('/', '.')}`
  if (keyword === 'additionalProperties') return `${field} has unknown fields: ${params.additionalProperties.join(', ')}`
  if (keyword === 'enum') return `${field} must be one of ${params.allowedValues.join(', ')}`
  return `${field} ${message}`
}

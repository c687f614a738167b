import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { matchesPattern } from './pattern-match.ts'
import type { Parameter } from './schema/parameter.ts'

/** What a parameter can be. */
export type ParameterValue = string | number | boolean

/** No answer that a person gives is longer. */
const MAX_TEXT = 65_536

function textFault({ pattern, min, max, type }: Parameter, value: string): string | undefined {
  if (value.length > MAX_TEXT) return `has ${value.length} characters, more than the limit of ${MAX_TEXT}`
  if (min !== undefined && value.length < min) return `has ${value.length} characters, at least ${min} are expected`
  if (max !== undefined && value.length > max) return `has ${value.length} characters, at most ${max} are expected`
  const matches = pattern === undefined || matchesPattern(pattern, value)
  if (matches === true) return undefined
  const shown = type === 'secret' ? 'the value' : JSON.stringify(value)
  if (matches === 'undecided') return `comparing ${shown} with the pattern ${pattern} takes too long; the pattern needs to be simpler`
  return `${shown} does not match ${pattern}`
}

/** Why a value does not fit a parameter, or undefined where it does. Shows no secrets. */
export function parameterFault(parameter: Parameter, value: unknown): string | undefined {
  const { type, min, max, choices } = parameter
  const shown = type === 'secret' ? `something that is ${typeof value}` : JSON.stringify(value)
  switch (type) {
    case 'string':
    case 'secret':
      return typeof value === 'string' ? textFault(parameter, value) : `expected a text, found ${shown}; put it in quotes`
    case 'number':
      if (typeof value !== 'number' || !Number.isFinite(value)) return `expected a number, found ${shown}`
      if (min !== undefined && value < min) return `is ${value}, at least ${min} is expected`
      return max !== undefined && value > max ? `is ${value}, at most ${max} is expected` : undefined
    case 'boolean':
      return typeof value === 'boolean' ? undefined : `expected true or false, found ${shown}`
    case 'choice':
    default:
      return typeof value === 'string' && choices?.includes(value) ? undefined : `expected one of ${(choices ?? []).join(', ')}, found ${shown}`
  }
}

/**
 * Reads what a person gave for a parameter, as text or already as a value.
 * @throws SealiftError `PARAMETER_INVALID`
 */
export function parseParameterValue(parameter: Parameter, given: unknown): ParameterValue {
  let value = given
  if (typeof given === 'string') {
    if (parameter.type === 'number' && /^[+-]?[0-9]+(\.[0-9]+)?$/.test(given.trim())) value = Number(given)
    if (parameter.type === 'boolean' && (given === 'true' || given === 'false')) value = given === 'true'
  } else if (typeof given === 'number' && (parameter.type === 'string' || parameter.type === 'secret')) value = String(given)
  const fault = parameterFault(parameter, value)
  if (fault === undefined) return value as ParameterValue
  const { name, title = name, description } = parameter
  throw new SealiftError('PARAMETER_INVALID', `parameter ${name}: ${fault}`, description === undefined ? {} : { hint: `${title}: ${description}` })
}

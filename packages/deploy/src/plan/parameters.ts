import { SealiftError } from '@sealift/oci/sealift-error.ts'
import type { ParameterDefinition, WantedState } from '../state.ts'
import { isUnset } from './merge-states.ts'

/** What is wrong with an answer, or undefined. */
function faultOf({ type, min, max, pattern, choices }: ParameterDefinition, text: string): string | undefined {
  switch (type) {
    case 'boolean':
      return text === 'true' || text === 'false' ? undefined : 'expected true or false'
    case 'choice':
      return choices === undefined || choices.includes(text) ? undefined : `expected one of ${choices.join(', ')}`
    case 'number': {
      const number = Number(text)
      if (text.trim() === '' || !Number.isFinite(number)) return 'expected a number'
      if (min !== undefined && number < min) return `expected at least ${min}`
      return max !== undefined && number > max ? `expected at most ${max}` : undefined
    }
    default: {
      const length = [...text].length
      if (min !== undefined && length < min) return `expected at least ${min} characters`
      if (max !== undefined && length > max) return `expected at most ${max} characters`
      if (pattern !== undefined && !new RegExp(`^(?:${pattern})$`, 'u').test(text)) return `expected it to match ${pattern}`
      return undefined
    }
  }
}

/**
 * Checks an answer against what the parameter accepts. Answers to secrets do not appear in the error.
 * @throws SealiftError `PARAMETER_INVALID`
 */
export function checkParameter(name: string, definition: ParameterDefinition, text: string): void {
  const fault = faultOf(definition, text)
  if (fault === undefined) return
  const found = definition.type === 'secret' ? 'the given secret does not fit' : `found ${JSON.stringify(text)}`
  throw new SealiftError('PARAMETER_INVALID', `parameter ${name} (${definition.title}): ${found}, ${fault}`)
}

/** @throws SealiftError `PARAMETER_MISSING` naming every required parameter without an answer */
export function requireParameters(state: WantedState): void {
  const missing = Object.entries(state.parameters).filter(([, parameter]) => parameter.definition.required && isUnset(parameter))
  if (missing.length === 0) return
  throw new SealiftError('PARAMETER_MISSING', `these parameters need a value: ${missing.map(([name, { definition }]) => `${name} (${definition.title})`).join(', ')}`, {
    hint: `Give them: ${missing.map(([name]) => `--set ${name}=…`).join(' ')}`,
    details: { parameters: missing.map(([name]) => name) },
  })
}

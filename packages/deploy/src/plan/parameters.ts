import { SealiftError } from '@sealift/oci/sealift-error.ts'
import type { WantedState } from '../state.ts'
import { isUnset } from './merge-states.ts'

/** @throws SealiftError `PARAMETER_MISSING` naming every required parameter without an answer */
export function requireParameters(state: WantedState): void {
  const missing = Object.entries(state.parameters).filter(([, parameter]) => parameter.definition.required === true && isUnset(parameter))
  if (missing.length === 0) return
  const named = missing.map(([name, { definition }]) => (definition.title === undefined ? name : `${name} (${definition.title})`))
  throw new SealiftError('PARAMETER_MISSING', `these parameters need a value: ${named.join(', ')}`, {
    hint: `Give them: ${missing.map(([name]) => `--set ${name}=…`).join(' ')}`,
    details: { parameters: missing.map(([name]) => name) },
  })
}

import { isSealiftError, SealiftError } from '@sealift/oci/sealift-error.ts'
import { parseParameterValue } from '@sealift/template/parameter-value.ts'
import type { ParameterState, WantedState } from '../state.ts'
import type { Value } from '../value.ts'

/** A parameter without default and answer. */
export const UNSET: Value = { expression: '', origin: 'vendor', decided: null, vendor: null, onUpgrade: 'keep', secret: false }

/** Whether a parameter has neither a default nor an answer. */
export function isUnset({ value }: ParameterState): boolean {
  return value.origin === 'vendor' && value.vendor === null && value.expression === '' && value.leftOver === undefined
}

/**
 * Compares every answer with what its parameter accepts: an answer that was kept may not fit another release's.
 * @throws SealiftError `PARAMETER_MISSING` naming every required parameter without an answer, `PARAMETER_INVALID`
 */
export function requireParameters(state: WantedState): void {
  const isMissing = (parameter: ParameterState): boolean =>
    isUnset(parameter) || (parameter.value.origin === 'site' && parameter.value.secretId === undefined && parameter.value.expression === '')
  const missing = Object.entries(state.parameters).filter(([, parameter]) => parameter.definition.required === true && isMissing(parameter))
  if (missing.length > 0) {
    const named = missing.map(([name, { definition }]) => (definition.title === undefined ? name : `${name} (${definition.title})`))
    throw new SealiftError('PARAMETER_MISSING', `these parameters need a value: ${named.join(', ')}`, {
      hint: `Give them: ${missing.map(([name]) => `--set ${name}=…`).join(' ')}`,
      details: { parameters: missing.map(([name]) => name) },
    })
  }
  for (const [name, parameter] of Object.entries(state.parameters)) requireFit(name, parameter)
}

function requireFit(name: string, parameter: ParameterState): void {
  const { definition, value } = parameter
  // Secrets were checked when they were sealed; a plan never sees them.
  if (isUnset(parameter) || value.leftOver === true || value.secretId !== undefined || definition.type === 'secret') return
  try {
    parseParameterValue(definition, value.expression)
  } catch (thrown) {
    if (!isSealiftError(thrown, 'PARAMETER_INVALID')) throw thrown
    const take = value.vendor === null || value.vendor === value.expression ? '' : `, or take the vendor's default with --take parameter/${name}`
    throw new SealiftError('PARAMETER_INVALID', `${thrown.message}; this release does not accept the value that is there`, {
      hint: `Set another one with --set ${name}=…${take}.`,
      cause: thrown,
    })
  }
}

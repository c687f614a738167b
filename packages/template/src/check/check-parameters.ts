import { messageOf } from '@sealift/oci/sealift-error.ts'
import { parameterFault } from '../parameter-value.ts'
import type { CheckContext } from './check-context.ts'

/** Parameters can be answered, and their defaults are answers. */
export function checkParameters(context: CheckContext): void {
  for (const [position, parameter] of (context.template.parameters ?? []).entries()) {
    const path = ['parameters', position]
    const { name, type, pattern, min, max, choices, required = false } = parameter
    const text = type === 'string' || type === 'secret'
    let sound = true
    const report = (field: string, message: string): void => {
      sound = false
      context.report([...path, field], message)
    }
    if (pattern !== undefined && !text) report('pattern', `a pattern is for string and secret; parameter ${name} is ${type}. Remove it.`)
    if (pattern !== undefined) {
      try {
        void new RegExp(`^(?:${pattern})$`, 'u')
      } catch (thrown) {
        report('pattern', `is no regular expression: ${messageOf(thrown)}.`)
      }
    }
    for (const field of ['min', 'max'] as const) {
      if (parameter[field] !== undefined && !text && type !== 'number')
        report(field, `${field} is for number, string and secret; parameter ${name} is ${type}. Remove it.`)
    }
    if (min !== undefined && max !== undefined && min > max) report('max', `max (${max}) is less than min (${min}).`)
    if (type === 'choice' && choices === undefined) report('choices', `parameter ${name} is a choice without choices. List them.`)
    if (type !== 'choice' && choices !== undefined)
      report('choices', `choices are for type: choice; parameter ${name} is ${type}. Change the type, or remove them.`)
    if (choices !== undefined && new Set(choices).size < choices.length) report('choices', `the same choice is there twice.`)
    if (parameter.default === undefined) {
      if (!required)
        context.report(
          path,
          `parameter ${name} has no default and is not required, so it would have no value. Give it a default (an empty text is one), or required: true.`,
        )
      continue
    }
    const fault = sound ? parameterFault(parameter, parameter.default) : undefined
    if (fault !== undefined) context.report([...path, 'default'], `the default of parameter ${name}: ${fault}.`)
  }
}

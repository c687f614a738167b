import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { parseValueName, SITE_SERVICES, type ValueName } from './value-name.ts'

/** A text in which `${…}` stands for named values, taken apart once. */
export interface Expression {
  readonly parts: readonly (string | ValueName)[]
}

const NAMES_ARE = `self.host, self.name, self.ports.PORT, self.VALUE, components.C.host, components.C.ports.PORT, components.C.VALUE, parameters.X, modules.M.enabled and site.${SITE_SERVICES.join('|')}`

/**
 * Takes a text apart. `${` always begins a name; `$${` stands for the characters `${`; any other `$` is itself.
 * @throws SealiftError `EXPRESSION_INVALID` for a `${` without `}` or with something that can't be a name
 */
export function parseExpression(text: string): Expression {
  const parts: (string | ValueName)[] = []
  let literal = ''
  let position = 0
  for (;;) {
    const dollar = text.indexOf('${', position)
    if (dollar < 0) break
    if (dollar > position && text[dollar - 1] === '$') {
      literal += `${text.slice(position, dollar - 1)}\${`
      position = dollar + 2
      continue
    }
    literal += text.slice(position, dollar)
    const end = text.indexOf('}', dollar)
    const inside = text.slice(dollar + 2, end < 0 ? dollar + 34 : end)
    if (end < 0) throw new SealiftError('EXPRESSION_INVALID', `${JSON.stringify(`\${${inside}`)} has no closing brace`)
    const name = parseValueName(inside)
    if (name === undefined) {
      throw new SealiftError('EXPRESSION_INVALID', `${JSON.stringify(`\${${inside.slice(0, 64)}}`)} is no name that can stand there`, {
        hint: `Names are ${NAMES_ARE}. For the characters themselves (a shell variable, say) write $\${${inside.slice(0, 64)}}.`,
      })
    }
    if (literal !== '') parts.push(literal)
    literal = ''
    parts.push(name)
    position = end + 1
  }
  literal += text.slice(position)
  if (literal !== '') parts.push(literal)
  return { parts }
}

/** The names in an expression, in order. */
export function namesIn({ parts }: Expression): readonly ValueName[] {
  return parts.filter((part) => typeof part !== 'string')
}

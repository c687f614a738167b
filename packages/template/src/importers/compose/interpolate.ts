/** Gives the value of a variable; undefined where it is not set. */
export type Lookup = (name: string) => string | undefined

/** What keeps a text from being interpolated. */
export class InterpolationFault extends Error {
  override readonly name = 'InterpolationFault'
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]*/

/**
 * Puts variables into a text by the rules of the Compose specification: `$X`, `${X}`, `${X:-default}`,
 * `${X-default}`, `${X:?message}`, `${X?message}`, `${X:+other}`, `${X+other}`, nested ones too; `$$` is a dollar.
 * @param missing told of each variable that is not set and has no default: it counts as empty
 * @throws InterpolationFault for a malformed `${`, and for a variable that is required and not there
 */
export function interpolate(text: string, lookup: Lookup, missing: (name: string) => void): string {
  let result = ''
  let position = 0
  while (position < text.length) {
    const dollar = text.indexOf('$', position)
    if (dollar < 0) break
    result += text.slice(position, dollar)
    const next = text[dollar + 1]
    if (next === '$') {
      result += '$'
      position = dollar + 2
    } else if (next === '{') {
      const end = closing(text, dollar + 2)
      result += braced(text.slice(dollar + 2, end), lookup, missing)
      position = end + 1
    } else {
      const name = NAME.exec(text.slice(dollar + 1))?.[0]
      if (name === undefined) throw new InterpolationFault(`${JSON.stringify(text.slice(dollar, dollar + 12))} names no variable; write $$ for a dollar`)
      result += valueOf(name, lookup, missing)
      position = dollar + 1 + name.length
    }
  }
  return result + text.slice(position)
}

function valueOf(name: string, lookup: Lookup, missing: (name: string) => void): string {
  const value = lookup(name)
  if (value === undefined) missing(name)
  return value ?? ''
}

/** Where the brace closes that was opened just before. */
function closing(text: string, from: number): number {
  let depth = 1
  for (let position = from; position < text.length; position++) {
    if (text[position] === '$' && text[position + 1] === '{') depth++
    else if (text[position] === '}' && --depth === 0) return position
  }
  throw new InterpolationFault(`${JSON.stringify(text.slice(from - 2, from + 20))} has no closing brace`)
}

function braced(inside: string, lookup: Lookup, missing: (name: string) => void): string {
  const name = NAME.exec(inside)?.[0]
  const rest = inside.slice(name?.length ?? 0)
  const parts = /^(:?[-?+])([^]*)$/.exec(rest)
  if (name === undefined || (rest !== '' && parts === null)) throw new InterpolationFault(`${JSON.stringify(`\${${inside.slice(0, 40)}}`)} is malformed`)
  const operator = parts?.[1] ?? ''
  const word = (): string => interpolate(parts?.[2] ?? '', lookup, missing)
  const value = lookup(name)
  const isSet = operator.startsWith(':') ? value !== undefined && value !== '' : value !== undefined
  switch (operator.slice(-1)) {
    case '-':
      return isSet ? (value ?? '') : word()
    case '+':
      return isSet ? word() : ''
    case '?': {
      if (isSet) return value ?? ''
      const why = word()
      throw new InterpolationFault(`the variable ${name} is required${why === '' ? '' : `: ${why}`}`)
    }
    default:
      return valueOf(name, lookup, missing)
  }
}

import { InterpolationFault, interpolate, type Lookup } from './interpolate.ts'
import { composeFault } from './tree.ts'

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', f: '\f', b: '\b' }

/**
 * Reads a file of `NAME=VALUE` lines as Compose does: `export` before a name, comments, single quotes for
 * the text as it is, double quotes with escapes, quoted values over several lines, variables in all but
 * single quotes. A name alone takes its value from outside, where it has one.
 * @param lookup what is set outside; values of the file itself go before it only where it lacks them
 * @throws SealiftError `COMPOSE_INVALID`
 */
export function parseDotenv(text: string, file: string, lookup: Lookup): Map<string, string> {
  const values = new Map<string, string>()
  const inside: Lookup = (name) => lookup(name) ?? values.get(name)
  const source = text.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n')
  let position = 0
  while (position < source.length) {
    const lineEnd = endOfLine(source, position)
    const line = source.slice(position, lineEnd)
    const place = { file, line: source.slice(0, position).split('\n').length }
    if (/^\s*(#|$)/.test(line)) {
      position = lineEnd + 1
      continue
    }
    const head = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.-]*)[^\S\n]*(?:([=:])[^\S\n]*|$|(?=#))/.exec(line)
    const name = head?.[1]
    if (head === null || name === undefined) throw composeFault(place, `expected NAME=VALUE, found ${JSON.stringify(line.trim().split(/[=:\s]/, 1)[0])} ….`)
    if (head[2] === undefined) {
      const outside = lookup(name)
      if (outside !== undefined) values.set(name, outside)
      position = lineEnd + 1
      continue
    }
    const start = position + head[0].length
    const quote = source[start]
    let raw: string
    if (quote === "'" || quote === '"') {
      const end = closingQuote(source, start + 1, quote)
      if (end < 0) throw composeFault(place, `${name}: the quote is not closed.`)
      raw = source.slice(start + 1, end)
      if (quote === '"') raw = raw.replaceAll(/\\([nrtfb"\\])/g, (_, letter: string) => ESCAPES[letter] ?? letter).replaceAll('\\$', '$$$$')
      position = endOfLine(source, end) + 1
    } else {
      raw = line
        .slice(head[0].length)
        .replace(/(^|\s+)#.*$/, '')
        .trim()
      position = lineEnd + 1
    }
    try {
      values.set(name, quote === "'" ? raw : interpolate(raw, inside, () => {}))
    } catch (thrown) {
      if (thrown instanceof InterpolationFault) throw composeFault(place, `${name}: ${thrown.message}.`)
      throw thrown
    }
  }
  return values
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\n', from)
  return end < 0 ? text.length : end
}

function closingQuote(text: string, from: number, quote: string): number {
  for (let position = from; position < text.length; position++) {
    if (text[position] === '\\' && quote === '"') position++
    else if (text[position] === quote) return position
  }
  return -1
}

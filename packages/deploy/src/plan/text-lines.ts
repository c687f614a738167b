import { isUtf8 } from 'node:buffer'

/** What is compared line by line: beyond it a comparison costs more than it tells. */
const LIMITS = { bytes: 512 * 1024, lines: 10_000, pairs: 4_000_000 } as const

/** The lines of a text, each without its end, or undefined where the content is no text or too large to compare. */
export function textLines(content: Buffer): readonly string[] | undefined {
  if (content.length > LIMITS.bytes || content.includes(0) || !isUtf8(content)) return undefined
  const lines = content.toString('utf8').split('\n')
  return lines.length > LIMITS.lines ? undefined : lines
}

/**
 * Several texts as numbers, one for each different line: what compares them needs to look at no line,
 * and no line can be the name of something. Undefined where lines repeat so much that comparing takes too long.
 */
export function numberedLines(texts: readonly (readonly string[])[]): readonly number[][] | undefined {
  const numbers = new Map<string, number>()
  const numbered = texts.map((lines) =>
    lines.map((line) => {
      const number = numbers.get(line) ?? numbers.size
      numbers.set(line, number)
      return number
    }),
  )
  const [first = [], ...others] = numbered
  const counts = (lines: readonly number[]): Map<number, number> => {
    const found = new Map<number, number>()
    for (const line of lines) found.set(line, (found.get(line) ?? 0) + 1)
    return found
  }
  const inFirst = counts(first)
  for (const other of others) {
    let pairs = 0
    for (const [line, count] of counts(other)) pairs += count * (inFirst.get(line) ?? 0)
    if (pairs > LIMITS.pairs) return undefined
  }
  return numbered
}

/** Changed, missing, superfluous and swapped characters between two words, letter case aside; `limit` where there are as many or more. */
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1]
      let best = Math.min((last[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1, (last[column - 1] ?? 0) + (same ? 0 : 1))
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) best = Math.min(best, (beforeLast[column - 2] ?? 0) + 1)
      current.push(best)
    }
    if (Math.min(...current) >= limit) return limit
    beforeLast = last
    last = current
  }
  return last[b.length] ?? 0
}

/** The candidate that was probably meant, if one is near enough. */
export function closest(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length === 0 || word.length > 64) return undefined
  let best: string | undefined
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1
  for (const candidate of candidates) {
    const apart = distance(word.toLowerCase(), candidate.toLowerCase(), bestDistance)
    if (apart < bestDistance) {
      best = candidate
      bestDistance = apart
    }
  }
  return best
}

/** What can be said to someone who wrote a name that is not there: ` Did you mean "x"?`, or which there are, or that there are none. */
export function suggestion(word: string, candidates: Iterable<string>): string {
  const all = [...new Set(candidates)]
  const near = closest(word, all)
  if (near !== undefined) return `Did you mean ${near}?`
  if (all.length === 0) return 'There are none.'
  return `There ${all.length === 1 ? 'is' : 'are'}: ${all.slice(0, 15).join(', ')}${all.length > 15 ? ', …' : ''}.`
}

/** Digests cut to what people compare, and one line of whatever has several. */
export function oneLine(text: string): string {
  return text.replaceAll(/sha256:([0-9a-f]{12})[0-9a-f]{52}/g, '$1').replaceAll(/\s*\n\s*/g, ' ⏎ ')
}

/** The beginning of a text, in so many characters. */
export function brief(text: string, width: number): string {
  const line = oneLine(text)
  return line.length > width ? `${line.slice(0, Math.max(1, width - 1))}…` : line
}

/** Two long texts, each cut to a piece around the first place where they differ, so that the difference is to be seen. */
export function briefPair(a: string, b: string, width: number): readonly [string, string] {
  const [first, second] = [oneLine(a), oneLine(b)]
  if (first.length <= width && second.length <= width) return [first, second]
  let same = 0
  while (same < first.length && same < second.length && first[same] === second[same]) same += 1
  const longest = Math.max(first.length, second.length)
  const start = same < width / 2 ? 0 : Math.max(1, Math.min(same - Math.floor(width / 4), longest - width + 1))
  const piece = (line: string): string => {
    const lead = start === 0 ? '' : '…'
    const rest = line.slice(start)
    const room = width - lead.length
    return rest.length > room ? `${lead}${rest.slice(0, Math.max(1, room - 1))}…` : `${lead}${rest}`
  }
  return [piece(first), piece(second)]
}

/** Takes a command line apart as a POSIX shell does with quotes and backslashes, without expanding anything; undefined where a quote is not closed. */
export function shellWords(text: string): string[] | undefined {
  const words: string[] = []
  let word: string | undefined
  for (let position = 0; position < text.length; position++) {
    const character = text[position] ?? ''
    if (/\s/.test(character)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else if (character === '\\') {
      position++
      if (position >= text.length) return undefined
      if (text[position] !== '\n') word = (word ?? '') + (text[position] ?? '')
    } else if (character === "'") {
      const end = text.indexOf("'", position + 1)
      if (end < 0) return undefined
      word = (word ?? '') + text.slice(position + 1, end)
      position = end
    } else if (character === '"') {
      word ??= ''
      for (position++; text[position] !== '"'; position++) {
        if (position >= text.length) return undefined
        if (text[position] === '\\' && /["\\$`\n]/.test(text[position + 1] ?? '')) position++
        word += text[position] ?? ''
      }
    } else word = (word ?? '') + character
  }
  if (word !== undefined) words.push(word)
  return words
}

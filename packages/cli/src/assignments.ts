import { SealiftError } from '@sealift/oci/sealift-error.ts'

/**
 * Reads `NAME=VALUE` words into a record; a later one of the same name counts.
 * @param option names the option in errors
 * @throws SealiftError `USAGE`
 */
export function parseAssignments(words: readonly string[], option: string): Record<string, string> {
  const values = new Map<string, string>()
  for (const word of words) {
    const equals = word.indexOf('=')
    if (equals < 1) throw new SealiftError('USAGE', `${option} ${word}: expected NAME=VALUE`)
    values.set(word.slice(0, equals), word.slice(equals + 1))
  }
  return Object.fromEntries(values)
}

/** Collects an option that may be repeated. */
export function collect(value: string, all: readonly string[]): readonly string[] {
  return [...all, value]
}

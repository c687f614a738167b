/** Turns any name into a DNS label of at most 63 characters; `fallback` where nothing of it is left. */
export function labelOf(text: string, fallback = 'component'): string {
  const label = text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/^[-0-9]+/, '')
    .slice(0, 63)
    .replace(/-+$/, '')
  return label === '' ? fallback : label
}

/** Turns any name into one that can stand inside `${…}`: capitals, digits and `_`. */
export function valueNameOf(text: string, fallback = 'VALUE'): string {
  const name = text
    .toUpperCase()
    .replaceAll(/[^A-Z0-9]+/g, '_')
    .replaceAll(/^_+|_+$/g, '')
    .slice(0, 200)
  if (name === '') return fallback
  return /^[0-9]/.test(name) ? `_${name}` : name
}

/** The name itself, or with the first number that makes it new. */
export function unusedName(name: string, used: { has(name: string): boolean }, maxLength = 63, separator = '-'): string {
  for (let count = 1; ; count++) {
    const suffix = count === 1 ? '' : `${separator}${count}`
    const candidate = `${name.slice(0, maxLength - suffix.length)}${suffix}`
    if (!used.has(candidate)) return candidate
  }
}

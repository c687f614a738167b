/** Temporary until the template package has it. */
export function substitute(text: string, lookup: (name: string) => string): string {
  return text.replaceAll(/\$\$\{|\$\{([^}]*)\}/g, (whole, name: string | undefined) => (name === undefined ? '${' : lookup(name)))
}

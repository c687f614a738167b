import type { Value } from './value.ts'

/**
 * A text in which one component has another name: `${components.OLD.…}` names the new one. What
 * stands for the characters themselves (`$${`) stays.
 */
export function renameInText(text: string, names: ReadonlyMap<string, string>): string {
  return text.replaceAll(/(\$?)\$\{components\.([a-z0-9-]+)\./g, (whole, escape: string, name: string) => {
    const renamed = escape === '' ? names.get(name) : undefined
    return renamed === undefined ? whole : `\${components.${renamed}.`
  })
}

/** A value whose texts name components as they are called now. */
export function renameInValue(value: Value, names: ReadonlyMap<string, string>): Value {
  const rename = (text: string | null): string | null => (text === null ? null : renameInText(text, names))
  return { ...value, expression: renameInText(value.expression, names), decided: rename(value.decided), vendor: rename(value.vendor) }
}

import { readFileSync } from 'node:fs'
import { parseSync } from 'oxc-parser'

/**
 * What a module imports, types and dynamic imports of literal names too.
 * @throws Error where the module can't be parsed: a file that is not read would look free of violations
 */
export function readImports(path: string): readonly string[] {
  const { module, errors } = parseSync(path, readFileSync(path, 'utf8'))
  if (errors.length > 0) throw new Error(`${path}: ${errors.map(({ message }) => message).join('; ')}`)
  const source = readFileSync(path, 'utf8')
  return [
    ...module.staticImports.map(({ moduleRequest }) => moduleRequest.value),
    ...module.staticExports.flatMap(({ entries }) => entries.flatMap(({ moduleRequest }) => (moduleRequest === null ? [] : [moduleRequest.value]))),
    ...module.dynamicImports.flatMap(({ moduleRequest }) => {
      const text = source.slice(moduleRequest.start, moduleRequest.end)
      return /^['"]/.test(text) ? [text.slice(1, -1)] : []
    }),
  ]
}

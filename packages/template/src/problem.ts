/** Where something is in a template: `['components', 2, 'env', 0, 'value']`. */
export type Path = readonly (string | number)[]

/** One thing that is wrong with a template. */
export interface Problem {
  readonly code: 'TEMPLATE_INVALID' | 'SECRET_LITERAL'
  readonly path: Path
  /** What was found, what was expected, and the way out. */
  readonly message: string
  /** Whether the field's name itself is meant, not its value. */
  readonly atKey?: boolean
  /** For `SECRET_LITERAL`: the name by which a publisher allows it, `COMPONENT/VARIABLE`. */
  readonly name?: string
}

/** Characters of a name that are shown; a hostile one may have thousands. */
const SHOWN = 100

/** The path as people read it: `components[2].env[0].value`. */
export function formatPath(path: Path): string {
  return path
    .map((whole, position) => {
      if (typeof whole === 'number') return `[${whole}]`
      const step = whole.length > SHOWN ? `${whole.slice(0, SHOWN)}…` : whole
      if (!/^[A-Za-z_][A-Za-z0-9_-]*$/.test(step)) return `[${JSON.stringify(step)}]`
      return position === 0 ? step : `.${step}`
    })
    .join('')
}

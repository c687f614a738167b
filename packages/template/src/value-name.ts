/** What a site offers under `${site.…}`. */
export const SITE_SERVICES = ['registry', 'apt', 'yum', 'charts', 'git', 'files', 'ntp'] as const
export type SiteService = (typeof SITE_SERVICES)[number]

/** A name inside `${…}`, taken apart. `component` is absent where the name begins with `self`. */
export type ValueName = { readonly text: string } & (
  | { readonly kind: 'host'; readonly component?: string }
  | { readonly kind: 'name'; readonly component?: string }
  | { readonly kind: 'port'; readonly component?: string; readonly port: string }
  | { readonly kind: 'connection'; readonly component?: string; readonly connection: string }
  | { readonly kind: 'parameter'; readonly parameter: string }
  | { readonly kind: 'module'; readonly module: string }
  | { readonly kind: 'site'; readonly service: SiteService }
)

/** Words that `${self.…}` keeps for itself, so that no connection value can have them. */
export const RESERVED_VALUE_NAMES: readonly string[] = ['host', 'name', 'ports']

const LABEL = /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/
const CONNECTION = /^[A-Za-z_][A-Za-z0-9_]{0,255}$/
const PARAMETER = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/

function ofComponent(text: string, component: string | undefined, steps: readonly string[]): ValueName | undefined {
  const [what, port, ...more] = steps
  const base = component === undefined ? { text } : { text, component }
  if (what === undefined || more.length > 0) return undefined
  if (what === 'ports') return port !== undefined && LABEL.test(port) ? { ...base, kind: 'port', port } : undefined
  if (port !== undefined) return undefined
  if (what === 'host' || what === 'name') return { ...base, kind: what }
  return CONNECTION.test(what) ? { ...base, kind: 'connection', connection: what } : undefined
}

function isSiteService(text: string): text is SiteService {
  return SITE_SERVICES.some((service) => service === text)
}

/** Reads the text between `${` and `}`; undefined where it has none of the forms that a name can have. */
export function parseValueName(text: string): ValueName | undefined {
  const [root, first, ...rest] = text.split('.')
  if (first === undefined) return undefined
  switch (root) {
    case 'self':
      return ofComponent(text, undefined, [first, ...rest])
    case 'components':
      return LABEL.test(first) ? ofComponent(text, first, rest) : undefined
    case 'parameters':
      return rest.length === 0 && PARAMETER.test(first) ? { text, kind: 'parameter', parameter: first } : undefined
    case 'modules':
      return rest.length === 1 && rest[0] === 'enabled' && LABEL.test(first) ? { text, kind: 'module', module: first } : undefined
    case 'site':
      return rest.length === 0 && isSiteService(first) ? { text, kind: 'site', service: first } : undefined
    case undefined:
    default:
      return undefined
  }
}

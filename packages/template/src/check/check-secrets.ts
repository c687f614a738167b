import type { Path } from '../problem.ts'
import type { CheckContext } from './check-context.ts'

const SECRET = /PASS(WORD|WD|PHRASE)|(^|[_.-])PASS([_.-]|$)|[_.-]PWD$|SECRET|TOKEN|CREDENTIAL|API_?KEY|(^|[_.-])KEY([_.-]|$)/
/** Names that speak about a secret without being one. */
const ABOUT = /(^|[_.-])(FILE|PATH|DIR|TTL|EXPIRY|TIMEOUT|LENGTH|SIZE|ALGORITHM|POLICY|ENABLED|REQUIRED)$/
/** Values that switch something on or off. */
export const SWITCH = /^(true|false|yes|no|on|off|0|1)$/i

/** Whether a variable of this name usually holds a secret. Also reads names like dbPassword. */
export function looksSecret(name: string): boolean {
  const upper = name.replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase()
  return SECRET.test(upper) && !ABOUT.test(upper)
}

interface Literal {
  readonly name: string
  readonly value?: string
  readonly secret?: boolean
}

function checkLiterals(context: CheckContext, owner: string, list: readonly Literal[] | undefined, path: Path): void {
  for (const [position, { name, value, secret = false }] of (list ?? []).entries()) {
    if (value === undefined || value === '' || secret || value.includes('${') || SWITCH.test(value) || !looksSecret(name)) continue
    context.add({
      code: 'SECRET_LITERAL',
      path: [...path, position, 'value'],
      name: `${owner}/${name}`,
      message: `${name} looks like a secret, and its value would be the same at every site. Use a connection value with generate or a parameter of type secret, say secret: true where it is meant, or allow ${owner}/${name} by name.`,
    })
  }
}

/** No secret travels in a release unnoticed. */
export function checkSecrets(context: CheckContext): void {
  const { template } = context
  for (const [position, component] of template.components.entries()) {
    const path = ['components', position]
    const { name } = component
    checkLiterals(context, name, component.env, [...path, 'env'])
    checkLiterals(context, name, component.connection, [...path, 'connection'])
    for (const [at, init] of (component.initContainers ?? []).entries())
      checkLiterals(context, `${name}/${init.name}`, init.env, [...path, 'initContainers', at, 'env'])
    for (const [moment, hook] of Object.entries(component.hooks ?? {})) checkLiterals(context, `${name}/${moment}`, hook.env, [...path, 'hooks', moment, 'env'])
  }
  for (const [position, group] of (template.configurationGroups ?? []).entries())
    checkLiterals(context, group.name, group.env, ['configurationGroups', position, 'env'])
  for (const [position, plugin] of (template.plugins ?? []).entries()) checkLiterals(context, plugin.name, plugin.env, ['plugins', position, 'env'])
  for (const [position, check] of (template.checks ?? []).entries()) checkLiterals(context, check.name, check.env, ['checks', position, 'env'])
  for (const [position, parameter] of (template.parameters ?? []).entries()) {
    if (parameter.type !== 'secret' || parameter.default === undefined || parameter.default === '') continue
    context.add({
      code: 'SECRET_LITERAL',
      path: ['parameters', position, 'default'],
      name: `parameters/${parameter.name}`,
      message: `the default of secret parameter ${parameter.name} would be the same at every site. Write required: true instead, or allow parameters/${parameter.name} by name.`,
    })
  }
}

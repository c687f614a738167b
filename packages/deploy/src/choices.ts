import { isSize } from '@sealift/oci/descriptor.ts'
import { type Digest, isDigest } from '@sealift/oci/digest.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { parseParameterValue } from '@sealift/template/parameter-value.ts'
import type { SecretVault } from './secret-vault.ts'
import type { WantedState } from './state.ts'
import type { VendorState } from './vendor-state.ts'

/** A value that a site chose: the text, or its name in the vault. */
export type ChosenValue = string | { readonly secret: string }

/** The content that a site chose for a file; it is in the content store already. */
export interface ChosenFile {
  readonly digest: Digest
}

/** What a site chose for a component. null gives up the site's choice for the vendor's. */
export interface ComponentChoices {
  readonly env: Readonly<Record<string, ChosenValue | null>>
  readonly files: Readonly<Record<string, ChosenFile | null>>
  readonly cpu?: string | null
  readonly memory?: string | null
  readonly replicas?: number | null
}

/** What a site chose. */
export interface Choices {
  readonly parameters: Readonly<Record<string, ChosenValue | null>>
  readonly modules: Readonly<Record<string, boolean>>
  readonly components: Readonly<Record<string, ComponentChoices>>
}

/** No choice at all. */
export const NO_CHOICES: Choices = { parameters: {}, modules: {}, components: {} }

/** What a value is, without showing it: it may be a password in the wrong place. */
function kindOf(value: unknown): string {
  return Array.isArray(value) ? 'a list' : typeof value === 'object' ? 'names with values' : typeof value === 'string' ? 'a text' : `a ${typeof value}`
}

function asObject(value: unknown, where: string): Readonly<Record<string, unknown>> {
  if (value === undefined || value === null) return {}
  if (typeof value === 'object' && !Array.isArray(value)) return value as Readonly<Record<string, unknown>>
  throw new SealiftError('CHOICES_INVALID', `${where}: expected names with values, found ${kindOf(value)}`)
}

function onlyKnown(value: Readonly<Record<string, unknown>>, known: readonly string[], where: string): void {
  for (const key of Object.keys(value)) {
    if (!known.includes(key)) throw new SealiftError('CHOICES_INVALID', `${where}: ${JSON.stringify(key)} is not known here, expected ${known.join(', ')}`)
  }
}

function asText(value: unknown, where: string): ChosenValue | null {
  if (value === null || typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  throw new SealiftError('CHOICES_INVALID', `${where}: expected a text, a number, true or false, found ${kindOf(value)}`)
}

function mapValues<T>(value: unknown, where: string, read: (value: unknown, where: string) => T): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(asObject(value, where)).map(([name, each]) => [name, read(each, `${where}: ${name}`)]))
}

function asFile(value: unknown, where: string): ChosenFile | null {
  if (value === null) return null
  const { digest } = asObject(value, where)
  if (isDigest(digest)) return { digest }
  throw new SealiftError('CHOICES_INVALID', `${where}: expected the digest of the content`)
}

function asComponent(value: unknown, where: string): ComponentChoices {
  const fields = asObject(value, where)
  onlyKnown(fields, ['env', 'files', 'resources', 'replicas'], where)
  const resources = asObject(fields.resources, `${where}: resources`)
  onlyKnown(resources, ['cpu', 'memory'], `${where}: resources`)
  const amount = (name: 'cpu' | 'memory'): Pick<ComponentChoices, 'cpu' | 'memory'> => {
    const chosen = resources[name]
    return chosen === undefined ? {} : { [name]: asText(chosen, `${where}: ${name}`) }
  }
  const { replicas } = fields
  if (replicas !== undefined && replicas !== null && !isSize(replicas)) {
    throw new SealiftError('CHOICES_INVALID', `${where}: replicas: expected a number, found ${JSON.stringify(replicas)}`)
  }
  return {
    env: mapValues(fields.env, `${where}: env`, asText),
    files: mapValues(fields.files, `${where}: files`, asFile),
    ...amount('cpu'),
    ...amount('memory'),
    ...(replicas === undefined ? {} : { replicas }),
  }
}

/**
 * Reads choices from parsed YAML or JSON: `{parameters, modules, components: {C: {env, files, resources, replicas}}}`.
 * Files are given as `{digest}` of content that is stored already.
 * @throws SealiftError `CHOICES_INVALID`
 */
export function parseChoices(value: unknown, where = 'values'): Choices {
  const fields = asObject(value, where)
  onlyKnown(fields, ['parameters', 'modules', 'components'], where)
  return {
    parameters: mapValues(fields.parameters, `${where}: parameters`, asText),
    modules: mapValues(fields.modules, `${where}: modules`, (enabled, at) => {
      if (typeof enabled === 'boolean') return enabled
      throw new SealiftError('CHOICES_INVALID', `${at}: expected true or false, found ${JSON.stringify(enabled)}`)
    }),
    components: mapValues(fields.components, `${where}: components`, asComponent),
  }
}

/** Both choices; where they differ, the later one counts. */
export function mergeChoices(earlier: Choices, later: Choices): Choices {
  const components: Record<string, ComponentChoices> = { ...earlier.components }
  for (const [name, chosen] of Object.entries(later.components)) {
    const before = components[name]
    components[name] = { ...before, ...chosen, env: { ...before?.env, ...chosen.env }, files: { ...before?.files, ...chosen.files } }
  }
  return { parameters: { ...earlier.parameters, ...later.parameters }, modules: { ...earlier.modules, ...later.modules }, components }
}

/**
 * Puts the texts of secret values into the vault and leaves their names, so that no plan ever holds
 * one. Whether a value is secret is told by the release and the current state.
 * @throws SealiftError `PARAMETER_INVALID`
 */
export async function sealChoices(
  choices: Choices,
  { installation, current, vendor, vault }: { installation: string; current: WantedState | null; vendor: VendorState | null; vault: SecretVault },
): Promise<Choices> {
  const seal = async (chosen: ChosenValue | null, secret: boolean, scope: string): Promise<ChosenValue | null> =>
    typeof chosen === 'string' && secret ? { secret: await vault.seal(`${installation}/site/${scope}`, chosen) } : chosen
  const parameters: Record<string, ChosenValue | null> = {}
  for (const [name, chosen] of Object.entries(choices.parameters)) {
    const definition = vendor?.parameters[name]?.definition ?? current?.parameters[name]?.definition
    const isSecret = definition?.type === 'secret'
    if (isSecret && typeof chosen === 'string') parseParameterValue(definition, chosen)
    parameters[name] = await seal(chosen, isSecret, `parameter/${name}`)
  }
  const components: Record<string, ComponentChoices> = {}
  for (const [component, chosen] of Object.entries(choices.components)) {
    const env: Record<string, ChosenValue | null> = {}
    for (const [name, value] of Object.entries(chosen.env)) {
      const secret = (vendor?.components[component]?.env[name]?.secret ?? false) || (current?.components[component]?.env[name]?.secret ?? false)
      env[name] = await seal(value, secret, `${component}/${name}`)
    }
    components[component] = { ...chosen, env }
  }
  return { ...choices, parameters, components }
}

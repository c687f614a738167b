import { isSize } from '@sealift/oci/descriptor.ts'
import { type Digest, isDigest } from '@sealift/oci/digest.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'

/** A value that a site chose: the text, or its name in the vault. */
export type ChosenValue = string | { readonly secret: string }

/** The content that a site chose for a file: stored, in the vault, or not sealed yet. */
export type ChosenFile =
  | { readonly digest: Digest }
  /** `uses`: the expressions in it, as in {@link ./value.ts | Value}. */
  | { readonly secret: string; readonly uses?: string }
  | { readonly content: Uint8Array }

/** What a site chose for all components that use a configuration group. null gives up the site's choice for the vendor's. */
export interface GroupValues {
  readonly env: Readonly<Record<string, ChosenValue | null>>
  readonly files: Readonly<Record<string, ChosenFile | null>>
}

/** What a site chose for a component. */
export interface ComponentChoices extends GroupValues {
  /** Variables that the release does not know. */
  readonly addEnv?: Readonly<Record<string, ChosenValue>>
  readonly cpu?: string | null
  readonly memory?: string | null
  readonly replicas?: number | null
}

/** What a site chose. */
export interface Choices {
  readonly parameters: Readonly<Record<string, ChosenValue | null>>
  readonly modules: Readonly<Record<string, boolean>>
  readonly groups: Readonly<Record<string, GroupValues>>
  readonly components: Readonly<Record<string, ComponentChoices>>
}

/** No choice at all. */
export const NO_CHOICES: Choices = { parameters: {}, modules: {}, groups: {}, components: {} }

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

function asValue(value: unknown, where: string): ChosenValue {
  const text = asText(value, where)
  if (text !== null) return text
  throw new SealiftError('CHOICES_INVALID', `${where}: expected a text, a number, true or false, found nothing`)
}

function asGroup(value: unknown, where: string): GroupValues {
  const fields = asObject(value, where)
  onlyKnown(fields, ['env', 'files'], where)
  return { env: mapValues(fields.env, `${where}: env`, asText), files: mapValues(fields.files, `${where}: files`, asFile) }
}

function mapValues<T>(value: unknown, where: string, read: (value: unknown, where: string) => T): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(asObject(value, where)).map(([name, each]) => [name, read(each, `${where}: ${name}`)]))
}

function asFile(value: unknown, where: string): ChosenFile | null {
  if (value === null) return null
  const { digest, content } = asObject(value, where)
  if (isDigest(digest)) return { digest }
  if (content instanceof Uint8Array) return { content }
  throw new SealiftError('CHOICES_INVALID', `${where}: expected the digest of the content`)
}

function asComponent(value: unknown, where: string): ComponentChoices {
  const fields = asObject(value, where)
  onlyKnown(fields, ['env', 'addEnv', 'files', 'resources', 'replicas'], where)
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
    ...(fields.addEnv === undefined ? {} : { addEnv: mapValues(fields.addEnv, `${where}: addEnv`, asValue) }),
    files: mapValues(fields.files, `${where}: files`, asFile),
    ...amount('cpu'),
    ...amount('memory'),
    ...(replicas === undefined ? {} : { replicas }),
  }
}

/**
 * Reads choices from parsed YAML or JSON: `{parameters, modules, groups: {G: {env, files}},
 * components: {C: {env, addEnv, files, resources, replicas}}}`.
 * Files are given as `{content}`, or as `{digest}` of content that is stored already.
 * @throws SealiftError `CHOICES_INVALID`
 */
export function parseChoices(value: unknown, where = 'values'): Choices {
  const fields = asObject(value, where)
  onlyKnown(fields, ['parameters', 'modules', 'groups', 'components'], where)
  return {
    parameters: mapValues(fields.parameters, `${where}: parameters`, asText),
    modules: mapValues(fields.modules, `${where}: modules`, (enabled, at) => {
      if (typeof enabled === 'boolean') return enabled
      throw new SealiftError('CHOICES_INVALID', `${at}: expected true or false, found ${JSON.stringify(enabled)}`)
    }),
    groups: mapValues(fields.groups, `${where}: groups`, asGroup),
    components: mapValues(fields.components, `${where}: components`, asComponent),
  }
}

/** Both choices; where they differ, the later one counts. */
export function mergeChoices(earlier: Choices, later: Choices): Choices {
  const components: Record<string, ComponentChoices> = { ...earlier.components }
  for (const [name, chosen] of Object.entries(later.components)) {
    const before = components[name]
    const addEnv = { ...before?.addEnv, ...chosen.addEnv }
    components[name] = {
      ...before,
      ...chosen,
      env: { ...before?.env, ...chosen.env },
      ...(Object.keys(addEnv).length === 0 ? {} : { addEnv }),
      files: { ...before?.files, ...chosen.files },
    }
  }
  const groups: Record<string, GroupValues> = { ...earlier.groups }
  for (const [name, { env, files }] of Object.entries(later.groups)) {
    groups[name] = { env: { ...groups[name]?.env, ...env }, files: { ...groups[name]?.files, ...files } }
  }
  return { parameters: { ...earlier.parameters, ...later.parameters }, modules: { ...earlier.modules, ...later.modules }, groups, components }
}

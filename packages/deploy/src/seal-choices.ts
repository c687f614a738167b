import type { Digest } from '@sealift/oci/digest.ts'
import { namesIn } from '@sealift/template/expression.ts'
import { parseParameterValue } from '@sealift/template/parameter-value.ts'
import { parseFileExpression } from '@sealift/template/substitution.ts'
import type { Choices, ChosenFile, ChosenValue, ComponentChoices, GroupValues } from './choices.ts'
import { encodeFileSecret } from './file-secret.ts'
import type { SecretVault } from './secret-vault.ts'
import type { WantedState } from './state.ts'
import type { Value, VendorValue } from './value.ts'
import type { VendorState } from './vendor-state.ts'

/** What choices are sealed with. */
export interface SealOptions {
  readonly installation: string
  readonly current: WantedState | null
  readonly vendor: VendorState | null
  readonly vault: SecretVault
  /** Keeps the content of a file that is no secret. */
  readonly store: (content: Uint8Array) => Promise<Digest>
}

/**
 * Puts secret values and secret files into the vault, the other files into the store, and leaves
 * their names, so that no plan ever holds a secret. Whether a value is secret is told by the release
 * and the current state.
 * @throws SealiftError `PARAMETER_INVALID`, `EXPRESSION_INVALID`
 */
export async function sealChoices(choices: Choices, options: SealOptions): Promise<Choices> {
  const { installation, vault } = options
  const seal = async (chosen: ChosenValue | null, secret: boolean, scope: string): Promise<ChosenValue | null> =>
    typeof chosen === 'string' && secret ? { secret: await vault.seal(`${installation}/site/${scope}`, chosen) } : chosen
  const parameters: Record<string, ChosenValue | null> = {}
  for (const [name, chosen] of Object.entries(choices.parameters)) {
    const definition = (options.vendor?.parameters[name] ?? options.current?.parameters[name])?.definition
    const isSecret = definition?.type === 'secret'
    if (isSecret && typeof chosen === 'string') parseParameterValue(definition, chosen)
    parameters[name] = await seal(chosen, isSecret, `parameter/${name}`)
  }
  const values = async ({ env, files }: GroupValues, component: string | null, scope: string): Promise<GroupValues> => ({
    env: await eachOf(env, (chosen, name) =>
      seal(
        chosen,
        known(options, component, 'env', name).some(({ value }) => value.secret),
        `${scope}/${name}`,
      ),
    ),
    files: await eachOf(files, (chosen, path) => sealFile(chosen, known(options, component, 'files', path), `${installation}/site/${scope}${path}`, options)),
  })
  const groups: Record<string, GroupValues> = {}
  for (const [name, chosen] of Object.entries(choices.groups)) groups[name] = await values(chosen, null, `group/${name}`)
  const components: Record<string, ComponentChoices> = {}
  for (const [name, chosen] of Object.entries(choices.components)) components[name] = { ...chosen, ...(await values(chosen, name, name)) }
  return { ...choices, parameters, groups, components }
}

async function eachOf<T>(table: Readonly<Record<string, T>>, convert: (entry: T, name: string) => Promise<T>): Promise<Readonly<Record<string, T>>> {
  const converted: Record<string, T> = {}
  for (const [name, entry] of Object.entries(table)) converted[name] = await convert(entry, name)
  return converted
}

interface KnownValue {
  readonly value: Pick<Value | VendorValue, 'secret'>
  readonly template: boolean
}

/** What the release and the installation have of this name: in one component, or (null) in any. */
function known({ vendor, current }: SealOptions, component: string | null, kind: 'env' | 'files', name: string): readonly KnownValue[] {
  const found: KnownValue[] = []
  for (const side of [vendor?.components, current?.components]) {
    for (const [each, { env, files }] of Object.entries(side ?? {})) {
      if (component !== null && each !== component) continue
      const [value, file] = [env[name], files[name]]
      if (kind === 'env' && value !== undefined) found.push({ value, template: false })
      if (kind === 'files' && file !== undefined) found.push({ value: file.content, template: file.template })
    }
  }
  return found
}

async function sealFile(chosen: ChosenFile | null, known: readonly KnownValue[], scope: string, { vault, store }: SealOptions): Promise<ChosenFile | null> {
  if (chosen === null || !('content' in chosen)) return chosen
  if (!known.some(({ value }) => value.secret)) return { digest: await store(chosen.content) }
  const secret = await vault.seal(scope, encodeFileSecret(chosen.content))
  if (!known.some(({ template }) => template)) return { secret }
  const names = namesIn(parseFileExpression(chosen.content, 'the secret file')).map(({ text }) => `\${${text}}`)
  return { secret, uses: [...new Set(names)].join('') }
}

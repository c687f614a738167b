import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { suggestion } from '../../did-you-mean.ts'
import type { Generate } from '../../schema/generate.ts'
import { RESERVED_VALUE_NAMES } from '../../value-name.ts'
import { unusedName, valueNameOf } from '../component-name.ts'
import type { Draft } from '../draft/draft.ts'
import type { FoundSecret, SecretUse } from './find-secrets.ts'
import { isGivenFromOutside } from './secret-names.ts'

/** What becomes of a secret. */
export const SECRET_CHOICES = ['generate', 'parameter', 'keep-literal'] as const
export type SecretChoice = (typeof SECRET_CHOICES)[number]

/** A secret with what was decided about it. Holds the value; must not be shown. */
export interface DecidedSecret extends FoundSecret {
  readonly choice: SecretChoice
  /** The component whose connection value it is. */
  readonly owner: string
  /** Its name there, or as a parameter. */
  readonly name: string
  readonly generate: Generate
  /** Why, for people. */
  readonly reason: string
}

/** The names by which `--secret` may speak of a secret: `COMPONENT/VARIABLE` of any place. */
export function secretNames({ uses, declared }: FoundSecret): readonly string[] {
  return [...new Set(uses.map(({ component, slot }) => `${component}/${slot.kind === 'env' ? slot.name : (declared ?? slot.name)}`))]
}

/**
 * Decides for each secret who owns it and what becomes of it.
 * @param choices by `COMPONENT/VARIABLE`
 * @param uses whether a component depends on, or names as a host, another one
 * @throws SealiftError `NAME_UNKNOWN` for a choice about something that is no secret here
 */
export function decideSecrets(
  draft: Draft,
  secrets: readonly FoundSecret[],
  choices: Readonly<Record<string, SecretChoice>>,
  uses: (component: string, other: string) => boolean,
): DecidedSecret[] {
  const known = secrets.flatMap(secretNames)
  for (const name of Object.keys(choices)) {
    if (!known.includes(name)) throw new SealiftError('NAME_UNKNOWN', `--secret ${name}: no secret was found there`, { hint: suggestion(name, known) })
  }
  const taken = new Map<string, Set<string>>(draft.components.map(({ name }) => [name, new Set<string>(RESERVED_VALUE_NAMES)]))
  const parameters = new Set<string>()
  return secrets.map((secret) => {
    const owner = ownerOf(draft, secret, uses)
    const [choice, reason] = choiceOf(draft, secret, choices)
    const wanted = nameOf(secret, owner)
    const used = choice === 'parameter' ? parameters : (taken.get(owner) ?? parameters)
    const name = unusedName(wanted, used, choice === 'parameter' ? 64 : 200, '_')
    if (choice !== 'keep-literal') used.add(name)
    return { ...secret, choice, owner, name, reason, generate: generateLike(secret.value) }
  })
}

/** Who owns a secret: the one that the others use, and that has data or a fitting name. */
function ownerOf({ components }: Draft, { uses }: FoundSecret, isUsing: (component: string, other: string) => boolean): string {
  const users = [...new Set(uses.map(({ component }) => component))]
  const score = (name: string): number => {
    const component = components.find((each) => each.name === name)
    const usedBy = users.filter((other) => other !== name && isUsing(other, name)).length
    const using = users.filter((other) => other !== name && isUsing(name, other)).length
    const inUrls = uses.filter(({ host }) => host === name || (host !== undefined && component?.hostNames.includes(host) === true)).length
    const basename = component?.image.split('/').at(-1)?.split(/[:@]/)[0]?.toUpperCase() ?? ''
    const speaks = uses.some(
      ({ component: at, slot }) => at === name && slot.kind === 'env' && basename !== '' && slot.name.toUpperCase().startsWith(basename.slice(0, 5)),
    )
    return usedBy * 10 - using * 10 + inUrls * 20 + (component?.workload === 'stateful' ? 3 : 0) + (speaks ? 4 : 0)
  }
  return users.toSorted((a, b) => score(b) - score(a))[0] ?? ''
}

function choiceOf({ components }: Draft, secret: FoundSecret, choices: Readonly<Record<string, SecretChoice>>): readonly [SecretChoice, string] {
  for (const name of secretNames(secret)) {
    const chosen = choices[name]
    if (chosen !== undefined) return [chosen, 'as told']
  }
  const { value, uses, declared } = secret
  if (declared !== undefined && value === '') return ['parameter', 'its content is kept outside']
  if (/[\r\n]/.test(value)) return ['parameter', 'it has several lines, as keys and certificates have']
  if (/^[A-Za-z0-9+/]{22,}={1,2}$/.test(value)) return ['parameter', 'it is a key in base64, which a random text may not fit']
  const isComponent = (host: string): boolean => components.some(({ name, hostNames }) => name === host || hostNames.includes(host))
  const outside = uses.find(({ host }) => host !== undefined && !isComponent(host))
  if (outside !== undefined && uses.every(({ host, slot }) => host !== undefined || slot.kind === 'env')) {
    const users = new Set(uses.map(({ component }) => component))
    if (uses.every(({ host }) => host === undefined || !isComponent(host)) && users.size <= 1)
      return ['parameter', `it is used at ${outside.host}, which is outside the application`]
  }
  const names = uses.flatMap(({ slot }) => (slot.kind === 'env' ? [slot.name] : []))
  const given = [...names, ...(declared === undefined ? [] : [declared])].find(isGivenFromOutside)
  if (given !== undefined && new Set(uses.map(({ component }) => component)).size === 1) return ['parameter', `somebody outside gives it out, as ${given} says`]
  return ['generate', 'each site makes its own']
}

function nameOf({ uses, declared }: FoundSecret, owner: string): string {
  const whole = (use: SecretUse): boolean => use.slot.kind === 'env' && use.start === 0 && use.end === use.slot.text.length
  const own = uses.filter(({ component }) => component === owner)
  const variable = own.find(whole) ?? uses.find(whole)
  if (variable !== undefined && /^[A-Za-z_][A-Za-z0-9_]*$/.test(variable.slot.name)) return variable.slot.name
  return valueNameOf(declared ?? variable?.slot.name ?? `${owner}_PASSWORD`, 'PASSWORD')
}

/** What is generated is as long as what stood there, where that seems to matter, and of the same characters. */
function generateLike(value: string): Generate {
  if (/^[0-9a-f]{32,256}$/.test(value) && value.length % 2 === 0) return { length: value.length, alphabet: 'hex' }
  return { length: value.length > 24 && value.length <= 256 && !/\s/.test(value) ? value.length : 24 }
}

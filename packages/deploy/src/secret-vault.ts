import { randomInt } from 'node:crypto'
import type { GenerateSpec } from './value.ts'

/**
 * Keeps the secrets of installations, encrypted, outside every state, plan and log. A name stands
 * for one value for ever: a changed secret gets another name, so that older revisions keep theirs.
 */
export interface SecretVault {
  /** @throws SealiftError `SECRET_MISSING` */
  get(id: string): Promise<string>
  /** Makes the value unless it is there already: repeating after a crash, or reinstalling over kept data, finds the old one. */
  create(id: string, spec: GenerateSpec): Promise<void>
  /**
   * Keeps a value that a site gave and returns its name: the same one for the same scope and value.
   * @param scope installation, component and name of the value
   */
  seal(scope: string, value: string): Promise<string>
}

const ALPHANUMERIC = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
const ALPHABETS = { alphanumeric: ALPHANUMERIC, hex: '0123456789abcdef', base64url: `${ALPHANUMERIC}-_` } as const

/** A random value as a specification wants it. */
export function generateSecret({ length, alphabet }: GenerateSpec): string {
  const characters = ALPHABETS[alphabet]
  let value = ''
  for (let position = 0; position < length; position += 1) value += characters[randomInt(characters.length)]
  return value
}

/** The name in the vault of a value that is generated for an installation. Values of a group share it. */
export function generatedSecretId(installation: string, component: string, name: string, spec: GenerateSpec | undefined): string {
  return spec?.group === undefined ? `${installation}/generated/${component}/${name}` : `${installation}/generated/group/${spec.group}`
}

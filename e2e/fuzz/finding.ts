import { ERROR_CATALOGUE } from '@sealift/oci/error-catalogue.ts'
import { isSealiftError } from '@sealift/oci/sealift-error.ts'

/** Something that a reader must not do, whatever it is given. */
export class Finding extends Error {
  override readonly name = 'Finding'
}

/** Characters of a message, at most: a hostile file shall not fill a log. */
const MAX_MESSAGE = 20_000

/** The code of a proper refusal. @throws Finding for anything else */
export function codeOfRefusal(thrown: unknown): string {
  if (!isSealiftError(thrown)) throw new Finding(`threw no coded error: ${thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)}`)
  if (thrown.code === 'INTERNAL' || !Object.hasOwn(ERROR_CATALOGUE, thrown.code))
    throw new Finding(`refused with ${thrown.code}: ${thrown.stack}\n${causes(thrown)}`)
  if (thrown.message.length > MAX_MESSAGE) throw new Finding(`a message of ${thrown.message.length} characters: ${thrown.message.slice(0, 500)}`)
  const control = /[^\P{Cc}\n\t]|\p{Cf}|\p{Cs}/u.exec(thrown.message)
  if (control !== null)
    throw new Finding(`the message of ${thrown.code} holds the character ${JSON.stringify(control[0])}: ${JSON.stringify(thrown.message.slice(0, 2000))}`)
  return thrown.code
}

function causes(thrown: Error): string {
  return thrown.cause instanceof Error ? `caused by ${thrown.cause.stack}\n${causes(thrown.cause)}` : ''
}

import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { suggestion } from '@sealift/template/did-you-mean.ts'
import type { ChosenValue } from '../choices.ts'
import type { SiteContent } from '../value-merge.ts'

/** Why a value is the vendor's again. */
export const GIVEN_UP = "The site's choice was given up for the vendor's."

/**
 * What is there under a name.
 * @param where after the name in the message, like ` of component app`
 * @param more after the hint
 * @throws SealiftError `NAME_UNKNOWN`
 */
export function knownIn<T>(table: Readonly<Record<string, T>>, name: string, what: string, where = '', more = ''): T {
  const found = Object.hasOwn(table, name) ? table[name] : undefined
  if (found !== undefined) return found
  throw new SealiftError('NAME_UNKNOWN', `there is no ${what} ${JSON.stringify(name)}${where}`, { hint: `${suggestion(name, Object.keys(table))}${more}` })
}

/** What a chosen value holds. */
export function chosenContent(chosen: ChosenValue): SiteContent {
  return typeof chosen === 'string' ? { expression: chosen } : { secretId: chosen.secret }
}

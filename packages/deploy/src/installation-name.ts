import { SealiftError } from '@sealift/oci/sealift-error.ts'

/** The longest name of an installation: host names and volume names at the target are made from it. */
export const MAX_INSTALLATION_NAME = 40

/**
 * Checks the name of an installation: a DNS label that begins with a letter.
 * @throws SealiftError `INSTALLATION_NAME_INVALID`
 */
export function parseInstallationName(text: string): string {
  if (text.length <= MAX_INSTALLATION_NAME && /^[a-z]([a-z0-9-]*[a-z0-9])?$/.test(text)) return text
  throw new SealiftError(
    'INSTALLATION_NAME_INVALID',
    `${JSON.stringify(text)} is no name for an installation: expected lower-case letters, digits and dashes, a letter first, at most ${MAX_INSTALLATION_NAME} characters`,
  )
}

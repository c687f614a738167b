import { SealiftError } from '@sealift/oci/sealift-error.ts'

/**
 * Reads `APP@V` or `APP`.
 * @throws SealiftError `USAGE`
 */
export function parseRelease(text: string): { readonly application: string; readonly version: string } {
  const at = text.indexOf('@')
  const application = at < 0 ? text : text.slice(0, at)
  const version = at < 0 ? 'latest' : text.slice(at + 1)
  if (application === '' || version === '') throw new SealiftError('USAGE', `${JSON.stringify(text)}: expected APP or APP@VERSION, like bookshop@3.0.0`)
  return { application, version }
}

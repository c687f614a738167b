import { RegistryError } from '../registry-error.ts'

/**
 * Reads where a chunk begins and ends (both included) from the `Content-Range` of a request. The OCI
 * specification writes `0-1023`; the form of RFC 9110, `bytes 0-1023/*`, is understood too.
 * @returns undefined where the client leaves it to the server
 * @throws RegistryError `BLOB_UPLOAD_INVALID`
 */
export function parseContentRange(header: string | undefined, contentLength: string | undefined): { readonly start: number } | undefined {
  if (header === undefined) return undefined
  const [, first, last] = /^(?:bytes[ =])?(\d{1,15})-(\d{1,15})(?:\/(?:\d+|\*))?$/.exec(header.trim()) ?? []
  const start = Number(first)
  const length = Number(last) - start + 1
  if (first === undefined || length < 1) throw new RegistryError('BLOB_UPLOAD_INVALID', `Content-Range is ${JSON.stringify(header)}, expected START-END`)
  if (contentLength !== undefined && Number(contentLength) !== length) {
    throw new RegistryError('SIZE_INVALID', `Content-Range ${header} names ${length} bytes, Content-Length ${contentLength}`)
  }
  return { start }
}

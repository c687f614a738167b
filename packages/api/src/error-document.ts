import { ERROR_CATALOGUE, type ErrorCode } from '@sealift/oci/error-catalogue.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { type Static, Type } from 'typebox'

/** An error as the API and `--json` show it. */
export const ErrorDocument = Type.Object({
  code: Type.String({ description: 'A code of docs/errors.md.' }),
  message: Type.String({ description: 'What happened to which thing.' }),
  hint: Type.String({ description: 'The way out.' }),
  details: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
})
export type ErrorDocument = Static<typeof ErrorDocument>

/** The last line of a stream that failed after it had begun. */
export const StreamFailure = Type.Object({ error: ErrorDocument })
export type StreamFailure = Static<typeof StreamFailure>

/** The document of an error. */
export function toErrorDocument(error: SealiftError): ErrorDocument {
  const { code, message, hint, details } = error
  return { code, message, hint, ...(Object.keys(details).length > 0 ? { details } : {}) }
}

/** The error that a document describes; an unknown code, from another version, becomes `INTERNAL`. */
export function fromErrorDocument({ code, message, hint, details }: ErrorDocument): SealiftError {
  const known = Object.hasOwn(ERROR_CATALOGUE, code)
  return new SealiftError(known ? (code as ErrorCode) : 'INTERNAL', known ? message : `${code}: ${message}`, { hint, ...(details ? { details } : {}) })
}

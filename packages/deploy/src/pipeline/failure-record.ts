import { ERROR_CATALOGUE, type ErrorCode } from '@sealift/oci/error-catalogue.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'

/** A failure as a journal keeps it. Never secrets. */
export interface FailureRecord {
  readonly code: ErrorCode
  readonly message: string
  readonly hint: string
  readonly details: Readonly<Record<string, unknown>>
}

/** A failure as it is kept. */
export function failureRecord({ code, message, hint, details }: SealiftError): FailureRecord {
  return { code, message, hint, details }
}

/** The failure that was kept; journals of earlier versions kept only its message. */
export function failureOf(record: FailureRecord | string): SealiftError {
  if (typeof record === 'string') return new SealiftError('CHANGE_FAILED', record)
  const code = record.code in ERROR_CATALOGUE ? record.code : 'CHANGE_FAILED'
  return new SealiftError(code, record.message, { hint: record.hint, details: record.details })
}

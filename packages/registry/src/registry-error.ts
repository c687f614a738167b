/** The codes of the OCI distribution specification that this registry answers with, and their HTTP status. */
const STATUS = {
  NAME_UNKNOWN: 404,
  NAME_INVALID: 400,
  MANIFEST_UNKNOWN: 404,
  BLOB_UNKNOWN: 404,
  DIGEST_INVALID: 400,
  TAG_INVALID: 400,
  PAGINATION_NUMBER_INVALID: 400,
  UNSUPPORTED: 405,
  UNKNOWN: 500,
} as const

type RegistryErrorCode = keyof typeof STATUS

/** A refusal that the client is told in the form of the OCI distribution specification. */
export class RegistryError extends Error {
  override readonly name = 'RegistryError'
  readonly code: RegistryErrorCode
  readonly status: number
  readonly detail: unknown

  constructor(code: RegistryErrorCode, message: string, detail?: unknown, status: number = STATUS[code]) {
    super(message)
    this.code = code
    this.status = status
    this.detail = detail
  }

  /** The body of the answer. */
  toJson(): string {
    return JSON.stringify({ errors: [{ code: this.code, message: this.message, ...(this.detail === undefined ? {} : { detail: this.detail }) }] })
  }
}

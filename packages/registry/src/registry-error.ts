/** The codes of the OCI distribution specification that this registry answers with, and their HTTP status. */
const STATUS = {
  BLOB_UNKNOWN: 404,
  BLOB_UPLOAD_INVALID: 400,
  BLOB_UPLOAD_UNKNOWN: 404,
  DIGEST_INVALID: 400,
  MANIFEST_BLOB_UNKNOWN: 404,
  MANIFEST_INVALID: 400,
  MANIFEST_UNKNOWN: 404,
  NAME_INVALID: 400,
  NAME_UNKNOWN: 404,
  SIZE_INVALID: 400,
  TAG_INVALID: 400,
  PAGINATION_NUMBER_INVALID: 400,
  UNAUTHORIZED: 401,
  DENIED: 403,
  UNSUPPORTED: 405,
  TOOMANYREQUESTS: 429,
  UNKNOWN: 500,
} as const

export type RegistryErrorCode = keyof typeof STATUS

/** What a refusal carries beside its code and message. */
export interface RegistryErrorOptions {
  readonly detail?: unknown
  /** Where another status than the code's usual one says it better. */
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
}

/** A refusal that the client is told in the form of the OCI distribution specification. */
export class RegistryError extends Error {
  override readonly name = 'RegistryError'
  readonly code: RegistryErrorCode
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly #detail: unknown

  constructor(code: RegistryErrorCode, message: string, { detail, status = STATUS[code], headers = {} }: RegistryErrorOptions = {}) {
    super(message)
    this.code = code
    this.status = status
    this.headers = headers
    this.#detail = detail
  }

  /** The body of the answer. */
  toJson(): string {
    return JSON.stringify({ errors: [{ code: this.code, message: this.message, ...(this.#detail === undefined ? {} : { detail: this.#detail }) }] })
  }
}

import { ERROR_CATALOGUE, type ErrorCode } from './error-catalogue.ts'

/** What an error carries beside its code and message. */
export interface ErrorDetails {
  /** The way out for this very case; without it the catalogue's general one is shown. */
  readonly hint?: string
  readonly cause?: unknown
  /** Facts for programs, shown under `details` with `--json`. Never secrets. */
  readonly details?: Readonly<Record<string, unknown>>
}

/**
 * An error that a person can act on: its code is in the catalogue, its message names the thing,
 * what was found and what was expected, and its hint says the way out.
 */
export class SealiftError extends Error {
  override readonly name = 'SealiftError'
  readonly code: ErrorCode
  readonly hint: string
  readonly details: Readonly<Record<string, unknown>>

  constructor(code: ErrorCode, message: string, { hint, cause, details }: ErrorDetails = {}) {
    super(printable(message), cause === undefined ? undefined : { cause })
    this.code = code
    this.hint = printable(hint ?? ERROR_CATALOGUE[code].wayOut)
    this.details = details ?? {}
  }

  /** The process exit code that this error ends a command with. */
  get exitCode(): ExitCode {
    return ERROR_CATALOGUE[this.code].exit
  }
}

/** Messages quote what came from outside, and are shown in terminals: what moves the cursor, hides or turns text round is not. */
function printable(text: string): string {
  return text.replaceAll(/[^\P{Cc}\n\t]|[\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '\ufffd')
}

/** 1 failed, 2 bad usage, 3 refused, 4 not found. */
export type ExitCode = 1 | 2 | 3 | 4

/** Whether a value is a {@link SealiftError}, if wanted of one code. */
export function isSealiftError(value: unknown, code?: ErrorCode): value is SealiftError {
  return value instanceof SealiftError && (code === undefined || value.code === code)
}

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}

/** Turns the operating system's and unknown errors into coded ones; coded ones pass unchanged. `doing` names what was tried. */
export function toSealiftError(thrown: unknown, doing: string): SealiftError {
  if (thrown instanceof SealiftError) return thrown
  const errno = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
  const message = `${doing}: ${messageOf(thrown)}`
  if (errno === 'ENOSPC' || errno === 'EDQUOT') return new SealiftError('DISK_FULL', message, { cause: thrown })
  if (errno === 'ENOENT') return new SealiftError('FILE_NOT_FOUND', message, { cause: thrown })
  if (errno === 'EISDIR' || errno === 'ENOTDIR' || errno === 'EEXIST' || errno === 'ELOOP' || errno === 'ENAMETOOLONG') {
    return new SealiftError('FILE_WRONG_KIND', message, { cause: thrown })
  }
  if (errno === 'EACCES' || errno === 'EPERM' || errno === 'EROFS') return new SealiftError('FILE_DENIED', message, { cause: thrown })
  if (errno === 'EIO') return new SealiftError('DISK_FAULT', message, { cause: thrown })
  return new SealiftError('INTERNAL', message, { cause: thrown })
}

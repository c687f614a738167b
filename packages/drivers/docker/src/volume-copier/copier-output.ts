import type { VolumeTally } from '@sealift/deploy/volume-copy.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'

/** What the volume copier tells of a volume. */
export interface CopierTally extends VolumeTally {
  readonly free: number
  readonly clones: boolean
}

/** A line that the volume copier printed: how far it is, or what it found. */
export type CopierLine = { readonly done: number } | CopierTally

/** Reads a line of the volume copier's output. @throws SealiftError `ENGINE_FAILED` where it is none */
export function parseCopierLine(line: string): CopierLine {
  let parsed: unknown
  try {
    parsed = JSON.parse(line)
  } catch {
    parsed = undefined
  }
  if (isDone(parsed) || isTally(parsed)) return parsed
  throw new SealiftError('ENGINE_FAILED', `the volume copier printed ${JSON.stringify(line.slice(0, 200))}`)
}

function isDone(value: unknown): value is { readonly done: number } {
  return typeof value === 'object' && value !== null && 'done' in value && typeof value.done === 'number'
}

const NUMBERS = ['files', 'bytes', 'stored', 'free'] as const satisfies readonly (keyof CopierTally)[]

function isTally(value: unknown): value is CopierTally {
  if (typeof value !== 'object' || value === null) return false
  const fields = value as Readonly<Record<string, unknown>>
  return (
    NUMBERS.every((name) => typeof fields[name] === 'number') &&
    typeof fields.clones === 'boolean' &&
    typeof fields.tree === 'string' &&
    (fields.content === null || typeof fields.content === 'string')
  )
}

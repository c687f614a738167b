import type { Digest } from '@sealift/oci/digest.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'

/** A place in a bundle's file where something is not as the index says. */
export interface Fault {
  readonly kind: 'damaged' | 'truncated'
  /** The tar member, or what else is there (`end`). */
  readonly member: string
  /** The blob that suffers, where it is one. */
  readonly blob?: Digest
  /** The number of the block inside its member, where it is one. */
  readonly block?: number
  /** The first byte of the file concerned. */
  readonly start: number
  /** The byte after the last one concerned. */
  readonly end: number
  readonly reason: string
}

/** Faults that a message shows; all of them are in the details. */
const SHOWN = 10

/**
 * One error for all the faults that were found in a bundle: `BUNDLE_TRUNCATED` where the file ends
 * too early, otherwise `BUNDLE_DAMAGED`. `details.faults` lists every one.
 */
export function faultsError(path: string, faults: readonly Fault[]): SealiftError {
  const code = faults.some(({ kind }) => kind === 'truncated') ? 'BUNDLE_TRUNCATED' : 'BUNDLE_DAMAGED'
  const lines = faults.slice(0, SHOWN).map(formatFault)
  if (faults.length > SHOWN) lines.push(`and ${faults.length - SHOWN} more`)
  return new SealiftError(code, `${path}: ${lines.join('; ')}`, { details: { faults } })
}

function formatFault({ member, block, start, end, reason }: Fault): string {
  return `${member}${block === undefined ? '' : ` block ${block}`}, bytes ${start} to ${end - 1}: ${reason}`
}

import { SealiftError } from '@sealift/oci/sealift-error.ts'

const PATTERN = /^(?=[0-9])(?:([0-9]+)d)?(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)s)?(?:([0-9]+)ms)?$/
const SECONDS = [86_400, 3600, 60, 1, 0.001] as const

/**
 * Reads `500ms`, `10s`, `1m30s`, `2h` or `7d`.
 * @returns seconds
 * @throws SealiftError `QUANTITY_INVALID`; `what` names the thing in its message
 */
export function parseDuration(text: string, what = 'duration'): number {
  const parts = text.length > 32 ? null : PATTERN.exec(text)
  if (parts === null) {
    throw new SealiftError('QUANTITY_INVALID', `${what}: expected a duration such as 500ms, 10s, 1m30s, 2h or 7d, found ${JSON.stringify(text)}`, {
      hint: 'Write durations like 500ms, 30s, 1m30s or 2h.',
    })
  }
  const seconds = SECONDS.reduce((sum, unit, position) => sum + Number(parts[position + 1] ?? 0) * unit, 0)
  // A hundred years: timers and dates still work with it.
  if (seconds > 3_153_600_000) throw new SealiftError('QUANTITY_INVALID', `${what}: ${JSON.stringify(text)} is more than a hundred years`)
  return seconds
}

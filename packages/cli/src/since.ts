import { SealiftError } from '@sealift/oci/sealift-error.ts'

const SPAN = /^(\d{1,9})([smhd])$/
const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 }

/**
 * Reads `10m`, `2h` or a time, and gives the time in ISO 8601.
 * @throws SealiftError `USAGE`
 */
export function parseSince(text: string): string {
  const [, amount, unit] = SPAN.exec(text) ?? []
  const time = amount !== undefined && unit !== undefined ? Date.now() - Number(amount) * (SECONDS[unit] ?? 1) * 1000 : Date.parse(text)
  if (Number.isNaN(time)) throw new SealiftError('USAGE', `--since ${text}: expected something like 10m, 2h or 2026-01-31T10:00:00Z`)
  return new Date(time).toISOString()
}

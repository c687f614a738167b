import { SealiftError } from '@sealift/oci/sealift-error.ts'

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40 }

/**
 * Reads bytes like `512Mi`, `10Gi` or `1000000`.
 * @throws SealiftError `QUANTITY_INVALID`
 */
export function parseBytes(text: string, where: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)([kMGT]|[KMGT]i)?$/.exec(text) ?? []
  const bytes = Math.round(Number(number) * (UNITS[unit ?? ''] ?? Number.NaN))
  if (Number.isSafeInteger(bytes)) return bytes
  throw new SealiftError('QUANTITY_INVALID', `${where} is ${JSON.stringify(text)}, expected bytes like 512Mi or 10Gi`)
}

/**
 * Reads processor cores like `2`, `0.5` or `500m`.
 * @throws SealiftError `QUANTITY_INVALID`
 */
export function parseCores(text: string, where: string): number {
  const [, number, milli] = /^(\d+(?:\.\d+)?)(m)?$/.exec(text) ?? []
  const cores = Number(number) / (milli === undefined ? 1 : 1000)
  if (cores > 0 && cores <= 1e6) return cores
  throw new SealiftError('QUANTITY_INVALID', `${where} is ${JSON.stringify(text)}, expected cores like 2 or 500m`)
}

import { SealiftError } from '@sealift/oci/sealift-error.ts'

const PATTERN = /^([0-9]+(?:\.[0-9]+)?)([kMGTP]|[KMGTP]i)?$/
const UNITS: Readonly<Record<string, number>> = {
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
}

/**
 * Reads a size: `512Mi` and `10Gi` count in powers of 1024, `500M` and `1G` in powers of 1000, a bare number is bytes.
 * @returns whole bytes
 * @throws SealiftError `QUANTITY_INVALID`; `what` names the thing in its message
 */
export function parseByteSize(text: string, what = 'size'): number {
  const parts = text.length > 32 ? null : PATTERN.exec(text)
  const bytes = parts === null ? Number.NaN : Math.round(Number(parts[1]) * (parts[2] === undefined ? 1 : (UNITS[parts[2]] ?? Number.NaN)))
  if (Number.isSafeInteger(bytes)) return bytes
  throw new SealiftError('QUANTITY_INVALID', `${what}: expected a size such as 512Mi, 10Gi, 500M or 1G, found ${JSON.stringify(text)}`)
}

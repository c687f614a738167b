import { SealiftError } from '@sealift/oci/sealift-error.ts'

const PATTERN = /^([0-9]+(?:\.[0-9]+)?|[0-9]+m)$/

/**
 * Reads `1`, `0.5` or `500m` (thousandths).
 * @returns cores
 * @throws SealiftError `QUANTITY_INVALID`; `what` names the thing in its message
 */
export function parseCpu(text: string, what = 'cpu'): number {
  if (text.length > 16 || !PATTERN.test(text)) {
    throw new SealiftError('QUANTITY_INVALID', `${what}: expected cores such as "1", "0.5" or "500m", found ${JSON.stringify(text)}`)
  }
  return text.endsWith('m') ? Number(text.slice(0, -1)) / 1000 : Number(text)
}

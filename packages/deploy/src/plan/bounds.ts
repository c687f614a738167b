import { parseByteSize } from '@sealift/template/byte-size.ts'
import { parseCpu } from '@sealift/template/cpu.ts'
import type { ScalingBounds } from '../state.ts'

/** The allowed number of replicas that is nearest to `replicas`, never more than asked for but for the least. */
export function withinBounds(replicas: number, { min, max, step }: ScalingBounds): number {
  if (replicas <= min) return min
  const capped = Math.min(replicas, max)
  return min + Math.floor((capped - min) / step) * step
}

/** `1 to 4, in steps of 2`. */
export function describeBounds({ min, max, step }: ScalingBounds): string {
  return `${min} to ${max}${step === 1 ? '' : `, in steps of ${step}`}`
}

/** The least and the most of an amount that a release allows, and how to compare with them. */
export interface AmountBounds {
  readonly least?: string
  readonly most?: string
  /** @throws SealiftError `QUANTITY_INVALID` */
  readonly parse: (text: string, where: string) => number
}

/** The bounds of cores or of memory. */
export function amountBounds(kind: 'cpu' | 'memory', { minCpu, maxCpu, minMemory, maxMemory }: ScalingBounds): AmountBounds {
  const [least, most, parse] = kind === 'cpu' ? [minCpu, maxCpu, parseCpu] : [minMemory, maxMemory, parseByteSize]
  return { ...(least === undefined ? {} : { least }), ...(most === undefined ? {} : { most }), parse }
}

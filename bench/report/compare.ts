import { spreadOf } from '../measure/spread.ts'
import type { Figure, Outcome } from './section.ts'

export type Times = ReadonlyMap<string, readonly number[]>

/** The seconds of subjects as figures. */
export function secondsOf(times: Times): Figure[] {
  return [...times].map(([what, seconds]) => ({ what, unit: 's', value: spreadOf(seconds) }))
}

/** The plain bytes per second of a subject that carried so many bytes. */
export function rateOf(times: Times, what: string, bytes: number): Figure {
  return { what: `${what}, plain bytes`, unit: 'MB/s', value: spreadOf((times.get(what) ?? []).map((seconds) => bytes / seconds / 1e6)) }
}

/** How many times as fast one subject is as another, round by round; of so many bytes each where they carry different amounts. */
export function speedAgainst(times: Times, ours: string, theirs: string, aim: number, bytes: readonly [number, number] = [1, 1]): Outcome {
  const other = times.get(theirs) ?? []
  const value = spreadOf((times.get(ours) ?? []).map((seconds, round) => (bytes[0] / seconds) * ((other[round] ?? Number.NaN) / bytes[1])))
  return {
    what: `${ours}: as fast as ${theirs}`,
    unit: '×',
    value,
    aim: aim === 1 ? 'more than 1' : `${aim} or more`,
    met: aim === 1 ? value.median > 1 : value.median >= aim,
  }
}

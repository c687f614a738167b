import type { Spread } from '../measure/spread.ts'

/** One line of a table of figures. */
export interface Figure {
  readonly what: string
  readonly unit: 's' | 'MB/s' | 'MB' | 'ms'
  readonly value: Spread
}

/** A figure that has an aim: a ratio within the run, or an amount. */
export interface Outcome {
  readonly what: string
  readonly unit: '×' | 'MB' | 's'
  readonly value: Spread
  /** In words. */
  readonly aim: string
  /** By the median. */
  readonly met: boolean
}

/** What one part of the bench found. */
export interface Section {
  readonly title: string
  /** What was done, on both sides. */
  readonly notes: readonly string[]
  readonly figures: readonly Figure[]
  readonly outcomes: readonly Outcome[]
}

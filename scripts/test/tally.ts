/** One test, or one check, by name, with what there is to say about it. */
export interface Note {
  readonly name: string
  readonly reason: string
}

/** What came of some tests. */
export interface Tally {
  readonly passed: number
  readonly failed: readonly Note[]
  readonly skipped: readonly Note[]
}

/** All of several tallies. */
export function sumTallies(tallies: readonly Tally[]): Tally {
  return {
    passed: tallies.reduce((sum, { passed }) => sum + passed, 0),
    failed: tallies.flatMap(({ failed }) => failed),
    skipped: tallies.flatMap(({ skipped }) => skipped),
  }
}

/** Whether nothing failed. Where no test ran at all, that proves nothing. */
export function isGood({ passed, failed }: Tally): boolean {
  return failed.length === 0 && passed > 0
}

/** A tally for people: what was skipped and what failed, one a line, and the counts in the last line. */
export function formatTally({ passed, failed, skipped }: Tally): string {
  const list = (title: string, notes: readonly Note[]): string[] =>
    notes.length === 0 ? [] : [title, ...notes.map(({ name, reason }) => `  ${name}: ${reason}`), '']
  return [...list('Skipped:', skipped), ...list('Failed:', failed), `${passed} passed, ${failed.length} failed, ${skipped.length} skipped`].join('\n')
}

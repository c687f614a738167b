import { must } from '../../testbed/src/command.ts'

/** Something to be timed. */
export interface Subject {
  readonly name: string
  /** Not timed. */
  readonly before?: () => Promise<void>
  readonly run: () => Promise<void>
  /** Not timed; clears away what the run made. */
  readonly after?: () => Promise<void>
}

export interface Rounds {
  readonly repetitions: number
  /** Rounds beforehand that do not count: they fill page caches, and compile what is compiled on the way. Default 1. */
  readonly warmUp?: number
}

/**
 * Times subjects in turn, A B A B, so that whatever else changes on the machine meets all of them alike. Nothing is left to be
 * written to the disk when a run begins.
 * @returns seconds, for each subject in the order of the rounds
 */
export async function interleave(subjects: readonly Subject[], { repetitions, warmUp = 1 }: Rounds): Promise<ReadonlyMap<string, readonly number[]>> {
  const times = new Map<string, number[]>(subjects.map(({ name }) => [name, []]))
  for (let round = -warmUp; round < repetitions; round++) {
    for (const { name, before, run, after } of subjects) {
      await before?.()
      await must(['sync'])
      const start = performance.now()
      await run()
      const seconds = (performance.now() - start) / 1000
      if (round >= 0) times.get(name)?.push(seconds)
      await after?.()
    }
  }
  return times
}

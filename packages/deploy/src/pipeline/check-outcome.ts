/** How an acceptance check ended. */
export interface CheckOutcome {
  readonly check: string
  /** What it proves, for people. */
  readonly title: string
  readonly exitCode: number
  readonly timedOut: boolean
  /** The last that it printed, without secrets. */
  readonly output: string
  /** ISO 8601, UTC. */
  readonly startedAt: string
  readonly finishedAt: string
}

/** Whether a check proved what it is to prove. */
export function hasPassed({ exitCode, timedOut }: CheckOutcome): boolean {
  return exitCode === 0 && !timedOut
}

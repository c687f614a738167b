import type { Plan } from '../plan/plan.ts'
import type { Revision } from '../revision.ts'
import type { CheckOutcome } from './check-outcome.ts'
import type { FailureRecord } from './failure-record.ts'

/** How far a step has come. A step that was begun and not ended when the program died is done again. */
export type StepProgress = 'begun' | 'done' | 'failed'

/** What is known of an execution. */
export interface RunRecord {
  readonly id: string
  readonly plan: Plan
  readonly revision: Revision
  /** By the step's id. */
  readonly steps: Readonly<Record<string, StepProgress>>
  /** How its checks ended, by the step's id. */
  readonly checks: Readonly<Record<string, CheckOutcome>>
  /** Present once it failed and is going back. */
  readonly way?: ReturnRecord
  readonly ended: boolean
}

/** The way back of an execution that failed. */
export interface ReturnRecord {
  /** A text alone in journals of earlier versions. */
  readonly reason: FailureRecord | string
  readonly plan: Plan
  readonly revision: Revision
  readonly steps: Readonly<Record<string, StepProgress>>
}

/** What happened to a step. */
export interface StepEntry {
  readonly step: string
  readonly progress: StepProgress
  /** Whether the step belongs to the way back. */
  readonly way: boolean
  /** Of a step that ran a check. */
  readonly check?: CheckOutcome
}

/**
 * Keeps plans, the intent and outcome of each of their steps, and revisions, durably: what a method
 * resolved for is there after a crash at any later point. Of one installation only one run is open.
 */
export interface Journal {
  /** Begins a run with its revision pending, in one piece. Beginning it again changes nothing. */
  begin(id: string, plan: Plan, revision: Revision): Promise<void>
  step(id: string, entry: StepEntry): Promise<void>
  /** Turns a run around: its revision has failed, and another one leads back. In one piece. */
  turn(id: string, failed: Revision, reason: FailureRecord, plan: Plan, revision: Revision): Promise<void>
  /** Ends a run with the revisions as they came out, in one piece. */
  end(id: string, revisions: readonly Revision[]): Promise<void>
  read(id: string): Promise<RunRecord | undefined>
  /** Runs that a killed program left open. */
  open(): Promise<readonly RunRecord[]>
  /** All revisions of an installation, oldest first. */
  history(installation: string): Promise<readonly Revision[]>
}

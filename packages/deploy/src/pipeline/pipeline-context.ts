import type { Digest } from '@sealift/oci/digest.ts'
import type { SealiftError } from '@sealift/oci/sealift-error.ts'
import type { Driver, ImageArchive } from '../driver.ts'
import type { Plan } from '../plan/plan.ts'
import type { Revision } from '../revision.ts'
import type { SecretVault } from '../secret-vault.ts'
import type { SnapshotCatalog } from '../snapshot.ts'
import type { CheckOutcome } from './check-outcome.ts'
import type { Clock } from './clock.ts'
import type { Journal } from './journal.ts'

/** The stages of a change, in order; `return` only after a failure. */
export const STAGES = ['preflight', 'images', 'data', 'hooks', 'apply', 'checks', 'return', 'record'] as const
export type Stage = (typeof STAGES)[number]

/** What an execution tells while it runs. Never a secret. */
export interface PipelineEvent {
  readonly stage: Stage
  readonly component?: string
  readonly message: string
  /** So much of {@link total} is done. */
  readonly done?: number
  readonly total?: number
  readonly unit?: 'bytes' | 'steps'
  /** What is being waited for: news of the moment, nothing to keep. */
  readonly waiting?: true
}

/** What an execution works with. */
export interface PipelineContext {
  readonly driver: Driver
  readonly vault: SecretVault
  readonly archive: ImageArchive
  readonly journal: Journal
  readonly snapshots: SnapshotCatalog
  /** Called with the outcome of an installation or an upgrade before that is recorded; after a crash once more. */
  readonly attest?: (attestation: Attestation) => Promise<void>
  /** The content of a file, from the content store. */
  readonly content: (digest: Digest) => Promise<Buffer>
  readonly clock: Clock
  readonly report: (event: PipelineEvent) => void
  /** Aborted to give the change up: it then fails, and goes back as after every failure. */
  readonly cancel?: AbortSignal
  /** Aborted to put the change down as it is, when the program ends: {@link ./execute.ts | resume} goes on with it. */
  readonly suspend?: AbortSignal
}

/** What is attested of a change before its end is recorded. */
export interface Attestation {
  readonly plan: Plan
  /** As it came out. */
  readonly revision: Revision
  readonly checks: readonly CheckOutcome[]
}

/** How an execution ended. */
export interface ExecutionResult {
  /** `returned`: it failed, and the installation is at the revision before again. */
  readonly outcome: 'done' | 'failed' | 'returned' | 'suspended'
  readonly revision: Revision
  /** The revision that led back. */
  readonly returned?: Revision
  readonly reason?: SealiftError
  readonly checks: readonly CheckOutcome[]
}

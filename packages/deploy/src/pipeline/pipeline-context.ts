import type { Digest } from '@sealift/oci/digest.ts'
import type { SealiftError } from '@sealift/oci/sealift-error.ts'
import type { Driver, ImageArchive } from '../driver.ts'
import type { Revision } from '../revision.ts'
import type { SecretVault } from '../secret-vault.ts'
import type { Clock } from './clock.ts'
import type { Journal } from './journal.ts'

/** The stages of a change, in order; `return` only after a failure. */
export const STAGES = ['preflight', 'images', 'apply', 'checks', 'return', 'record'] as const
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
  /** The content of a file, from the content store. */
  readonly content: (digest: Digest) => Promise<Buffer>
  readonly clock: Clock
  readonly report: (event: PipelineEvent) => void
  /** Aborted to give the change up: it then fails, and goes back as after every failure. */
  readonly cancel?: AbortSignal
  /** Aborted to put the change down as it is, when the program ends: {@link ./execute.ts | resume} goes on with it. */
  readonly suspend?: AbortSignal
}

/** How an acceptance check ended. */
export interface CheckOutcome {
  readonly check: string
  readonly exitCode: number
  readonly output: string
  /** ISO 8601, UTC. */
  readonly startedAt: string
  readonly finishedAt: string
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

import type { WantedState } from './state.ts'

/** What a revision came from. */
export type RevisionKind = 'install' | 'configure' | 'upgrade' | 'rollback' | 'return' | 'uninstall'

/** One recorded state of an installation, complete enough to go back to. */
export interface Revision {
  readonly installation: string
  /** Counts up from 1 within an installation; a number is used once, failed attempts too. */
  readonly number: number
  readonly kind: RevisionKind
  /** ISO 8601, UTC. */
  readonly createdAt: string
  /** The revision that was current before. */
  readonly from: number | null
  /** For `rollback` and `return`: the older revision whose state this is. */
  readonly to?: number
  readonly state: WantedState
  readonly planDigest: string
  readonly outcome: 'pending' | 'done' | 'failed'
  /** Why it failed or was returned from. */
  readonly reason?: string
  readonly finishedAt?: string
}

/** The revision that an installation is at: the newest that was reached. Undefined before the first and after an uninstall. */
export function currentRevision(history: readonly Revision[]): Revision | undefined {
  const newest = history.filter(({ outcome }) => outcome === 'done').toSorted((a, b) => b.number - a.number)[0]
  return newest?.kind === 'uninstall' ? undefined : newest
}

/**
 * The revision that a rollback without a number goes to: the one that the current came from. A
 * rollback stands for the revision that it went to, so going back twice goes back two steps.
 */
export function previousRevision(history: readonly Revision[]): Revision | undefined {
  const byNumber = new Map(history.map((revision) => [revision.number, revision]))
  let revision = currentRevision(history)
  while (revision?.to !== undefined) revision = byNumber.get(revision.to)
  return revision?.from == null ? undefined : byNumber.get(revision.from)
}

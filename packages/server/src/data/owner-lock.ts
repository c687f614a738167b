import { DatabaseSync } from 'node:sqlite'
import { withCodes } from '../database/node-sqlite.ts'

/** Ownership of a data folder, held until released or the process ends, however it ends. */
export interface OwnerLock {
  release(): void
}

/**
 * Takes the ownership that a file stands for, or returns undefined where another process has it.
 *
 * Node has no flock; an exclusive transaction on a small SQLite file is one in effect, and the
 * operating system frees it when the process is killed. Nothing is ever written, so that a full disk
 * hinders nobody from looking.
 * @throws SealiftError `DISK_FULL`, `FILE_DENIED`, `DATABASE_DAMAGED`
 */
export function takeOwnership(file: string): OwnerLock | undefined {
  const database = withCodes(() => new DatabaseSync(file, { timeout: 0 }))
  try {
    withCodes(() => database.exec('PRAGMA journal_mode = MEMORY; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE'))
  } catch (thrown) {
    database.close()
    if (thrown instanceof Error && /locked|busy/i.test(thrown.message)) return undefined
    throw thrown
  }
  return { release: () => database.close() }
}

import { DatabaseSync } from 'node:sqlite'

/** Ownership of a data folder, held until released or the process ends, however it ends. */
export interface OwnerLock {
  release(): void
}

/**
 * Takes the ownership that a file stands for, or returns undefined where another process has it.
 *
 * Node has no flock; an exclusive transaction on a small SQLite file is one in effect, and the
 * operating system frees it when the process is killed.
 */
export function takeOwnership(file: string): OwnerLock | undefined {
  const database = new DatabaseSync(file, { timeout: 0 })
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
  } catch (thrown) {
    database.close()
    if (thrown instanceof Error && /locked|busy/i.test(thrown.message)) return undefined
    throw thrown
  }
  return { release: () => database.close() }
}

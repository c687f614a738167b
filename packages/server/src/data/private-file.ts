import { open } from 'node:fs/promises'

/**
 * Makes an empty file that only this user may read, unless it is there. What SQLite puts beside a
 * database gets the database's mode.
 * @returns whether it was made
 */
export async function makePrivateFile(path: string): Promise<boolean> {
  try {
    await (await open(path, 'wx', 0o600)).close()
    return true
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw thrown
  }
}

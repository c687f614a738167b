import { mkdir, open, rename } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'

/** What file systems answer that can't sync a folder, such as network shares: there is nothing more to be done on them. */
const CANT_SYNC: readonly (string | undefined)[] = ['EINVAL', 'ENOTSUP', 'ENOSYS']

/** Makes renames and removals inside a folder durable, as far as its file system can. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } catch (thrown) {
    if (!CANT_SYNC.includes((thrown as NodeJS.ErrnoException).code)) throw thrown
  } finally {
    await handle.close()
  }
}

/** Makes a folder and the ones above it that are missing, durably. */
export async function makeFolder(folder: string, mode = 0o700): Promise<void> {
  const whole = resolve(folder)
  const first = await mkdir(whole, { recursive: true, mode })
  if (first === undefined) return
  for (let at = whole; at.length >= first.length; at = dirname(at)) await syncFolder(dirname(at))
}

/** Moves a synced file to its final name, durably. */
export async function renameDurably(from: string, to: string): Promise<void> {
  await rename(from, to)
  await syncFolder(dirname(to))
}

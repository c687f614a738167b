import { open, rm, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'

const NAME = 'reserve'
const SIZE = 1024 * 1024
/** Where less is free, room is needed for other things. */
const AMPLE = 16 * SIZE

/**
 * Sets a little room aside in a data folder: on a disk that is full to the last byte the database could not
 * even note that a collection begins, which would make room. Where that is not possible now, a later call does it.
 */
export async function makeReserve(folder: string): Promise<void> {
  const path = join(folder, NAME)
  try {
    if ((await stat(path).catch(() => undefined))?.size === SIZE) return
    const { bavail, bsize } = await statfs(folder)
    if (bavail * bsize < AMPLE) return
    const file = await open(path, 'w', 0o600)
    try {
      await file.writeFile(Buffer.alloc(SIZE, 'room for the database '))
      await file.sync()
    } finally {
      await file.close()
    }
  } catch {
    await rm(path, { force: true }).catch(() => {})
  }
}

/** Gives the room back. @returns whether there was any */
export async function giveReserve(folder: string): Promise<boolean> {
  const path = join(folder, NAME)
  if ((await stat(path).catch(() => undefined)) === undefined) return false
  await rm(path, { force: true })
  return true
}

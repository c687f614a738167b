import { stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { ContentStore } from '@sealift/content/content-store.ts'
import { makeFolder } from '@sealift/content/filesystem/durable.ts'
import { openFilesystemStore } from '@sealift/content/filesystem/filesystem-store.ts'
import { toSealiftError } from '@sealift/oci/sealift-error.ts'
import { type Database, openDatabase } from '../database/open-database.ts'
import { type MasterKey, masterKeyPath, openMasterKey } from './master-key.ts'
import { type OwnerLock, takeOwnership } from './owner-lock.ts'

/** Everything that one side keeps, open and owned by this process. */
export interface DataFolder {
  readonly path: string
  readonly store: ContentStore
  readonly db: Database
  readonly masterKey: MasterKey
  close(): Promise<void>
}

/**
 * Opens a data folder, making it where it is missing. Returns undefined where another process owns it.
 * @throws SealiftError `FILE_DENIED`, `DISK_FULL`, `SECRET_KEY_MISSING`, `DATABASE_NEWER`
 */
export async function openDataFolder(folder: string): Promise<DataFolder | undefined> {
  const path = resolve(folder)
  let lock: OwnerLock | undefined
  try {
    await makeFolder(path)
    lock = takeOwnership(path)
    if (lock === undefined) return undefined
    const owned = lock
    const databasePath = join(path, 'sealift.db')
    const isNew = await stat(databasePath).then(
      () => false,
      () => true,
    )
    const masterKey = await openMasterKey(masterKeyPath(path), isNew)
    const store = await openFilesystemStore(join(path, 'content'))
    const db = await openDatabase(databasePath)
    return {
      path,
      store,
      db,
      masterKey,
      async close() {
        await db.destroy()
        owned.release()
      },
    }
  } catch (thrown) {
    lock?.release()
    throw toSealiftError(thrown, `opening the data folder ${path}`)
  }
}

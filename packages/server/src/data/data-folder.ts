import { readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { makeFolder } from '@sealift/content/filesystem/durable.ts'
import { type FilesystemStore, openFilesystemStore } from '@sealift/content/filesystem/filesystem-store.ts'
import { isSealiftError, SealiftError, toSealiftError } from '@sealift/oci/sealift-error.ts'
import { type Database, openDatabase } from '../database/open-database.ts'
import { checkMasterKey } from './check-master-key.ts'
import { type MasterKey, masterKeyPath, openMasterKey } from './master-key.ts'
import { takeOwnership } from './owner-lock.ts'
import { makePrivateFile } from './private-file.ts'
import { giveReserve, makeReserve } from './reserve.ts'

export const DATABASE = 'sealift.db'
export const LOCK = 'owner.lock'
export const CONTENT = 'content'
/** Marks a folder that a backup is being restored to. */
export const RESTORING = 'restoring'

/** Everything that one side keeps, open and owned by this process. */
export interface DataFolder {
  readonly path: string
  readonly store: FilesystemStore
  readonly db: Database
  /** The file of the database. */
  readonly database: string
  readonly masterKey: MasterKey
  close(): Promise<void>
}

/**
 * Opens a data folder, making it (for this user alone) where it is missing. Returns undefined where
 * another process owns it.
 * @throws SealiftError `FILE_DENIED`, `FILE_WRONG_KIND`, `DISK_FULL`, `SECRET_KEY_MISSING`, `DATABASE_NEWER`, `DATABASE_DAMAGED`,
 *   `DATA_UNFINISHED`
 */
export async function openDataFolder(folder: string): Promise<DataFolder | undefined> {
  const path = resolve(folder)
  await using opened = new AsyncDisposableStack()
  try {
    await makeFolder(path)
    await makePrivateFile(join(path, LOCK))
    const lock = takeOwnership(join(path, LOCK))
    if (lock === undefined) return undefined
    opened.defer(() => lock.release())
    const names = await readdir(path)
    if (names.includes(RESTORING)) throw new SealiftError('DATA_UNFINISHED', `a backup was being restored to ${path}, and that did not come to its end`)
    const isNew = !names.includes(DATABASE)
    const masterKey = await openMasterKey(masterKeyPath(path), isNew)
    const store = await openFilesystemStore(join(path, CONTENT))
    await makePrivateFile(join(path, DATABASE))
    const database = join(path, DATABASE)
    const db = await openDatabase(database).catch(async (thrown: unknown) => {
      // A full disk hinders nobody from looking, nor from making room.
      if (!isSealiftError(thrown, 'DISK_FULL') || !(await giveReserve(path))) throw thrown
      return openDatabase(database)
    })
    opened.defer(() => db.destroy())
    await checkMasterKey(db, masterKey, masterKeyPath(path))
    await makeReserve(path)
    const owned = opened.move()
    return { path, store, db, database, masterKey, close: () => owned.disposeAsync() }
  } catch (thrown) {
    throw toSealiftError(thrown, `opening the data folder ${path}`)
  }
}

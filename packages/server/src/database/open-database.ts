import { DatabaseSync } from 'node:sqlite'
import { SealiftError, toSealiftError } from '@sealift/oci/sealift-error.ts'
import { Kysely, SqliteAdapter, SqliteDialect } from 'kysely'
import { Migrator } from 'kysely/migration'
import { MIGRATIONS } from './migrations.ts'
import { asKyselyDatabase, withCodes } from './node-sqlite.ts'
import type { Tables } from './tables.ts'

/** The database of a data folder. */
export type Database = Kysely<Tables>

/**
 * SQLite changes a schema within a transaction as it does rows; Kysely does not count on it. Without it a
 * program that is killed in a migration leaves half of its tables, and the next one can't begin again.
 */
class TransactionalDialect extends SqliteDialect {
  override createAdapter(): SqliteAdapter {
    return new (class extends SqliteAdapter {
      override get supportsTransactionalDdl(): boolean {
        return true
      }
    })()
  }
}

/**
 * Opens the database file and brings it to this program's schema. A commit that returned survives a
 * power cut (write-ahead log, synchronous FULL).
 * @throws SealiftError `DATABASE_NEWER` where a later version of Sealift wrote it, `DATABASE_DAMAGED`, `DISK_FULL`, `FILE_DENIED`
 */
export async function openDatabase(path: string): Promise<Database> {
  let file: DatabaseSync | undefined
  try {
    const opened = withCodes(() => new DatabaseSync(path))
    file = opened
    withCodes(() => opened.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON'))
    const db = new Kysely<Tables>({ dialect: new TransactionalDialect({ database: asKyselyDatabase(opened) }) })
    const migrator = new Migrator({ db, provider: { getMigrations: async () => ({ ...MIGRATIONS }) } })
    const { error } = await migrator.migrateToLatest()
    if (error !== undefined) {
      const newer = error instanceof Error && /corrupted migrations/.test(error.message)
      if (newer) throw new SealiftError('DATABASE_NEWER', `${path} was written by another version of Sealift: ${error.message}`, { cause: error })
      throw toSealiftError(error, `bringing ${path} up to date`)
    }
    return db
  } catch (thrown) {
    if (file?.isOpen) file.close()
    throw toSealiftError(thrown, `opening the database ${path}`)
  }
}

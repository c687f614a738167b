import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import type { ErrorCode } from '@sealift/oci/error-catalogue.ts'
import { messageOf, SealiftError } from '@sealift/oci/sealift-error.ts'
import type { SqliteDatabase } from 'kysely'

/** SQLITE_IOERR_SHMSIZE: there is no room for the file beside the database that its readers share. */
const NO_ROOM_TO_SHARE = 4874

/** What SQLite's primary result codes mean for whoever runs Sealift. */
const CODES: Readonly<Record<number, ErrorCode>> = {
  3: 'FILE_DENIED', // SQLITE_PERM
  8: 'FILE_DENIED', // SQLITE_READONLY
  10: 'DISK_FAULT', // SQLITE_IOERR
  11: 'DATABASE_DAMAGED', // SQLITE_CORRUPT
  13: 'DISK_FULL', // SQLITE_FULL
  14: 'FILE_DENIED', // SQLITE_CANTOPEN
  26: 'DATABASE_DAMAGED', // SQLITE_NOTADB
}

/** Gives Node's own SQLite the shape that Kysely's SQLite dialect drives. What SQLite reports of disk and file becomes a coded error. */
export function asKyselyDatabase(database: DatabaseSync): SqliteDatabase {
  return {
    close: () => database.close(),
    prepare: (sql) =>
      withCodes(() => {
        const statement = database.prepare(sql)
        return {
          reader: statement.columns().length > 0,
          all: (parameters) => withCodes(() => statement.all(...(parameters as SQLInputValue[]))),
          run: (parameters) => {
            // A disk that is full or faulty makes SQLite end the transaction by itself; that there is none to roll back would hide why.
            if (/^rollback$/i.test(sql) && !database.isTransaction) return { changes: 0, lastInsertRowid: 0 }
            return withCodes(() => statement.run(...(parameters as SQLInputValue[])))
          },
          iterate: (parameters) => statement.iterate(...(parameters as SQLInputValue[])),
        }
      }),
  }
}

/** Runs work on SQLite and turns its result codes into those of Sealift. */
export function withCodes<T>(work: () => T): T {
  try {
    return work()
  } catch (thrown) {
    const result = thrown instanceof Error && 'errcode' in thrown ? Number(thrown.errcode) : 0
    const code = result === NO_ROOM_TO_SHARE ? 'DISK_FULL' : CODES[result & 0xff]
    if (code === undefined) throw thrown
    throw new SealiftError(code, `the database: ${messageOf(thrown)}`, { cause: thrown })
  }
}

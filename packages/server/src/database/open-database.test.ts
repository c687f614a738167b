import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../data/data-folder-fixture.ts'
import { MIGRATIONS } from './migrations.ts'
import { openDatabase } from './open-database.ts'

async function pragma(db: Awaited<ReturnType<typeof openDatabase>>, name: string): Promise<unknown> {
  const { rows } = await sql.raw<Record<string, unknown>>(`PRAGMA ${name}`).execute(db)
  return Object.values(rows[0] ?? {})[0]
}

describe('the database', () => {
  it('writes ahead, syncs every commit, and holds rows to what they refer to', async () => {
    await using folder = await temporaryFolder()
    const db = await openDatabase(join(folder.path, 'test.db'))
    expect(await pragma(db, 'journal_mode')).toBe('wal')
    expect(await pragma(db, 'synchronous')).toBe(2)
    await expect(db.insertInto('environment').values({ name: 'e', target: 'none' }).execute()).rejects.toThrow(/FOREIGN KEY/)
    await db.destroy()
  })

  it('says that the disk is full, also where that ended a transaction, and works again when there is room', async () => {
    await using folder = await temporaryFolder()
    const db = await openDatabase(join(folder.path, 'test.db'))
    const pages = Number(await pragma(db, 'page_count'))
    await pragma(db, `max_page_count = ${pages + 2}`)
    // More than the cache of pages holds, so that it is written before the end.
    const write = (): Promise<void> =>
      db.transaction().execute(async (tx) => {
        for (let row = 0; row < 50; row++)
          await tx
            .insertInto('setting')
            .values({ name: `row ${row}`, value: 'x'.repeat(100_000) })
            .execute()
      })
    await expect(write()).rejects.toMatchObject({ code: 'DISK_FULL' })
    expect(await db.selectFrom('setting').selectAll().execute()).toEqual([])
    await pragma(db, 'max_page_count = 1000000')
    await write()
    expect(await db.selectFrom('setting').selectAll().execute()).toHaveLength(50)
    await db.destroy()
  })

  it('gives rows, counts and bytes as they were written', async () => {
    await using folder = await temporaryFolder()
    const db = await openDatabase(join(folder.path, 'test.db'))
    const sealed = Buffer.from([0, 1, 255])
    const { numInsertedOrUpdatedRows } = await db.insertInto('secret').values({ id: 'a/1', sealed, created_at: 'now' }).executeTakeFirstOrThrow()
    expect(numInsertedOrUpdatedRows).toBe(1n)
    const again = await db
      .insertInto('secret')
      .values({ id: 'a/1', sealed, created_at: 'later' })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .executeTakeFirstOrThrow()
    expect(again.numInsertedOrUpdatedRows).toBe(0n)
    const row = await db.selectFrom('secret').selectAll().executeTakeFirstOrThrow()
    expect({ ...row, sealed: Buffer.from(row.sealed) }).toEqual({ id: 'a/1', sealed, created_at: 'now' })
    const returned = await db.updateTable('secret').set({ created_at: 'then' }).where('id', '=', 'a/1').returning('created_at').execute()
    expect(returned).toEqual([{ created_at: 'then' }])
    const streamed: string[] = []
    for await (const { id } of db.selectFrom('secret').select('id').stream()) streamed.push(id)
    expect(streamed).toEqual(['a/1'])
    await db.destroy()
  })

  it('takes back a transaction that fails', async () => {
    await using folder = await temporaryFolder()
    const db = await openDatabase(join(folder.path, 'test.db'))
    const work = db.transaction().execute(async (tx) => {
      await tx.insertInto('setting').values({ name: 'a', value: 'b' }).execute()
      throw new Error('half way')
    })
    await expect(work).rejects.toThrow('half way')
    expect(await db.selectFrom('setting').selectAll().execute()).toEqual([])
    await db.destroy()
  })

  it('leaves nothing of a migration that did not come through', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'test.db')
    const before = new DatabaseSync(path)
    before.exec('create table job_log (in_the_way text)')
    before.close()
    await expect(openDatabase(path)).rejects.toThrow(/job_log/)
    const after = new DatabaseSync(path)
    const tables = after.prepare("select name from sqlite_master where type = 'table' and name not like 'kysely_%' and name not like 'sqlite_%'").all()
    expect(tables).toEqual([{ name: 'job_log' }])
    after.exec('drop table job_log')
    after.close()
    await (await openDatabase(path)).destroy()
  })

  it('is migrated once, and keeps what is in it', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'test.db')
    const first = await openDatabase(path)
    await first.insertInto('setting').values({ name: 'a', value: 'b' }).execute()
    await first.destroy()
    const second = await openDatabase(path)
    expect(await second.selectFrom('setting').selectAll().execute()).toEqual([{ name: 'a', value: 'b' }])
    const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(second)
    expect(rows.map(({ name }) => name)).toEqual(Object.keys(MIGRATIONS))
    await second.destroy()
  })

  it('is refused where a later version has changed it', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'test.db')
    await (await openDatabase(path)).destroy()
    const raw = new DatabaseSync(path)
    raw.exec("insert into kysely_migration (name, timestamp) values ('9999-later', '2040-01-01')")
    raw.close()
    await expect(openDatabase(path)).rejects.toMatchObject({ code: 'DATABASE_NEWER', message: expect.stringContaining(path) })
  })

  it('says that the disk is full where SQLite finds it so', async () => {
    await using folder = await temporaryFolder()
    const db = await openDatabase(join(folder.path, 'test.db'))
    await sql`PRAGMA max_page_count = 60`.execute(db)
    const write = db
      .insertInto('setting')
      .values({ name: 'large', value: 'x'.repeat(1_000_000) })
      .execute()
    await expect(write).rejects.toMatchObject({ code: 'DISK_FULL' })
    expect(await db.selectFrom('setting').selectAll().execute()).toEqual([])
    await db.destroy()
  })
})

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describeVault } from '@sealift/deploy/secret-vault-suite.ts'
import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import { temporaryDataFolder } from '../data/data-folder-fixture.ts'
import { DatabaseVault } from './database-vault.ts'

describe('the vault in the database', () => {
  describeVault(async () => {
    const folder = await temporaryDataFolder()
    return { vault: new DatabaseVault(folder.db, folder.masterKey), [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() }
  })

  it('writes no value where it could be read', async () => {
    await using folder = await temporaryDataFolder()
    const vault = new DatabaseVault(folder.db, folder.masterKey)
    await vault.seal('shop/site/x', 'correct horse battery staple')
    await sql`PRAGMA wal_checkpoint(TRUNCATE)`.execute(folder.db)
    const bytes = await readFile(join(folder.path, 'sealift.db'), 'latin1')
    expect(bytes).toContain('shop/site/x')
    expect(bytes).not.toContain('battery')
  })

  it('opens no secret that was moved to another name', async () => {
    await using folder = await temporaryDataFolder()
    const vault = new DatabaseVault(folder.db, folder.masterKey)
    const id = await vault.seal('shop/site/x', 'text')
    await folder.db.updateTable('secret').set({ id: 'shop/site/y' }).where('id', '=', id).execute()
    await expect(vault.get('shop/site/y')).rejects.toMatchObject({ code: 'SECRET_UNREADABLE' })
  })
})

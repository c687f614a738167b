import { describeJournal } from '@sealift/deploy/pipeline/journal-suite.ts'
import type { Plan } from '@sealift/deploy/plan/plan.ts'
import type { Revision } from '@sealift/deploy/revision.ts'
import { describe, expect, it } from 'vitest'
import { temporaryDataFolder } from '../data/data-folder-fixture.ts'
import { DatabaseJournal } from './database-journal.ts'
import { DatabaseVault } from './database-vault.ts'

describe('the journal in the database', () => {
  describeJournal(async () => {
    const folder = await temporaryDataFolder()
    const { db } = folder
    await db.insertInto('target').values({ name: 't', driver: 'memory', address: '' }).execute()
    await db.insertInto('environment').values({ name: 'e', target: 't' }).execute()
    for (const name of ['shop', 'other']) await db.insertInto('installation').values({ name, environment: 'e', application: 'shop' }).execute()
    return { journal: new DatabaseJournal(db), reopen: () => new DatabaseJournal(db), [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() }
  })
  it.each([true, false])('takes an uninstalled application and its secrets away in one piece where its data went too: %s', async (deleteData) => {
    await using folder = await temporaryDataFolder()
    const { db } = folder
    const vault = new DatabaseVault(db, folder.masterKey)
    await db.insertInto('target').values({ name: 't', driver: 'memory', address: '' }).execute()
    await db.insertInto('environment').values({ name: 'e', target: 't' }).execute()
    // Names that begin alike are others' names.
    const names = ['sho', 'shop', 'shop-2', 'shop0', 'shops']
    for (const name of names) {
      await db.insertInto('installation').values({ name, environment: 'e', application: 'shop' }).execute()
      await vault.seal(`${name}/site/x`, 'text')
    }
    const plan = { kind: 'uninstall', installation: 'shop', steps: [{ id: 'uninstall', after: [], kind: 'uninstall', deleteData }] } as unknown as Plan
    const revision = { installation: 'shop', number: 2, kind: 'uninstall', createdAt: '2030-01-01T00:00:00.000Z', outcome: 'pending' } as unknown as Revision
    const journal = new DatabaseJournal(db)
    await journal.begin('1', plan, revision)
    await journal.end('1', [{ ...revision, outcome: 'done' }])
    const left = deleteData ? names.filter((name) => name !== 'shop') : names
    const installations = await db.selectFrom('installation').select('name').orderBy('name').execute()
    expect(installations.map(({ name }) => name)).toEqual(left)
    const secrets = await db.selectFrom('secret').select('id').orderBy('id').execute()
    expect(secrets.map(({ id }) => id.slice(0, id.indexOf('/')))).toEqual(expect.arrayContaining(left))
    expect(secrets).toHaveLength(left.length)
    expect(await journal.open()).toEqual([])
    expect(await journal.history('shop')).toHaveLength(deleteData ? 0 : 1)
  })
})

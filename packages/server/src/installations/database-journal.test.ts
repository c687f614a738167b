import { describeJournal } from '@sealift/deploy/pipeline/journal-suite.ts'
import { describe } from 'vitest'
import { temporaryDataFolder } from '../data/data-folder-fixture.ts'
import { DatabaseJournal } from './database-journal.ts'

describe('the journal in the database', () => {
  describeJournal(async () => {
    const folder = await temporaryDataFolder()
    const { db } = folder
    await db.insertInto('target').values({ name: 't', driver: 'memory', address: '' }).execute()
    await db.insertInto('environment').values({ name: 'e', target: 't' }).execute()
    for (const name of ['shop', 'other']) await db.insertInto('installation').values({ name, environment: 'e', application: 'shop' }).execute()
    return { journal: new DatabaseJournal(db), reopen: () => new DatabaseJournal(db), [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() }
  })
})

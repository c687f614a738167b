import { describeSnapshotCatalog } from '@sealift/deploy/snapshot-catalog-suite.ts'
import { describe } from 'vitest'
import { temporaryDataFolder } from '../data/data-folder-fixture.ts'
import { DatabaseSnapshots } from './database-snapshots.ts'

describe('the catalog of snapshots in the database', () => {
  describeSnapshotCatalog(async () => {
    const folder = await temporaryDataFolder()
    const { db } = folder
    await db.insertInto('target').values({ name: 't', driver: 'memory', address: '' }).execute()
    await db.insertInto('environment').values({ name: 'e', target: 't' }).execute()
    for (const name of ['shop', 'other']) await db.insertInto('installation').values({ name, environment: 'e', application: 'shop' }).execute()
    return { catalog: new DatabaseSnapshots(db), reopen: () => new DatabaseSnapshots(db), [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() }
  })
})

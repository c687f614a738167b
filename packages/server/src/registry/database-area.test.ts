import { writeBlob } from '@sealift/content/read-blob.ts'
import { pushedAreaSuite } from '@sealift/registry/pushed-area-suite.ts'
import { temporaryDataFolder } from '../data/data-folder-fixture.ts'
import { DatabaseArea } from './database-area.ts'

pushedAreaSuite('database', async () => {
  const folder = await temporaryDataFolder()
  const area = new DatabaseArea(folder.db, () => ({ [Symbol.dispose]() {} }))
  return { area, store: (text) => writeBlob(folder.store, Buffer.from(text)), dispose: async () => folder[Symbol.asyncDispose]() }
})

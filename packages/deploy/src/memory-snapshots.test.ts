import { describe } from 'vitest'
import { MemorySnapshots } from './memory-snapshots.ts'
import { describeSnapshotCatalog } from './snapshot-catalog-suite.ts'

describe('the catalog of snapshots in memory', () => {
  describeSnapshotCatalog(async () => {
    const catalog = new MemorySnapshots()
    return { catalog, reopen: () => catalog, [Symbol.asyncDispose]: async () => {} }
  })
})

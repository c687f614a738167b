import { partialBlobsSuite } from '../partial-blobs-suite.ts'
import { createMemoryStore } from './memory-store.ts'

partialBlobsSuite('memory', async () => ({ store: createMemoryStore(), dispose: async () => {} }))

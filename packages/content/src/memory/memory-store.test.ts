import { contentStoreSuite } from '../content-store-suite.ts'
import { createMemoryStore } from './memory-store.ts'

contentStoreSuite('memory', async () => ({ store: createMemoryStore(), dispose: async () => {} }))

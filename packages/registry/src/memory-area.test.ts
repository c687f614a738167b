import { createMemoryArea } from './memory-area.ts'
import { pushedAreaSuite } from './pushed-area-suite.ts'

pushedAreaSuite('memory', async () => ({ area: createMemoryArea(), store: async () => {}, dispose: async () => {} }))

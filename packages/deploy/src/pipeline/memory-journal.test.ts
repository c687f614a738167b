import { describe } from 'vitest'
import { describeJournal } from './journal-suite.ts'
import { MemoryJournal } from './memory-journal.ts'

describe('the journal in memory', () => {
  describeJournal(async () => {
    const journal = new MemoryJournal()
    return { journal, reopen: () => journal, [Symbol.asyncDispose]: async () => {} }
  })
})

import { describe } from 'vitest'
import { MemoryVault } from './memory-vault.ts'
import { describeVault } from './secret-vault-suite.ts'

describe('the vault in memory', () => {
  describeVault(async () => ({ vault: new MemoryVault(), [Symbol.asyncDispose]: async () => {} }))
})

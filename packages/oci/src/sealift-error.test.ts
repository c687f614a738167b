import { describe, expect, it } from 'vitest'
import { SealiftError } from './sealift-error.ts'

describe('an error', () => {
  it('shows nothing that moves the cursor, hides, or turns a text round', () => {
    const hostile = 'a\u001b[2Jb\u0007\u202egnp.exe\u200b\ud800\u2028'
    const { message, hint } = new SealiftError('USAGE', `${hostile} é 😀\n\tnext`, { hint: hostile })
    expect(message).toBe('a\ufffd[2Jb\ufffd\ufffdgnp.exe\ufffd\ufffd\ufffd é 😀\n\tnext')
    expect(hint).toBe('a\ufffd[2Jb\ufffd\ufffdgnp.exe\ufffd\ufffd\ufffd')
  })
})

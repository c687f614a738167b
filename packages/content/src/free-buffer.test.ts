import { describe, expect, it } from 'vitest'
import { freeBuffer } from './free-buffer.ts'

describe('freeBuffer', () => {
  it('takes the memory of a large buffer back, whichever part of it is at hand', () => {
    const whole = Buffer.allocUnsafeSlow(1024 * 1024)
    freeBuffer(whole.subarray(10, 20))
    expect(whole.length).toBe(0)
  })

  it('leaves a piece of the pool alone, beside which others have theirs', () => {
    const mine = Buffer.allocUnsafe(100)
    const neighbour = Buffer.from('a neighbour in the pool')
    expect(neighbour.buffer).toBe(mine.buffer)
    freeBuffer(mine)
    expect(neighbour.toString()).toBe('a neighbour in the pool')
  })

  it('can be called twice', () => {
    const whole = Buffer.allocUnsafeSlow(1024 * 1024)
    freeBuffer(whole)
    expect(() => freeBuffer(whole)).not.toThrow()
  })
})

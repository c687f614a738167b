/** Numbers that are the same in every run for the same seed (xorshift32): from 0 up to, not including, the limit. */
export function createRandom(seed: number): (limit: number) => number {
  let state = Math.imul(seed + 1, 0x9e3779b1) | 1
  return (limit) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % limit
  }
}

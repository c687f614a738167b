import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { encodeTarHeader, readTarSize, tarMemberSize } from './tar-header.ts'

const GIBIBYTE = 1024 ** 3

describe('tar headers', () => {
  it.each([0, 1, 511, 512, 8 * GIBIBYTE - 1, 8 * GIBIBYTE, 5000 * GIBIBYTE, Number.MAX_SAFE_INTEGER])('carry the size %d', (size) => {
    expect(readTarSize(encodeTarHeader('packs/0', size), 'packs/0')).toBe(size)
  })

  it.each([0, 8 * GIBIBYTE - 1, 8 * GIBIBYTE, 5000 * GIBIBYTE])('of %d bytes are understood by tar', (size) => {
    const archive = encodeTarHeader('packs/0', size)
    let listed = ''
    try {
      listed = execFileSync('tar', ['tvf', '-'], { input: archive, stdio: ['pipe', 'pipe', 'ignore'] }).toString()
    } catch (thrown) {
      // tar misses the contents, which this archive does not have; the listing is what counts.
      listed = String((thrown as { stdout: unknown }).stdout)
    }
    expect(listed).toMatch(new RegExp(`^-rw-r--r-- 0/0 +${size} 1970-01-01 .* packs/0\n`))
  })

  it('are not read where a single bit differs', () => {
    const header = encodeTarHeader('packs/0', 123_456)
    for (let bit = 0; bit < header.length * 8; bit++) {
      const changed = Buffer.from(header)
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(readTarSize(changed, 'packs/0')).toBeUndefined()
    }
  })

  it('are not read under another name', () => {
    expect(readTarSize(encodeTarHeader('packs/1', 5), 'packs/0')).toBeUndefined()
  })

  it('are made for names that fit only', () => {
    expect(() => encodeTarHeader('n'.repeat(100), 5)).not.toThrow()
    expect(() => encodeTarHeader('n'.repeat(101), 5)).toThrow(RangeError)
  })

  it('and padding make members of whole blocks', () => {
    expect([0, 1, 511, 512, 513].map(tarMemberSize)).toEqual([512, 1024, 1024, 1024, 1536])
  })
})

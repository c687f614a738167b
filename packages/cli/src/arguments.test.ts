import { describe, expect, it } from 'vitest'
import { parseAssignments } from './assignments.ts'
import { parseRelease } from './release-argument.ts'
import { dataFolder } from './session.ts'

describe('assignments', () => {
  it('take everything behind the first equals sign, the later of two', () => {
    expect(parseAssignments(['a=1', 'b=x=y', 'c=', 'a=2'], '--set')).toEqual({ a: '2', b: 'x=y', c: '' })
    expect(Object.entries(parseAssignments(['__proto__=x'], '--set'))).toEqual([['__proto__', 'x']])
  })

  it.each(['a', '=1', ''])('refuse %j', (word) => {
    expect(() => parseAssignments([word], '--set')).toThrow(expect.objectContaining({ code: 'USAGE', message: expect.stringContaining('--set') }))
  })
})

describe('a release', () => {
  it('is an application with a version, or its latest', () => {
    expect(parseRelease('shop@2.0.0')).toEqual({ application: 'shop', version: '2.0.0' })
    expect(parseRelease('shop')).toEqual({ application: 'shop', version: 'latest' })
  })

  it.each(['', '@1', 'shop@'])('is not %j', (text) => expect(() => parseRelease(text)).toThrow(expect.objectContaining({ code: 'USAGE' })))
})

describe('the data folder', () => {
  it('is the one that was named, never the current folder by accident', () => {
    expect(dataFolder({ data: '/srv/a' })).toBe('/srv/a')
    const before = process.env.SEALIFT_DATA
    process.env.SEALIFT_DATA = ''
    try {
      expect(dataFolder({})).toMatch(/\.sealift$/)
      expect(dataFolder({ data: '' })).toMatch(/\.sealift$/)
    } finally {
      if (before === undefined) delete process.env.SEALIFT_DATA
      else process.env.SEALIFT_DATA = before
    }
  })
})

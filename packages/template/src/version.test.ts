import { isSealiftError } from '@sealift/oci/sealift-error.ts'
import { describe, expect, test } from 'vitest'
import { compareVersions, parseVersion, parseVersionRange, versionInRange } from './version.ts'

test('versions in their order', () => {
  const ordered = [
    '0.9',
    '1.2.3',
    '1.2.3.4',
    '2.9.0-rc.1',
    '2.9.0-rc.2',
    '2.9.0-rc.10',
    '2.9.0-rc.x',
    '2.9',
    '2.10',
    '3.0.0-beta',
    '3.0.0',
    'v3.0.1',
    '2024.01',
    '2024.2-rc1',
    '2024.2',
  ]
  for (const [position, version] of ordered.entries()) {
    const compared = ordered.map((other) => compareVersions(parseVersion(version), parseVersion(other)))
    expect({ version, compared }).toEqual({ version, compared: ordered.map((_other, at) => Math.sign(position - at)) })
  }
})

test.each([
  ['2.9', '2.9.0'],
  ['v1.0', '1.0'],
  ['20.10.24+dfsg1', '20.10.24'],
  ['2024.01', '2024.1'],
])('%s equals %s', (a, b) => expect(compareVersions(parseVersion(a), parseVersion(b))).toBe(0))

test.each(['', 'latest', '1..2', '1.', '-1', '1.2.3.4.5.6.7', '1 2', '1/2', '9'.repeat(65)])('%j is no version', (text) => {
  expect(() => parseVersion(text)).toThrow(expect.toSatisfy((thrown) => isSealiftError(thrown, 'VERSION_INVALID')))
})

describe('ranges', () => {
  test.each([
    ['>=2.0.0', ['2.0.0', '2', '3.1', '2.5-rc1'], ['1.9.9', '2.0.0-rc1']],
    ['>2', ['2.0.1', '3'], ['2.0.0', '1']],
    ['<=2.5', ['2.5.0', '1'], ['2.5.1']],
    ['>=2 <3', ['2.9.9'], ['3.0.0', '1']],
    ['>= 2 < 3', ['2.9.9'], ['3.0.0', '1']],
    ['^2.4', ['2.4.0', '2.99'], ['3.0.0', '3.0.0-rc1', '2.3']],
    ['^0.2.3', ['0.2.9'], ['0.3.0', '0.2.2']],
    ['~2.9', ['2.9.0', '2.9.7'], ['2.10', '2.8']],
    ['~2', ['2.0', '2.9'], ['3']],
    ['2.x', ['2.0', '2.17.1'], ['3.0', '1.9']],
    ['2.9', ['2.9.0'], ['2.9.1']],
    ['*', ['0.1', '99'], []],
    ['1.x || ^3', ['1.5', '3.2'], ['2.0', '4.0']],
  ])('%s', (text, inside, outside) => {
    const range = parseVersionRange(text)
    const fitting = [...inside, ...outside].filter((version) => versionInRange(parseVersion(version), range))
    expect(fitting).toEqual(inside)
  })

  test.each(['', '>=', '=>1', 'x.1', '1 || ', '>=one', '^2.x'])('%j is none', (text) => {
    expect(() => parseVersionRange(text)).toThrow(expect.toSatisfy((thrown) => isSealiftError(thrown, 'VERSION_INVALID')))
  })
})

import { isSealiftError } from '@sealift/oci/sealift-error.ts'
import { describe, expect, test } from 'vitest'
import { parseByteSize } from './byte-size.ts'
import { parseCpu } from './cpu.ts'
import { scheduleFault } from './cron-schedule.ts'
import { closest } from './did-you-mean.ts'
import { parseDuration } from './duration.ts'
import { parseParameterValue } from './parameter-value.ts'
import type { Parameter } from './schema/parameter.ts'

const quantityInvalid = expect.toSatisfy((thrown) => isSealiftError(thrown, 'QUANTITY_INVALID'))

describe('durations in seconds', () => {
  test.each([
    ['500ms', 0.5],
    ['10s', 10],
    ['1m', 60],
    ['1m30s', 90],
    ['2h', 7200],
    ['7d', 604_800],
    ['0s', 0],
  ])('%s', (text, seconds) => expect(parseDuration(text)).toBe(seconds))
  test.each(['', '10', 's', '1.5s', '-1s', '10 s', '1s1m', '99999999d', `${'9'.repeat(40)}s`])('%j is none', (text) => {
    expect(() => parseDuration(text, 'timeout')).toThrow(quantityInvalid)
  })
})

describe('sizes in bytes', () => {
  test.each([
    ['0', 0],
    ['1024', 1024],
    ['512Mi', 536_870_912],
    ['10Gi', 10_737_418_240],
    ['1G', 1_000_000_000],
    ['1.5Ki', 1536],
    ['1k', 1000],
  ])('%s', (text, bytes) => expect(parseByteSize(text)).toBe(bytes))
  test.each(['', 'Mi', '1GB', '-1Mi', '1 Mi', '9007199254740993', '99999Pi', '0x10'])('%j is none', (text) => {
    expect(() => parseByteSize(text)).toThrow(quantityInvalid)
  })
})

describe('cores', () => {
  test.each([
    ['1', 1],
    ['0.5', 0.5],
    ['250m', 0.25],
  ])('%s', (text, cores) => expect(parseCpu(text)).toBe(cores))
  test.each(['', 'm', '1.5m', '-1', '1 core'])('%j is none', (text) => expect(() => parseCpu(text)).toThrow(quantityInvalid))
})

describe('schedules', () => {
  test.each(['* * * * *', '0 3 * * *', '*/15 8-18 1,15 JAN-MAR MON-FRI', '0 0 * * 7', '5 4 * * sun'])('%s', (text) =>
    expect(scheduleFault(text)).toBeUndefined(),
  )
  test.each(['', '0 3 * *', '60 * * * *', '* 24 * * *', '* * 0 * *', '* * * 13 *', '* * * * 8', '5-1 * * * *', '*/0 * * * *', '@daily', '0 3 * * * *'])(
    '%j is none',
    (text) => expect(scheduleFault(text)).toBeTypeOf('string'),
  )
})

test.each([
  ['valeu', ['name', 'value'], 'value'],
  ['hostport', ['hostPort', 'kind'], 'hostPort'],
  ['imgae', ['image', 'name'], 'image'],
  ['zebra', ['image', 'name'], undefined],
])('%s was perhaps meant as one of %j', (word, candidates, expected) => expect(closest(word, candidates)).toBe(expected))

describe('answers to parameters', () => {
  const parameter = (fields: Partial<Parameter>): Parameter => ({ name: 'p', type: 'string', ...fields })
  test.each([
    [parameter({}), 'x', 'x'],
    [parameter({}), 5, '5'],
    [parameter({ type: 'number' }), '8080', 8080],
    [parameter({ type: 'number' }), 8080, 8080],
    [parameter({ type: 'boolean' }), 'false', false],
    [parameter({ type: 'choice', choices: ['a', 'b'] }), 'b', 'b'],
    [parameter({ pattern: 'a|b' }), 'b', 'b'],
  ])('%j takes %j', (definition, given, value) => expect(parseParameterValue(definition, given)).toBe(value))
  test.each([
    [parameter({ type: 'number' }), 'high'],
    [parameter({ type: 'number', max: 10 }), '11'],
    [parameter({ type: 'boolean' }), 'yes'],
    [parameter({ type: 'choice', choices: ['a'] }), 'b'],
    [parameter({ pattern: 'a|b' }), 'ab'],
    [parameter({ min: 3 }), 'ab'],
    [parameter({ max: 1 }), 'ab'],
    [parameter({}), null],
  ])('%j refuses %j', (definition, given) => {
    expect(() => parseParameterValue(definition, given)).toThrow(expect.toSatisfy((thrown) => isSealiftError(thrown, 'PARAMETER_INVALID')))
  })
  test.each([
    ['never ends', '(a+)+'],
    ['is too large to be run', '((a{1,1000}){1,1000}){1,1000}'],
  ])('a pattern that %s refuses the answer instead of holding everything up', (_, pattern) => {
    expect(() => parseParameterValue(parameter({ pattern }), `${'a'.repeat(40)}!`)).toThrow(
      expect.objectContaining({ code: 'PARAMETER_INVALID', message: expect.stringContaining('simpler') }),
    )
  })
  test('a refused secret is not shown', () => {
    expect(() => parseParameterValue(parameter({ type: 'secret', pattern: '[0-9]+' }), 'hunter2')).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining('hunter2') }),
    )
  })
})

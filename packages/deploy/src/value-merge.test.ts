import { describe, expect, test } from 'vitest'
import { GENERATED_DEFAULT, offeredDefault, type Value, type VendorValue } from './value.ts'
import { type Decision, mergeValue, setBySite, valueFromVendor } from './value-merge.ts'

const vendor = (expression: string, more: Partial<VendorValue> = {}): VendorValue => ({ expression, onUpgrade: 'keep', secret: false, ...more })
const untouched = (expression: string, more: Partial<VendorValue> = {}): Value => valueFromVendor(vendor(expression, more), 'id')
const bySite = (expression: string, before: Value = untouched('old')): Value => setBySite(before, { expression })
const generated = vendor('', { generate: { length: 24, alphabet: 'alphanumeric' }, secret: true })

type Row = [
  situation: string,
  current: Value | undefined,
  theirs: VendorValue | undefined,
  decision: Decision | undefined,
  expected: { effect: string; text: string; origin: string; offered?: string },
]

/** The rule for values of DESIGN's upgrade table, case by case. */
const TABLE: readonly Row[] = [
  ['a new one', undefined, vendor('new'), undefined, { effect: 'added', text: 'new', origin: 'vendor' }],
  ['a new one that is generated', undefined, generated, undefined, { effect: 'generated', text: '', origin: 'generated' }],
  ['untouched, default the same', untouched('old'), vendor('old'), undefined, { effect: 'kept', text: 'old', origin: 'vendor' }],
  ['untouched, default new', untouched('old'), vendor('new'), undefined, { effect: 'offered', text: 'old', origin: 'vendor', offered: 'new' }],
  ['untouched, default new and taken', untouched('old'), vendor('new'), 'take', { effect: 'changed', text: 'new', origin: 'vendor' }],
  ['untouched, default new and declined', untouched('old'), vendor('new'), 'decline', { effect: 'kept', text: 'old', origin: 'vendor' }],
  ['of the site, default the same', bySite('mine'), vendor('old'), undefined, { effect: 'kept', text: 'mine', origin: 'site' }],
  ['of the site, default new', bySite('mine'), vendor('new'), undefined, { effect: 'offered', text: 'mine', origin: 'site', offered: 'new' }],
  ['of the site, default new and taken', bySite('mine'), vendor('new'), 'take', { effect: 'changed', text: 'new', origin: 'vendor' }],
  ['of the site, default new and declined', bySite('mine'), vendor('new'), 'decline', { effect: 'kept', text: 'mine', origin: 'site' }],
  ['of the site, and now the default too', bySite('new'), vendor('new'), undefined, { effect: 'kept', text: 'new', origin: 'site' }],
  [
    'follow, untouched',
    untouched('old', { onUpgrade: 'follow' }),
    vendor('new', { onUpgrade: 'follow' }),
    undefined,
    { effect: 'changed', text: 'new', origin: 'vendor' },
  ],
  [
    'follow, of the site',
    bySite('mine'),
    vendor('new', { onUpgrade: 'follow' }),
    undefined,
    { effect: 'offered', text: 'mine', origin: 'site', offered: 'new' },
  ],
  ['locked, untouched', untouched('old'), vendor('new', { onUpgrade: 'locked' }), undefined, { effect: 'changed', text: 'new', origin: 'vendor' }],
  ['locked, of the site', bySite('mine'), vendor('new', { onUpgrade: 'locked' }), undefined, { effect: 'changed', text: 'new', origin: 'vendor' }],
  ['locked, declined all the same', bySite('mine'), vendor('new', { onUpgrade: 'locked' }), 'decline', { effect: 'changed', text: 'new', origin: 'vendor' }],
  ['dropped, untouched', untouched('old'), undefined, undefined, { effect: 'leftOver', text: 'old', origin: 'vendor' }],
  ['dropped, of the site', bySite('mine'), undefined, undefined, { effect: 'leftOver', text: 'mine', origin: 'site' }],
  ['added by the site', setBySite(undefined, { expression: 'mine' }), undefined, undefined, { effect: 'kept', text: 'mine', origin: 'site' }],
  [
    'added by the site, and now known',
    setBySite(undefined, { expression: 'mine' }),
    vendor('new'),
    undefined,
    { effect: 'offered', text: 'mine', origin: 'site', offered: 'new' },
  ],
  ['generated, still generated', valueFromVendor(generated, 'id'), generated, undefined, { effect: 'kept', text: '', origin: 'generated' }],
  [
    'generated, now a default',
    valueFromVendor(generated, 'id'),
    vendor('new'),
    undefined,
    { effect: 'offered', text: '', origin: 'generated', offered: 'new' },
  ],
  ['untouched, now generated', untouched('old'), generated, undefined, { effect: 'offered', text: 'old', origin: 'vendor', offered: GENERATED_DEFAULT }],
]

describe('an upgrade and one value', () => {
  test.each(TABLE)('%s', (_, current, theirs, decision, { effect, text, origin, offered }) => {
    const { value, effect: found } = mergeValue(current, theirs, decision, 'id')
    expect(found).toBe(effect)
    expect(value).toMatchObject({ expression: text, origin })
    expect(offeredDefault(value)).toBe(offered)
  })

  test('an offer that is not decided stays open over later releases, until the vendor takes it back', () => {
    const first = mergeValue(untouched('one'), vendor('two'), undefined, 'id').value
    const second = mergeValue(first, vendor('three'), undefined, 'id').value
    expect(offeredDefault(second)).toBe('three')
    expect(offeredDefault(mergeValue(second, vendor('one'), undefined, 'id').value)).toBeUndefined()
  })

  test('what was declined comes up again only with another default', () => {
    const declined = mergeValue(untouched('one'), vendor('two'), 'decline', 'id').value
    expect(mergeValue(declined, vendor('two'), undefined, 'id').effect).toBe('kept')
    expect(offeredDefault(mergeValue(declined, vendor('three'), undefined, 'id').value)).toBe('three')
  })

  test('what is left over and comes back keeps its value', () => {
    const leftOver = mergeValue(bySite('mine'), undefined, undefined, 'id').value
    expect(leftOver.leftOver).toBe(true)
    const { value } = mergeValue(leftOver, vendor('old'), undefined, 'id')
    expect(value).toMatchObject({ expression: 'mine', origin: 'site' })
    expect(value.leftOver).toBeUndefined()
  })

  test('a site setting another value decides nothing about the offer', () => {
    const open = mergeValue(untouched('one'), vendor('two'), undefined, 'id').value
    expect(offeredDefault(setBySite(open, { expression: 'mine' }))).toBe('two')
  })
})

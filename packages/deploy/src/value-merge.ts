import { defaultOf, GENERATED_DEFAULT, offeredDefault, type Value, type VendorValue } from './value.ts'

/** What a person decided about a vendor's default that is on offer. */
export type Decision = 'take' | 'decline'

/** What an upgrade does with one value, and why, in a sentence for people. */
export interface MergedValue {
  readonly value: Value
  readonly effect: 'added' | 'changed' | 'kept' | 'offered' | 'leftOver' | 'generated'
  readonly why: string
  /** False where nothing happens that anyone need read: an untouched value whose default did not change. */
  readonly noteworthy: boolean
}

/** The first value of a vendor's default; generated ones get their name in the vault from `secretId`. */
export function valueFromVendor(vendor: VendorValue, secretId: string): Value {
  const generated = vendor.generate !== undefined
  return {
    expression: generated ? '' : vendor.expression,
    origin: generated ? 'generated' : 'vendor',
    decided: defaultOf(vendor),
    vendor: defaultOf(vendor),
    onUpgrade: vendor.onUpgrade,
    secret: vendor.secret || generated,
    ...(generated ? { secretId, generate: vendor.generate } : {}),
  }
}

function withoutLeftOver(value: Value): Value {
  const { leftOver: _, ...rest } = value
  return rest
}

/** Takes over what the release says about a value without touching its content. */
function keptUnder(current: Value, vendor: VendorValue): Value {
  return {
    ...withoutLeftOver(current),
    vendor: defaultOf(vendor),
    onUpgrade: vendor.onUpgrade,
    secret: vendor.secret || current.secretId !== undefined || current.origin === 'generated',
  }
}

/**
 * Brings a value of an installation under the value of another release. The rule that users are
 * promised: an upgrade changes no value on its own unless the template says `follow` or `locked`.
 *
 * @param secretId the name in the vault that a generated value gets if one is made
 */
export function mergeValue(current: Value | undefined, vendor: VendorValue | undefined, decision: Decision | undefined, secretId: string): MergedValue {
  if (vendor === undefined) return mergeDropped(current)
  if (current === undefined) {
    const value = valueFromVendor(vendor, secretId)
    return value.origin === 'generated'
      ? { value, effect: 'generated', why: 'The release brings it; its value is generated here.', noteworthy: true }
      : { value, effect: 'added', why: 'The release brings it.', noteworthy: true }
  }
  const theirs = defaultOf(vendor)
  const kept = keptUnder(current, vendor)
  const taken = (why: string): MergedValue => ({ value: valueFromVendor(vendor, secretId), effect: 'changed', why, noteworthy: true })
  const same = current.secretId === undefined ? current.expression === theirs : theirs === GENERATED_DEFAULT

  if (current.origin === 'generated' && theirs === GENERATED_DEFAULT) {
    return { value: { ...kept, decided: theirs }, effect: 'kept', why: 'Generated here; only a rotation changes it.', noteworthy: false }
  }
  if (vendor.onUpgrade === 'locked') {
    return same
      ? { value: { ...kept, origin: 'vendor', decided: theirs }, effect: 'kept', why: 'Locked by the vendor and unchanged.', noteworthy: false }
      : taken('Locked by the vendor: a site cannot change it.')
  }
  if (same) return { value: { ...kept, decided: theirs }, effect: 'kept', why: 'The release wants what is there already.', noteworthy: false }
  if (decision === 'take') return taken("The vendor's new default was taken.")
  if (decision === 'decline') {
    return { value: { ...kept, decided: theirs }, effect: 'kept', why: "The vendor's new default was declined.", noteworthy: true }
  }
  if (vendor.onUpgrade === 'follow' && current.origin === 'vendor') return taken('Follows the vendor, and the site never changed it.')
  if (offeredDefault(kept) !== undefined) {
    return current.origin === 'site'
      ? { value: kept, effect: 'offered', why: "Set by the site and kept; the vendor's new default is on offer.", noteworthy: true }
      : { value: kept, effect: 'offered', why: "An upgrade changes no value on its own; the vendor's new default is on offer.", noteworthy: true }
  }
  return current.origin === 'site'
    ? { value: kept, effect: 'kept', why: 'Set by the site.', noteworthy: true }
    : { value: kept, effect: 'kept', why: 'The vendor did not change its default.', noteworthy: false }
}

function mergeDropped(current: Value | undefined): MergedValue {
  if (current === undefined) throw new TypeError('a value that neither the installation nor the release has')
  if (current.vendor === null && current.leftOver === undefined) {
    return { value: current, effect: 'kept', why: 'Added by the site.', noteworthy: true }
  }
  return {
    value: { ...current, vendor: null, leftOver: true },
    effect: 'leftOver',
    why: 'The release no longer has it; it stays until it is pruned.',
    noteworthy: true,
  }
}

/** Sets a value for the site. An offer of the vendor stays open: to set something else decides nothing about it. */
export function setBySite(current: Value | undefined, chosen: { readonly expression: string } | { readonly secretId: string }): Value {
  const base = current ?? { decided: null, vendor: null, onUpgrade: 'keep' as const, secret: false }
  const { secretId: _, generate: __, leftOver, ...rest } = base as Value
  return {
    ...rest,
    ...(leftOver === undefined ? {} : { leftOver }),
    expression: 'expression' in chosen ? chosen.expression : '',
    origin: 'site',
    decided: base.decided,
    secret: base.secret || 'secretId' in chosen,
    ...('secretId' in chosen ? { secretId: chosen.secretId } : {}),
  }
}

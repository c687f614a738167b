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
    ...(vendor.group === undefined ? {} : { group: vendor.group }),
  }
}

function withoutLeftOver(value: Value): Value {
  const { leftOver: _, ...rest } = value
  return rest
}

/** Takes over what the release says about a value without touching its content. */
function keptUnder(current: Value, vendor: VendorValue): Value {
  const { group: _, byGroup, ...rest } = withoutLeftOver(current)
  return {
    ...rest,
    ...(vendor.group === undefined ? {} : { group: vendor.group, ...(byGroup === undefined ? {} : { byGroup }) }),
    vendor: defaultOf(vendor),
    onUpgrade: vendor.onUpgrade,
    secret: vendor.secret || current.secretId !== undefined || current.origin === 'generated',
  }
}

/** Whether the site neither set a value nor declined a default for it. */
function isUntouched({ origin, decided, expression }: Value): boolean {
  return origin === 'vendor' && decided === expression
}

/** Whether the site brought a value by itself, so that no release can drop it. */
export function isOwnOfSite({ origin, decided }: Value): boolean {
  return origin === 'site' && decided === null
}

/** Whether a value is what the vendor wants already. */
function isWanted(current: Value, theirs: string): boolean {
  return theirs === GENERATED_DEFAULT ? current.origin === 'generated' : current.secretId === undefined && current.expression === theirs
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
  const generatedId = current.generated?.secretId ?? secretId
  const taken = (why: string): MergedValue => ({ value: valueFromVendor(vendor, generatedId), effect: 'changed', why, noteworthy: true })
  const same = isWanted(current, theirs)

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
  if (vendor.onUpgrade === 'follow' && isUntouched(current)) return taken('Follows the vendor, and the site never changed it.')
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
  if (isOwnOfSite(current)) {
    return { value: { ...withoutLeftOver(current), vendor: null }, effect: 'kept', why: 'Added by the site.', noteworthy: true }
  }
  return {
    value: { ...current, vendor: null, leftOver: true },
    effect: 'leftOver',
    why: 'The release no longer has it; it stays until it is pruned.',
    noteworthy: true,
  }
}

/** What a value of the site holds: a text, or the name of a secret in the vault. */
export type SiteContent = { readonly expression: string } | { readonly secretId: string; readonly uses?: string }

/**
 * Sets a value for the site. An offer of the vendor stays open: to set something else decides nothing about it.
 * @param byGroup whether it is set for the whole configuration group
 */
export function setBySite(current: Value | undefined, chosen: SiteContent, byGroup = false): Value {
  const base: Value = current ?? { expression: '', origin: 'site', decided: null, vendor: null, onUpgrade: 'keep', secret: false }
  const { secretId, generate, byGroup: _, uses: __, generated: before, ...rest } = base
  const generated = secretId !== undefined && generate !== undefined ? { secretId, spec: generate } : before
  return {
    ...rest,
    expression: 'expression' in chosen ? chosen.expression : '',
    origin: 'site',
    secret: base.secret || 'secretId' in chosen,
    ...('secretId' in chosen ? { secretId: chosen.secretId, ...(chosen.uses === undefined ? {} : { uses: chosen.uses }) } : {}),
    ...(byGroup ? { byGroup } : {}),
    ...(generated === undefined ? {} : { generated }),
  }
}

/** The value that the vendor gives, where the site had another; undefined where the vendor gives none. */
export function backToVendor(value: Value): Value | undefined {
  if (value.vendor === null) return undefined
  const { secretId: _, generate: __, byGroup: ___, uses: ____, generated, ...rest } = value
  if (value.vendor !== GENERATED_DEFAULT) return { ...rest, expression: value.vendor, origin: 'vendor', decided: value.vendor }
  if (value.origin === 'generated') return value
  if (generated === undefined) return undefined
  const { secretId, spec } = generated
  return { ...rest, expression: '', origin: 'generated', decided: value.vendor, secret: true, secretId, generate: spec }
}

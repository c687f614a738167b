/** Who a value comes from. */
export type Origin = 'vendor' | 'site' | 'generated'

/** What an upgrade does with a value: `keep` the seed's rule, `follow` the vendor where the site did not touch it, `locked` to the vendor. */
export type OnUpgrade = 'keep' | 'follow' | 'locked'

/** How a generated value is made. */
export interface GenerateSpec {
  /** characters */
  readonly length: number
  readonly alphabet: 'alphanumeric' | 'hex' | 'base64url'
  /** Values of one group within an installation are one and the same. */
  readonly group?: string
}

/** What stands as the vendor's default where the vendor wants a value generated: no template can write it, since the name is unknown. */
export const GENERATED_DEFAULT = '${generate}'

/** A value of an installation: where it comes from and what was last decided about the vendor's default. */
export interface Value {
  /** What is substituted when the component is made; empty where {@link secretId} holds the value. */
  readonly expression: string
  readonly origin: Origin
  /** The vendor's default that was last taken or declined; null where the vendor had none. */
  readonly decided: string | null
  /** The vendor's default in the release of this state; null where it has none. Another one than {@link decided} is on offer. */
  readonly vendor: string | null
  readonly onUpgrade: OnUpgrade
  /** Masked wherever it is shown. */
  readonly secret: boolean
  /** Names the value in the vault; a name stands for one value for ever. */
  readonly secretId?: string
  readonly generate?: GenerateSpec
  /** The release no longer has it; it stays until pruned. */
  readonly leftOver?: true
  /** The configuration group that it comes from. */
  readonly group?: string
  /** The site set it for the whole group, not for this component alone. */
  readonly byGroup?: true
  /** For a secret file that is a template: the expressions in it, so that a plan knows what it depends on without opening the vault. */
  readonly uses?: string
  /** Where the site's choice stands before a generated value: how to come back to that. */
  readonly generated?: { readonly secretId: string; readonly spec: GenerateSpec }
}

/** A value as a release gives it. */
export interface VendorValue {
  readonly expression: string
  readonly onUpgrade: OnUpgrade
  readonly secret: boolean
  readonly generate?: GenerateSpec
  /** The configuration group that it comes from. */
  readonly group?: string
}

/** What stands for a secret wherever people or programs could read it. */
export const MASK = '•••'

/** The vendor's default as it is compared and recorded. */
export function defaultOf(vendor: VendorValue): string {
  return vendor.generate === undefined ? vendor.expression : GENERATED_DEFAULT
}

/** The vendor's default that awaits a decision, or undefined where there is none. */
export function offeredDefault(value: Value): string | undefined {
  if (value.vendor === null || value.leftOver === true) return undefined
  if (value.vendor === value.decided || (value.secretId === undefined && value.vendor === value.expression)) return undefined
  return value.vendor
}

/** A value as people see it. */
export function shownValue(value: Value): string {
  if (value.origin === 'generated') return value.secret ? MASK : '(generated)'
  return value.secret || value.secretId !== undefined ? MASK : value.expression
}

/** A vendor's default as people see it beside `value`. */
export function shownDefault(value: Pick<Value, 'secret'>, text: string): string {
  if (text === GENERATED_DEFAULT) return '(a generated value)'
  return value.secret ? MASK : text
}

/** Whether two values give the same text for ever. */
export function sameContent(a: Value, b: Value): boolean {
  return a.expression === b.expression && a.secretId === b.secretId
}

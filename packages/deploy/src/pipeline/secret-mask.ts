import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { MASK } from '../value.ts'

/** Below this many characters a value is masked nowhere: it would be found in every second word. */
const SHORTEST = 4

/** Replaces secrets in what containers print and engines say, before it is shown or stored. */
export class SecretMask {
  #forms: readonly string[] = []

  /** Knows these values from now on, also as they are written in addresses, JSON and base64. */
  add(values: Iterable<string>): void {
    const forms = new Set(this.#forms)
    for (const value of values) for (const form of formsOf(value)) forms.add(form)
    // The longest first: one may be part of another.
    this.#forms = [...forms].toSorted((a, b) => b.length - a.length)
  }

  text(text: string): string {
    return this.#forms.reduce((masked, form) => (masked.includes(form) ? masked.replaceAll(form, MASK) : masked), text)
  }

  /** The same error without secrets, in its details either. */
  error(error: SealiftError): SealiftError {
    const details = this.#any(error.details) as Readonly<Record<string, unknown>>
    const message = this.text(error.message)
    // What caused it is left out where it may hold what the message held.
    const cause = message === error.message ? { cause: error.cause } : {}
    return new SealiftError(error.code, message, { hint: this.text(error.hint), details, ...cause })
  }

  #any(value: unknown): unknown {
    if (typeof value === 'string') return this.text(value)
    if (Array.isArray(value)) return value.map((item) => this.#any(item))
    if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, this.#any(item)]))
  }
}

function formsOf(value: string): readonly string[] {
  if (value.length < SHORTEST) return []
  const base64 = Buffer.from(value).toString('base64')
  return [value, encodeURIComponent(value), JSON.stringify(value).slice(1, -1), base64, base64.replaceAll('=', '')]
}

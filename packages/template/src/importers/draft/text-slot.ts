/** Part of a text that something else takes the place of. */
export interface Replacement {
  readonly start: number
  /** Behind the last character. */
  readonly end: number
  /** Plain text, or the name of a value that stands there as `${…}`. */
  readonly with: { readonly text: string } | { readonly value: string }
}

/** A literal text of a draft, in which parts are replaced before it is written into a template. */
export class TextSlot {
  readonly component: string
  readonly kind: 'env' | 'argument' | 'file'
  /** The variable, or `command`, `entrypoint`, `health`; for a file its source. */
  readonly name: string
  readonly text: string
  readonly #replacements: Replacement[] = []

  constructor(component: string, kind: TextSlot['kind'], name: string, text: string) {
    this.component = component
    this.kind = kind
    this.name = name
    this.text = text
  }

  /** Whether a part was not replaced yet. */
  isFree(start: number, end: number): boolean {
    return this.#replacements.every((other) => end <= other.start || start >= other.end)
  }

  /** Replaces a part; false where part of it was replaced already. */
  replace(replacement: Replacement): boolean {
    if (!this.isFree(replacement.start, replacement.end)) return false
    this.#replacements.push(replacement)
    return true
  }

  /** Whether a value stands somewhere in it. */
  get hasValues(): boolean {
    return this.#replacements.some((each) => 'value' in each.with)
  }

  get isChanged(): boolean {
    return this.#replacements.length > 0
  }

  /** The text as a template has it: `${` in what is literal is escaped, unless the text is not substituted. */
  render({ substituted = true }: { readonly substituted?: boolean } = {}): string {
    const literal = (text: string): string => (substituted ? text.replaceAll('${', () => '$${') : text)
    let result = ''
    let position = 0
    for (const { start, end, with: by } of this.#replacements.toSorted((a, b) => a.start - b.start)) {
      result += literal(this.text.slice(position, start))
      result += 'value' in by ? `\${${by.value}}` : literal(by.text)
      position = end
    }
    return result + literal(this.text.slice(position))
  }
}

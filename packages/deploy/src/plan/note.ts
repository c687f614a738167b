import type { Effect, ItemKind, PlanItem } from './plan.ts'

/** What a merge knows about an attribute beyond the difference: why it is kept, what is on offer. */
export interface Note {
  readonly component: string | null
  readonly kind: ItemKind
  readonly name: string
  readonly effect: Effect
  readonly why: string
  readonly offered?: string
}

/** The notes of a merge, one for each attribute; a later one replaces an earlier. */
export class Notes {
  readonly #notes = new Map<string, Note>()

  add(note: Note): void {
    this.#notes.set(noteKey(note), note)
  }

  get(item: Pick<PlanItem, 'component' | 'kind' | 'name'>): Note | undefined {
    return this.#notes.get(noteKey(item))
  }

  all(): readonly Note[] {
    return [...this.#notes.values()]
  }
}

/** Tells attributes apart. */
export function noteKey({ component, kind, name }: Pick<PlanItem, 'component' | 'kind' | 'name'>): string {
  return JSON.stringify([component, kind, name])
}

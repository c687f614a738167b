import type { Notes } from './note.ts'
import type { Effect, ItemKind, PlanItem } from './plan.ts'

/** What an attribute is, in the words of people; null where it is not there. */
export type Shown = string | null

/** An item before it is known what is restarted for it. */
export type Draft = Omit<PlanItem, 'restart'>

/** Gives the reason for a difference about which no note says one. */
export type Why = (effect: 'added' | 'changed' | 'removed') => string

/** Gathers the items of a plan: differences, and what the notes add to them. */
export class ItemList {
  readonly items: Draft[] = []
  readonly #notes: Notes
  readonly #why: Why
  readonly #seen = new Set<string>()

  constructor(notes: Notes, why: Why) {
    this.#notes = notes
    this.#why = why
  }

  /** Adds what there is to say about one attribute: nothing where it neither differs nor has a note. */
  compare(component: string | null, kind: ItemKind, name: string, now: Shown, then: Shown, differs: boolean): void {
    const key = JSON.stringify([component, kind, name])
    if (this.#seen.has(key)) return
    this.#seen.add(key)
    const note = this.#notes.get({ component, kind, name })
    if (!differs && note === undefined) return
    const difference = now === null ? 'added' : then === null ? 'removed' : 'changed'
    // A note about a change that turned out to be none: setting what is there already.
    if (!differs && (note?.effect === 'changed' || note?.effect === 'added')) return
    // What a choice changed before it was ever there is new.
    const effect: Effect = note === undefined || (note.effect === 'changed' && now === null) ? difference : note.effect
    this.items.push({
      component,
      kind,
      name,
      now,
      then,
      effect,
      why: note?.why ?? this.#why(difference),
      ...(note?.offered === undefined ? {} : { offered: note.offered }),
    })
  }

  /** Compares the entries of two tables by name. */
  table<T>(
    component: string | null,
    kind: ItemKind,
    before: Readonly<Record<string, T>>,
    after: Readonly<Record<string, T>>,
    shown: (entry: T) => string,
    same: (a: T, b: T) => boolean,
  ): void {
    for (const name of new Set([...Object.keys(after), ...Object.keys(before)])) {
      const [now, then] = [before[name], after[name]]
      const differs = now === undefined || then === undefined ? now !== then : !same(now, then)
      this.compare(component, kind, name, now === undefined ? null : shown(now), then === undefined ? null : shown(then), differs)
    }
  }
}

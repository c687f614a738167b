import type { WantedState } from '../state.ts'
import { offeredDefault, shownDefault, shownValue, type Value } from '../value.ts'
import { diffStates } from './diff-states.ts'
import type { Why } from './item-list.ts'
import { underNamesOf } from './lineage.ts'
import { Notes } from './note.ts'
import type { PlanItem } from './plan.ts'

const WHY: Why = (effect) =>
  ({ added: 'Only the second revision has it.', changed: 'The revisions differ in it.', removed: 'Only the first revision has it.' })[effect]

/** A value with all that a revision records about it. */
function shownRecorded(value: Value): string {
  const offered = offeredDefault(value)
  const marks = [
    ...(value.origin === 'site' ? [value.byGroup && value.group !== undefined ? `of the site, for group ${value.group}` : 'of the site'] : []),
    ...(value.leftOver ? ['left over'] : []),
    ...(offered === undefined ? [] : [`on offer: ${shownDefault(value, offered)}`]),
  ]
  return marks.length === 0 ? shownValue(value) : `${shownValue(value)} (${marks.join(', ')})`
}

/**
 * Every attribute in which two revisions of an installation differ, as items like a plan's: the first
 * is `now`, the second `then`. Also what is switched off, and whose a value is. A pure function.
 */
export function diffRevisions(before: WantedState, after: WantedState): readonly PlanItem[] {
  const { state, renamed } = underNamesOf(after, before)
  const items = diffStates(state, after, new Notes(), { why: WHY, everything: true, shownAs: shownRecorded, renamed })
  return items.map((item) => ({ ...item, restart: false }))
}

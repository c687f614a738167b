/** Whose value an installation has before the upgrade. */
export type Start = 'untouched' | 'site' | 'generated'

/** What the later release does with its default. */
export type Vendor = 'same' | 'changed' | 'dropped' | 'added'

export type Rule = 'keep' | 'follow' | 'locked'

/** What is done, column by column. */
export const WAYS = ['plain', 'take', 'decline', 'prune', 'rollback', 'again', 'older'] as const
export type Way = (typeof WAYS)[number]

/**
 * What is there afterwards. `old` and `new` are the defaults of the two releases, `mine` the site's,
 * `both` a merge, `made` a generated value, `-` nothing. `?` after it: a default is on offer; `!`: left
 * over. A code: refused. `x|y`: x for a variable, y for a file.
 */
export type Cell = string

/** The rule for values, as docs/template.md tells it to vendors: each row with a cell for each of {@link WAYS}. */
export const VALUE_TABLE: readonly (readonly [Start, Vendor, Rule, readonly [Cell, Cell, Cell, Cell, Cell, Cell, Cell]])[] = [
  //                                 plain    take        decline         prune    rollback again    older
  ['untouched', 'same', 'keep', ['old', 'old', 'old', 'old', 'old', 'old', 'old']],
  ['untouched', 'same', 'follow', ['old', 'old', 'old', 'old', 'old', 'old', 'old']],
  ['untouched', 'same', 'locked', ['old', 'old', 'VALUE_LOCKED', 'old', 'old', 'old', 'old']],
  ['untouched', 'changed', 'keep', ['old?', 'new', 'old', 'old?', 'old', 'old?', 'old']],
  ['untouched', 'changed', 'follow', ['new', 'new', 'old', 'new', 'old', 'new', 'old']],
  ['untouched', 'changed', 'locked', ['new', 'new', 'VALUE_LOCKED', 'new', 'old', 'new', 'old']],
  ['untouched', 'dropped', 'keep', ['old!', 'NAME_UNKNOWN', 'NAME_UNKNOWN', '-', 'old', 'old!', 'old']],
  ['untouched', 'dropped', 'follow', ['old!', 'NAME_UNKNOWN', 'NAME_UNKNOWN', '-', 'old', 'old!', 'old']],
  ['untouched', 'dropped', 'locked', ['old!', 'NAME_UNKNOWN', 'NAME_UNKNOWN', '-', 'old', 'old!', 'old']],
  ['untouched', 'added', 'keep', ['new', 'new', 'CHOICES_INVALID', 'new', '-', 'new', 'new!']],
  ['untouched', 'added', 'follow', ['new', 'new', 'CHOICES_INVALID', 'new', '-', 'new', 'new!']],
  ['untouched', 'added', 'locked', ['new', 'new', 'CHOICES_INVALID', 'new', '-', 'new', 'new!']],
  // Taking a file a second time does not throw away what the site made of it: `=vendor` does.
  ['site', 'same', 'keep', ['mine', 'old|mine', 'mine', 'mine', 'mine', 'mine', 'mine']],
  ['site', 'same', 'follow', ['mine', 'old|mine', 'mine', 'mine', 'mine', 'mine', 'mine']],
  ['site', 'same', 'locked', ['old', 'old', 'VALUE_LOCKED', 'old', 'mine', 'old', 'old']],
  ['site', 'changed', 'keep', ['mine?', 'new|both', 'mine', 'mine?', 'mine', 'mine?', 'mine']],
  ['site', 'changed', 'follow', ['mine?', 'new|both', 'mine', 'mine?', 'mine', 'mine?', 'mine']],
  ['site', 'changed', 'locked', ['new', 'new', 'VALUE_LOCKED', 'new', 'mine', 'new', 'new?']],
  ['site', 'dropped', 'keep', ['mine!', 'NAME_UNKNOWN', 'NAME_UNKNOWN', '-', 'mine', 'mine!', 'mine']],
  ['site', 'dropped', 'follow', ['mine!', 'NAME_UNKNOWN', 'NAME_UNKNOWN', '-', 'mine', 'mine!', 'mine']],
  // What the site brought by itself stays the site's, whatever releases come and go. There is no base to merge from.
  ['site', 'added', 'keep', ['mine?', 'new|MERGE_CONFLICT', 'mine', 'mine?', 'mine', 'mine?', 'mine']],
  ['site', 'added', 'follow', ['mine?', 'new|MERGE_CONFLICT', 'mine', 'mine?', 'mine', 'mine?', 'mine']],
  ['site', 'added', 'locked', ['new', 'new', 'VALUE_LOCKED', 'new', 'mine', 'new', 'new!']],
]

/** The same for a connection value, which only a vendor gives and which may be generated. */
export const CONNECTION_TABLE: typeof VALUE_TABLE = [
  ...VALUE_TABLE.filter(([start]) => start === 'untouched'),
  ['generated', 'same', 'keep', ['made', 'made', 'made', 'made', 'made', 'made', 'made']],
  ['generated', 'changed', 'keep', ['made?', 'new', 'made', 'made?', 'made', 'made?', 'made']],
  ['generated', 'changed', 'follow', ['made?', 'new', 'made', 'made?', 'made', 'made?', 'made']],
  ['generated', 'changed', 'locked', ['new', 'new', 'VALUE_LOCKED', 'new', 'made', 'new', 'made']],
  ['generated', 'dropped', 'keep', ['made!', 'NAME_UNKNOWN', 'NAME_UNKNOWN', '-', 'made', 'made!', 'made']],
  ['generated', 'added', 'keep', ['made', 'made', 'CHOICES_INVALID', 'made', '-', 'made', 'made!']],
]

/** The same for what has no rule of its own and that no site sets: storage. */
export const VOLUME_TABLE: typeof VALUE_TABLE = VALUE_TABLE.filter(([start, , rule]) => start === 'untouched' && rule === 'keep')

/** The same for parameters, which a site answers and never adds. One that came since stays after a rollback: what came with it may use it. */
export const PARAMETER_TABLE: typeof VALUE_TABLE = [
  ...VALUE_TABLE.filter(([, vendor, rule]) => rule === 'keep' && vendor !== 'added'),
  ['untouched', 'added', 'keep', ['new', 'new', 'CHOICES_INVALID', 'new', 'new!', 'new', 'new!']],
]

/** What is taken from the release as it is: nothing of it is on offer, and nothing stays. */
export const RELEASE_TABLE: readonly (readonly [Vendor, Readonly<Record<Way, Cell>>])[] = [
  ['same', { plain: 'old', take: 'NAME_UNKNOWN', decline: 'NAME_UNKNOWN', prune: 'old', rollback: 'old', again: 'old', older: 'old' }],
  ['changed', { plain: 'new', take: 'NAME_UNKNOWN', decline: 'NAME_UNKNOWN', prune: 'new', rollback: 'old', again: 'new', older: 'old' }],
  ['dropped', { plain: '-', take: 'NAME_UNKNOWN', decline: 'NAME_UNKNOWN', prune: '-', rollback: 'old', again: '-', older: 'old' }],
  ['added', { plain: 'new', take: 'NAME_UNKNOWN', decline: 'NAME_UNKNOWN', prune: 'new', rollback: '-', again: 'new', older: '-' }],
]

/** Ports and routes: added and changed as the release says; what it dropped stays until it is pruned. */
export const STAYING_TABLE: typeof RELEASE_TABLE = [
  ['same', { plain: 'old', take: 'NAME_UNKNOWN', decline: 'NAME_UNKNOWN', prune: 'old', rollback: 'old', again: 'old', older: 'old' }],
  ['changed', { plain: 'new', take: 'NAME_UNKNOWN', decline: 'NAME_UNKNOWN', prune: 'new', rollback: 'old', again: 'new', older: 'old' }],
  ['dropped', { plain: 'old!', take: 'NAME_UNKNOWN', decline: 'NAME_UNKNOWN', prune: '-', rollback: 'old', again: 'old!', older: 'old' }],
  ['added', { plain: 'new', take: 'NAME_UNKNOWN', decline: 'NAME_UNKNOWN', prune: 'new', rollback: '-', again: 'new', older: 'new!' }],
]

/** A whole component: as a port is, but that what a rollback leaves behind stays. */
export const COMPONENT_TABLE: typeof RELEASE_TABLE = [
  ...STAYING_TABLE.slice(0, 3),
  ['added', { plain: 'new', take: 'NAME_UNKNOWN', decline: 'NAME_UNKNOWN', prune: 'new', rollback: 'new!', again: 'new', older: 'new!' }],
]

/** Replicas, memory and cores: the release's where the site said nothing, else the site's within bounds. */
export const AMOUNT_TABLE: readonly (readonly [Start, 'same' | 'changed' | 'tighter', Readonly<Record<Way, Cell>>])[] = [
  ['untouched', 'same', { plain: 'old', take: 'NAME_UNKNOWN', decline: 'NAME_UNKNOWN', prune: 'old', rollback: 'old', again: 'old', older: 'old' }],
  ['untouched', 'changed', { plain: 'new', take: 'NAME_UNKNOWN', decline: 'NAME_UNKNOWN', prune: 'new', rollback: 'old', again: 'new', older: 'old' }],
  ['site', 'same', { plain: 'mine', take: 'NAME_UNKNOWN', decline: 'NAME_UNKNOWN', prune: 'mine', rollback: 'mine', again: 'mine', older: 'mine' }],
  ['site', 'changed', { plain: 'mine', take: 'NAME_UNKNOWN', decline: 'NAME_UNKNOWN', prune: 'mine', rollback: 'mine', again: 'mine', older: 'mine' }],
  ['site', 'tighter', { plain: 'most', take: 'NAME_UNKNOWN', decline: 'NAME_UNKNOWN', prune: 'most', rollback: 'mine', again: 'most', older: 'most' }],
]

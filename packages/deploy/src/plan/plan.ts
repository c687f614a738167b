import type { Digest } from '@sealift/oci/digest.ts'
import { canonicalJson } from '@sealift/template/canonical-json.ts'
import type { HookMoment } from '../accompanying-containers.ts'
import type { Finding } from '../driver.ts'
import type { PinnedImage, ReleaseIdentity, WantedState } from '../state.ts'
import type { GenerateSpec } from '../value.ts'
import type { DataChoice, Restore } from './data-choice.ts'

/** What a plan is for. `return` is the way back after a failure. */
export type PlanKind = 'install' | 'configure' | 'upgrade' | 'rollback' | 'return' | 'uninstall'

/** What of an installation an item is about. */
export type ItemKind =
  | 'release'
  | 'parameter'
  | 'module'
  | 'component'
  | 'image'
  | 'command'
  | 'probe'
  | 'dependency'
  | 'initContainer'
  | 'plugin'
  | 'hook'
  | 'setting'
  | 'env'
  | 'connection'
  | 'file'
  | 'volume'
  | 'snapshot'
  | 'run'
  | 'port'
  | 'replicas'
  | 'memory'
  | 'cpu'
  | 'check'
  | 'route'
  | 'alert'
  | 'feature'

/** What happens with it. In the order in which counts are printed. */
export const EFFECTS = [
  'changed',
  'added',
  'removed',
  'generated',
  'allocated',
  'copied',
  'restored',
  'run',
  'kept',
  'offered',
  'leftOver',
  'notActedOn',
] as const
export type Effect = (typeof EFFECTS)[number]

/** One line of a plan. Secrets are masked. */
export interface PlanItem {
  /** null for what belongs to the whole installation. */
  readonly component: string | null
  readonly kind: ItemKind
  /** Unique within component and kind. */
  readonly name: string
  /** As it is; null where it is not there. */
  readonly now: string | null
  /** As it will be; null where it will not be there. */
  readonly then: string | null
  /** The vendor's default that awaits a decision. */
  readonly offered?: string
  readonly effect: Effect
  /** A sentence for people. */
  readonly why: string
  /** Whether the component is restarted for it. */
  readonly restart: boolean
}

/** One piece of work. It starts when every step that `after` names is done. */
export type Step = { readonly id: string; readonly after: readonly string[] } & (
  | { readonly kind: 'generate'; readonly secret: string; readonly spec: GenerateSpec }
  | { readonly kind: 'images'; readonly images: readonly PinnedImage[] }
  | { readonly kind: 'installation' }
  /** Runs a hook of a component as one of the two states has it. */
  | { readonly kind: 'hook'; readonly component: string; readonly moment: HookMoment; readonly of: 'previous' | 'next' }
  /** Stops a component, so that its volumes can be copied. */
  | { readonly kind: 'stop'; readonly component: string }
  /** Copies a volume as it is now. */
  | { readonly kind: 'snapshot'; readonly component: string; readonly volume: string; readonly source: string }
  /** Starts a component again that was stopped or quiesced for a copy, as it was, and waits for its gate. */
  | { readonly kind: 'start'; readonly component: string; readonly quiesced: boolean }
  /** Fills a new volume from a snapshot. */
  | ({ readonly kind: 'restore' } & Restore)
  /** Removes a volume of an earlier generation with its data. */
  | { readonly kind: 'discard'; readonly volume: string }
  /** Brings a component to its wanted state and waits for its gate. `fresh` removes its containers first: a job that failed. */
  | { readonly kind: 'component'; readonly component: string; readonly hash: string; readonly fresh: boolean; readonly wave: number }
  /** Waits for the gate of a component that is not changed but that others wait for. */
  | { readonly kind: 'wait'; readonly component: string }
  | { readonly kind: 'remove'; readonly component: string }
  | { readonly kind: 'uninstall'; readonly deleteData: boolean }
  | { readonly kind: 'check'; readonly check: string }
)

/** The difference between two states of an installation, what will happen, and why. Plain JSON without secrets. */
export interface Plan {
  /** sha256 over everything else here. */
  readonly digest: Digest
  readonly kind: PlanKind
  readonly installation: string
  /** The revision that it starts from; null for an install. */
  readonly from: number | null
  /** For `rollback` and `return`: the revision that it goes to. */
  readonly to: number | null
  readonly fromRelease: ReleaseIdentity | null
  readonly toRelease: ReleaseIdentity | null
  readonly previous: WantedState | null
  /** null for an uninstall. */
  readonly next: WantedState | null
  readonly items: readonly PlanItem[]
  readonly steps: readonly Step[]
  readonly data: DataChoice
  /** What a person should know before agreeing. An `error` refuses execution. */
  readonly findings: readonly Finding[]
  /** What becomes of a failure, in a sentence for people. */
  readonly rollbackNote: string
  /** Whether a failure goes back by itself. */
  readonly returns: boolean
}

/** How many items have each effect; effects without any are absent. */
export function countEffects(items: readonly PlanItem[]): Readonly<Partial<Record<Effect, number>>> {
  const counts: Partial<Record<Effect, number>> = {}
  for (const { effect } of items) counts[effect] = (counts[effect] ?? 0) + 1
  return counts
}

const WORDS: Readonly<Record<Exclude<Effect, 'offered'>, string>> = {
  changed: 'changed',
  added: 'added',
  removed: 'removed',
  generated: 'generated',
  allocated: 'allocated',
  copied: 'copied',
  restored: 'brought back',
  run: 'run',
  kept: 'kept',
  leftOver: 'left over',
  notActedOn: 'not acted on',
}

/** `3 changed · 1 added · 2 kept (1 with a new default on offer)`. What is on offer is kept until it is taken. */
export function countsLine(items: readonly PlanItem[]): string {
  const { offered = 0, ...counts } = countEffects(items)
  if (offered > 0) counts.kept = (counts.kept ?? 0) + offered
  const onOffer = offered === 0 ? '' : ` (${offered} with a new default on offer)`
  const parts = EFFECTS.flatMap((effect) => {
    if (effect === 'offered' || counts[effect] === undefined) return []
    return [`${counts[effect]} ${WORDS[effect]}${effect === 'kept' ? onOffer : ''}`]
  })
  return parts.length === 0 ? 'nothing changes' : parts.join(' · ')
}

/** The items by component, the installation's own (null) first. */
export function itemsByComponent(items: readonly PlanItem[]): ReadonlyMap<string | null, readonly PlanItem[]> {
  const groups = new Map<string | null, PlanItem[]>()
  for (const item of items.toSorted((a, b) => (a.component === null ? 0 : 1) - (b.component === null ? 0 : 1))) {
    const group = groups.get(item.component) ?? []
    groups.set(item.component, group)
    group.push(item)
  }
  return groups
}

/** Names an item in `--take` and `--decline`: `component/kind/name`, or `kind/name` for what belongs to the whole installation. */
export function itemSelector({ component, kind, name }: Pick<PlanItem, 'component' | 'kind' | 'name'>): string {
  return component === null ? `${kind}/${name}` : `${component}/${kind}/${name}`
}

/** Whether a plan is for nothing: what is wanted is recorded already, and runs. */
export function changesNothing({ previous, next, steps }: Plan): boolean {
  return previous !== null && next !== null && steps.length === 0 && canonicalJson(previous) === canonicalJson(next)
}

const WORK: ReadonlySet<Step['kind']> = new Set(['component', 'remove', 'uninstall', 'snapshot', 'restore', 'discard', 'start'])

/** Whether a plan does any work at the target. */
export function hasWork(plan: Plan): boolean {
  return plan.steps.some(({ kind }) => WORK.has(kind))
}

import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { suggestion } from '@sealift/template/did-you-mean.ts'
import type { Decision } from '../value-merge.ts'
import { itemSelector, type PlanItem } from './plan.ts'

/** How a default is taken: `vendor` as it is, `merge` together with what the site changed; without a word as fits. */
const WAYS = ['vendor', 'merge'] as const

/** What was decided about an item. */
export interface Decided {
  readonly decision: Decision
  readonly way?: (typeof WAYS)[number]
}

/** What `--take` and `--decline` named, by {@link itemSelector}. Remembers what was asked for, so that a typing error is found. */
export class Decisions {
  readonly #decisions = new Map<string, Decided>()
  readonly #known = new Set<string>()

  /**
   * @param take selectors, each as it is or followed by `=vendor` or `=merge`
   * @throws SealiftError `CHOICES_INVALID` where one item is both taken and declined
   */
  constructor(take: readonly string[] = [], decline: readonly string[] = []) {
    for (const text of take) {
      const way = WAYS.find((word) => text.endsWith(`=${word}`))
      const selector = way === undefined ? text : text.slice(0, -way.length - 1)
      this.#decisions.set(selector, { decision: 'take', ...(way === undefined ? {} : { way }) })
    }
    for (const selector of decline) {
      if (this.#decisions.get(selector)?.decision === 'take') {
        throw new SealiftError('CHOICES_INVALID', `${selector} is to be taken and declined`, { hint: 'Leave out --take or --decline.' })
      }
      this.#decisions.set(selector, { decision: 'decline' })
    }
  }

  for(item: Pick<PlanItem, 'component' | 'kind' | 'name'>): Decided | undefined {
    const selector = itemSelector(item)
    this.#known.add(selector)
    return this.#decisions.get(selector)
  }

  /** @throws SealiftError `NAME_UNKNOWN` for what no item answered to */
  assertAllUsed(): void {
    for (const selector of this.#decisions.keys()) {
      if (this.#known.has(selector)) continue
      throw new SealiftError('NAME_UNKNOWN', `nothing to decide is called ${JSON.stringify(selector)}`, {
        hint: `Write component/kind/name as the plan shows it. ${suggestion(selector, [...this.#known])}`,
      })
    }
  }
}

/**
 * The decision about a value that is no file.
 * @throws SealiftError `CHOICES_INVALID` for a merge, `VALUE_LOCKED` for declining what the vendor locked
 */
export function decisionOnValue(item: Pick<PlanItem, 'component' | 'kind' | 'name'>, decided: Decided | undefined, isLocked: boolean): Decision | undefined {
  if (decided?.way === 'merge' && item.kind !== 'file') {
    throw new SealiftError('CHOICES_INVALID', `${itemSelector(item)} is no file: only files are merged`, { hint: `Write --take ${itemSelector(item)}.` })
  }
  if (decided?.decision === 'decline' && isLocked) {
    throw new SealiftError('VALUE_LOCKED', `${itemSelector(item)} is locked by the vendor: its new default can not be declined`)
  }
  return decided?.decision
}

/** @throws SealiftError `CHOICES_INVALID` where something is declined that was not there before: nothing would stand in its place */
export function refuseNewDeclined(item: Pick<PlanItem, 'component' | 'kind' | 'name'>, decided: Decided | undefined): void {
  if (decided?.decision !== 'decline') return
  throw new SealiftError('CHOICES_INVALID', `${itemSelector(item)} is new in this release: there is nothing to keep instead`, {
    hint: 'Leave --decline out, and set another value with sealift configure.',
  })
}

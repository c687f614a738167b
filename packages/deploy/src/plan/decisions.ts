import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { suggestion } from '@sealift/template/did-you-mean.ts'
import type { Decision } from '../value-merge.ts'
import { itemSelector, type PlanItem } from './plan.ts'

/** What `--take` and `--decline` named, by {@link itemSelector}. Remembers what was asked for, so that a typing error is found. */
export class Decisions {
  readonly #decisions: ReadonlyMap<string, Decision>
  readonly #known = new Set<string>()

  constructor(take: readonly string[] = [], decline: readonly string[] = []) {
    this.#decisions = new Map([...take.map((item) => [item, 'take'] as const), ...decline.map((item) => [item, 'decline'] as const)])
  }

  for(item: Pick<PlanItem, 'component' | 'kind' | 'name'>): Decision | undefined {
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

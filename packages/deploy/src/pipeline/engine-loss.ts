import { isSealiftError } from '@sealift/oci/sealift-error.ts'
import type { Driver } from '../driver.ts'
import type { Plan } from '../plan/plan.ts'
import type { Clock } from './clock.ts'

/** How long a change waits for an engine that went away before it is put down, and how often it looks, in milliseconds. */
export const PATIENCE = { total: 120_000, first: 500, longest: 5_000 } as const

/** Whether something failed since the target does not answer any more, which says nothing about the change itself. */
export function isEngineLost(thrown: unknown): boolean {
  return isSealiftError(thrown, 'ENGINE_UNREACHABLE')
}

/**
 * Waits for a target that went away.
 * @returns whether it answers again; false once {@link PATIENCE} is at its end or the signal is aborted
 */
export async function engineReturns(driver: Driver, clock: Clock, signal: AbortSignal): Promise<boolean> {
  const end = clock.now() + PATIENCE.total
  for (let pause: number = PATIENCE.first; clock.now() < end; pause = Math.min(pause * 2, PATIENCE.longest)) {
    try {
      await clock.sleep(pause, signal)
      await driver.capabilities()
      return true
    } catch (thrown) {
      if (signal.aborted) return false
      if (!isEngineLost(thrown)) throw thrown
    }
  }
  return false
}

const LOOKED_AT_AGAIN: ReadonlySet<string> = new Set(['images', 'installation', 'wait', 'start'])

/**
 * The steps that need not be done again after the program or the engine was away. What runs may have
 * stopped meanwhile, so components are looked at once more, which costs little where all is in place. A
 * job that has ended stays done: running it twice is another thing than looking twice.
 */
export function stepsStillDone(plan: Plan, done: ReadonlySet<string>): ReadonlySet<string> {
  const isLasting = (step: Plan['steps'][number]): boolean =>
    step.kind === 'component' ? plan.next?.components[step.component]?.definition.workload === 'job' : !LOOKED_AT_AGAIN.has(step.kind)
  return new Set(plan.steps.filter((step) => done.has(step.id) && isLasting(step)).map(({ id }) => id))
}

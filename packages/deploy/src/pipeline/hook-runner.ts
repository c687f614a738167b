import { SealiftError } from '@sealift/oci/sealift-error.ts'
import type { HookStep } from '../plan/hook-steps.ts'
import { hookOf } from '../plan/hook-steps.ts'
import { hookRunName, type ResolveContext, resolveHook } from '../resolve.ts'
import type { SecretLookup } from '../scope.ts'
import { raceAbort } from './race-abort.ts'
import type { StepRunnerOptions } from './step-runner.ts'

export type { HookStep } from '../plan/hook-steps.ts'

/** How much of a hook's output an error shows, in characters. */
const HOOK_OUTPUT = 2000

/**
 * Runs the hooks of a plan. A hook's container carries a key by which the program finds it again: one
 * that went on while the program was dead is waited for, and its outcome counts.
 */
export class HookRunner {
  readonly #options: StepRunnerOptions

  constructor(options: StepRunnerOptions) {
    this.#options = options
  }

  /** @throws SealiftError `HOOK_FAILED` */
  async run(step: HookStep, resolve: ResolveContext, secret: SecretLookup, signal: AbortSignal): Promise<void> {
    const { context, mask } = this.#options
    const run = resolveHook(resolve, step.component, step.moment, secret)
    if (run === undefined) return
    const { suspend } = context
    // At the end of the program the container goes on; where the change is given up it must not.
    const stop = new AbortController()
    const onAbort = (): void => {
      if (suspend?.aborted !== true) stop.abort(signal.reason)
    }
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      signal.throwIfAborted()
      const running = context.driver.runOnce({ ...run, key: this.#key(step), signal: stop.signal })
      const { exitCode, timedOut, output } = suspend === undefined ? await running : await raceAbort(running, suspend)
      if (exitCode === 0 && !timedOut) return
      const what = timedOut ? `was not done within ${run.timeout} seconds and was ended` : `ended with ${exitCode}`
      const shown = mask.text(output).trim().slice(-HOOK_OUTPUT)
      throw new SealiftError('HOOK_FAILED', `${describe(step)} ${what}${shown === '' ? '' : `; the last it printed:\n${shown}`}`, {
        details: { component: step.component, hook: step.moment, exitCode },
      })
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  /**
   * Whether a hook that was begun when the program died can simply be gone on with: it never started,
   * still runs, has ended well, or may run again. What is left of a run that does not count is removed.
   */
  async canGoOn(step: HookStep): Promise<boolean> {
    const { plan, context } = this.#options
    const found = await context.driver.findRun(plan.installation, hookRunName(step.component, step.moment), this.#key(step))
    if (found?.state === 'created' || found?.state === 'running' || (found?.state === 'ended' && found.exitCode === 0)) return true
    // One of which nothing is left may have run: someone may have cleaned up.
    if (hookOf(plan as Parameters<typeof hookOf>[0], step)?.idempotent !== true) return false
    await this.forget(step)
    return true
  }

  /** Removes what is left of a hook's run. */
  forget(step: HookStep): Promise<void> {
    const { plan, context } = this.#options
    return context.driver.forgetRun(plan.installation, hookRunName(step.component, step.moment))
  }

  #key(step: HookStep): string {
    const { id, way } = this.#options
    return `${id}/${way ? 'return/' : ''}${step.id}`
  }
}

/** A hook in the words of people. */
export function describe({ component, moment }: HookStep): string {
  return `hook ${moment} of component ${component}`
}

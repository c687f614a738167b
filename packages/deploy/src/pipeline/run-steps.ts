import type { Step } from '../plan/plan.ts'

/** How many steps run at the same time. */
const PARALLEL = 8

/**
 * Runs steps as soon as all that they come after are done, several at a time. After the first
 * failure none is begun any more, those under way are told through the signal and waited for, and
 * the failure is thrown.
 * @param done steps that need not run
 */
export async function runSteps(
  steps: readonly Step[],
  done: ReadonlySet<string>,
  signal: AbortSignal,
  run: (step: Step, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const finished = new Set(done)
  const open = new Set(steps.filter(({ id }) => !finished.has(id)))
  const running = new Map<string, Promise<void>>()
  const failure = new AbortController()
  const anyEnd = AbortSignal.any([signal, failure.signal])
  let failed: { thrown: unknown } | undefined
  const runOne = async (step: Step): Promise<void> => {
    try {
      await run(step, anyEnd)
      finished.add(step.id)
    } catch (thrown) {
      failed ??= { thrown }
      failure.abort(thrown)
    } finally {
      running.delete(step.id)
    }
  }
  for (;;) {
    if (failed === undefined && signal.aborted) failed = { thrown: signal.reason }
    for (const step of failed === undefined ? open : []) {
      if (running.size >= PARALLEL) break
      // A step that comes after one that this list does not have waits for nothing.
      if (step.after.some((id) => !finished.has(id) && (running.has(id) || [...open].some((other) => other.id === id)))) continue
      open.delete(step)
      running.set(step.id, runOne(step))
    }
    if (running.size === 0) break
    await Promise.race(running.values())
  }
  if (failed !== undefined) throw failed.thrown
  const [stuck] = open
  if (stuck !== undefined) throw new TypeError(`step ${stuck.id} waits for something that never comes`)
}

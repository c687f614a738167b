import type { Step } from './plan.ts'
import { type Stake, stakesOf, writersOf } from './stakes.ts'
import type { Scope, StepInput } from './steps.ts'

/**
 * The steps that copy volumes before a change, and that fill volumes from snapshots: whoever writes is
 * quiesced or stopped, all are copied as they are at that one moment, and who is not replaced anyway
 * is started again.
 * @param startAll whether hooks come before the replacement: they find everything running
 */
export function dataSteps(input: StepInput, { affected }: Scope, startAll: boolean): readonly Step[] {
  const { data, observed } = input
  const stakes = stakesOf(input, affected)
  const writers = stakes.length === 0 ? [] : runningWriters(input, stakes)
  const isQuiesced = (name: string): boolean => input.previous?.components[name]?.definition.hooks?.quiesce !== undefined
  const steps: Step[] = []
  for (const component of writers) {
    steps.push(
      isQuiesced(component)
        ? { id: `hook quiesce ${component}`, after: ['installation'], kind: 'hook', component, moment: 'quiesce', of: 'previous' }
        : { id: `stop ${component}`, after: ['installation'], kind: 'stop', component },
    )
  }
  const still = steps.length === 0 ? ['installation'] : steps.map(({ id }) => id)
  const copies = stakes.map(({ component, volume, source }): Step => ({ id: `snapshot ${source}`, after: still, kind: 'snapshot', component, volume, source }))
  steps.push(...copies)
  const copied = copies.map(({ id }) => id)
  for (const component of writers) {
    if (!startAll && affected.includes(component)) continue
    steps.push({ id: `start ${component}`, after: copied, kind: 'start', component, quiesced: isQuiesced(component) })
  }
  // What a change that failed left quiesced, and that nothing else starts anew.
  for (const component of data.undo?.quiesced ?? []) {
    const isThere = observed.components.some(({ name }) => name === component)
    if (isThere && !affected.includes(component)) steps.push({ id: `start ${component}`, after: ['installation'], kind: 'start', component, quiesced: true })
  }
  for (const restore of data.restores)
    steps.push({ id: `restore ${restore.to}`, after: copied.length === 0 ? ['installation'] : copied, kind: 'restore', ...restore })
  return steps
}

/** Who writes to what is copied, and runs. */
function runningWriters({ previous, installation, observed }: StepInput, stakes: readonly Stake[]): readonly string[] {
  if (previous === null) return []
  const running = new Set(
    observed.components.flatMap(({ name, replicas }) => (replicas.some(({ state }) => state === 'running' || state === 'starting') ? [name] : [])),
  )
  return writersOf(previous, installation, new Set(stakes.map(({ source }) => source))).filter((name) => running.has(name))
}

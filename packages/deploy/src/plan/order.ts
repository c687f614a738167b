import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { isActive, runningComponents, type WantedState } from '../state.ts'

/** Whether there is something to wait for in a component: it is on, and runs here or has a probe at the site. */
function canBeWaitedFor(state: WantedState, name: string): boolean {
  const { workload, probes } = state.components[name]?.definition ?? {}
  return isActive(state, name) && (workload !== 'external' || probes?.readiness !== undefined || probes?.startup !== undefined)
}

/** The components that each running component waits for; those that are off, or that nobody can look at, are not waited for. */
export function waits(state: WantedState): ReadonlyMap<string, readonly string[]> {
  const running = new Set(runningComponents(state))
  return new Map(
    [...running].map((name) => {
      const dependsOn = state.components[name]?.definition.dependsOn ?? []
      return [name, dependsOn.filter(({ wait, component }) => wait !== 'none' && canBeWaitedFor(state, component)).map(({ component }) => component)]
    }),
  )
}

/**
 * In which wave each component starts: 0 waits for nobody, every other one comes after all that it waits for.
 * @throws SealiftError `VALUE_UNRESOLVED` where components wait for each other
 */
export function waves(waitsFor: ReadonlyMap<string, readonly string[]>): ReadonlyMap<string, number> {
  const wave = new Map<string, number>()
  const open: string[] = []
  const visit = (name: string): number => {
    const known = wave.get(name)
    if (known !== undefined) return known
    if (open.includes(name)) {
      throw new SealiftError('VALUE_UNRESOLVED', `components wait for each other: ${[...open.slice(open.indexOf(name)), name].join(' → ')}`)
    }
    open.push(name)
    const position = Math.max(-1, ...(waitsFor.get(name) ?? []).map(visit)) + 1
    open.pop()
    wave.set(name, position)
    return position
  }
  for (const name of waitsFor.keys()) visit(name)
  return wave
}

/** The running components in the order in which they are stopped: none before all that wait for it. */
export function stopOrder(state: WantedState): readonly (readonly string[])[] {
  const wave = waves(waits(state))
  const groups: string[][] = []
  for (const name of runningComponents(state)) {
    const position = wave.get(name) ?? 0
    groups[position] ??= []
    groups[position].push(name)
  }
  return groups.filter((group) => group !== undefined).toReversed()
}

import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { runningComponents, type WantedState } from '../state.ts'

/** The components that each running component waits for; those that are off or external are not waited for. */
export function waits(state: WantedState): ReadonlyMap<string, readonly string[]> {
  const running = new Set(runningComponents(state))
  return new Map(
    [...running].map((name) => {
      const dependsOn = state.components[name]?.definition.dependsOn ?? []
      return [name, dependsOn.filter(({ wait, component }) => wait !== 'none' && running.has(component)).map(({ component }) => component)]
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

import type { Driver } from '../driver.ts'
import { type ComponentState, volumeDefinition } from '../state.ts'
import { replicaHash, type WantedComponent } from '../wanted-component.ts'

/** What is rolled out. */
export interface RollOutRequest {
  readonly component: ComponentState
  readonly wanted: WantedComponent
  /** Waits until some replicas are healthy; without numbers until all are. */
  readonly gate: (only?: readonly number[]) => Promise<void>
}

/** What rolling out needs. */
export interface RollOutContext {
  readonly driver: Driver
  readonly signal: AbortSignal
  /** Told what is being done. */
  readonly report: (message: string) => void
}

/** How a component's replicas are replaced, defaults filled in. */
function updateOf({ definition, replicas }: ComponentState): NonNullable<ComponentState['definition']['update']> {
  const several = definition.workload === 'stateless' && replicas.value > 1
  return definition.update ?? { strategy: several ? 'rolling' : 'recreate', maxUnavailable: 1, maxSurge: 0 }
}

/** Whether more replicas than wanted may run for a while: not where one more would write to data that is for one alone. */
function canSurge({ definition, volumes }: ComponentState): boolean {
  if (definition.workload !== 'stateless') return false
  return Object.values(volumes)
    .map(volumeDefinition)
    .every(({ kind, readOnly, from, carried }) => kind === 'memory' || readOnly || from !== undefined || carried.access === 'shared')
}

const numbers = (count: number, from = 0): readonly number[] => Array.from({ length: count }, (_, index) => index + from)

/**
 * Brings a component to its wanted state by its update strategy, and waits until it is healthy. With
 * `rolling`, as many replicas as the strategy allows are replaced at a time, and the next ones only
 * when these are healthy; a failure leaves the others as they were. It looks at what is there, so that
 * a run that was cut off goes on.
 * @throws what the gate and the driver throw
 */
export async function rollOut({ component, wanted, gate }: RollOutRequest, { driver, signal, report }: RollOutContext): Promise<void> {
  const { installation, name, replicas } = wanted
  const { strategy, maxUnavailable, maxSurge } = updateOf(component)
  const hash = replicaHash(wanted.hash, wanted.plugins)
  const seen = (await driver.observeComponent(installation, name))?.replicas ?? []
  const outdated = seen.filter((replica) => replica.index < replicas && replica.state === 'running' && replica.hash !== hash).map(({ index }) => index)
  const extra = canSurge(component) ? Math.min(maxSurge, outdated.length) : 0
  const isRolling = strategy === 'rolling' && outdated.length > 0 && (replicas > 1 || extra > 0)
  if (!isRolling) {
    // One version after the other, never two at a time.
    if (outdated.length > 1) await driver.stop(installation, name)
    await driver.ensureComponent(wanted, { signal })
    return gate()
  }
  const bring = async (only: readonly number[]): Promise<void> => {
    if (only.length === 0) return
    await driver.ensureComponent(wanted, { only, signal })
    await gate(only)
  }
  // Those that are missing can only gain; those that a cut-off run replaced prove themselves before the next ones follow.
  await bring(numbers(replicas).filter((index) => !outdated.includes(index)))
  if (extra > 0) report(`Starting ${extra} more for the time of the update.`)
  await bring(numbers(extra, replicas))
  const atOnce = Math.max(1, maxUnavailable + extra)
  for (let first = 0; first < outdated.length; first += atOnce) {
    const batch = outdated.slice(first, first + atOnce)
    report(`Replacing ${batch.length} of ${replicas} replicas, ${outdated.length - first - batch.length} to follow.`)
    await bring(batch)
  }
  await driver.ensureComponent(wanted, { signal })
  await gate()
}

import type { VolumeSnapshot } from '../snapshot.ts'
import type { WantedState } from '../state.ts'
import type { DataChoice } from './data-choice.ts'
import type { Plan, PlanKind, Step } from './plan.ts'
import { isForwardOnly, volumesAtStake } from './stakes.ts'

/** What becomes of data when a change that touched components of one direction fails. */
export interface DataOnReturn {
  /** Components whose data comes back from the snapshots of the change. */
  readonly restored: readonly string[]
  /** Components whose data cannot come back: there is no snapshot. */
  readonly lost: readonly string[]
}

/** Sorts components of one direction by whether what they change is copied first. */
export function dataOnReturn(previous: WantedState, next: WantedState, data: DataChoice, touched: readonly string[]): DataOnReturn {
  const forwardOnly = touched.filter((name) => isForwardOnly(next, name))
  const isCovered = (name: string): boolean => data.snapshot !== 'none' && volumesAtStake(previous, next, name).length > 0
  return { restored: forwardOnly.filter(isCovered), lost: forwardOnly.filter((name) => !isCovered(name)) }
}

/** The snapshots of a change that hold what components changed. */
export function snapshotsFor(previous: WantedState, next: WantedState, names: readonly string[], taken: readonly VolumeSnapshot[]): readonly VolumeSnapshot[] {
  const wanted = names.flatMap((name) => volumesAtStake(previous, next, name))
  return taken.filter((snapshot) => wanted.some(({ component, volume }) => component === snapshot.component && volume === snapshot.volume))
}

/** What becomes of a failure, for people, and whether it goes back by itself. */
export function whatIfItFails(
  {
    kind,
    from,
    previous,
    next,
    data,
  }: { readonly kind: PlanKind; readonly from: number | null; readonly previous: WantedState | null; readonly next: WantedState; readonly data: DataChoice },
  steps: readonly Step[],
): Pick<Plan, 'rollbackNote' | 'returns'> {
  if (kind === 'return') return { rollbackNote: 'If this fails, the installation stays as it is then.', returns: false }
  if (previous === null) return { rollbackNote: 'If it fails, its containers are removed again; volumes with data stay.', returns: false }
  const changed = steps.flatMap((step) => (step.kind === 'component' ? [step.component] : []))
  const { restored, lost } = dataOnReturn(previous, next, data, changed)
  if (lost.length > 0) {
    return {
      rollbackNote: `The data of ${lost.join(', ')} cannot go back. If it fails after that, it stops and asks instead of returning to revision ${from}.`,
      returns: false,
    }
  }
  const copied = steps.flatMap((step) => (step.kind === 'snapshot' ? [step] : []))
  if (restored.length > 0 && copied.length > 0) {
    const volumes = copied.map(({ component, volume }) => `${component}/${volume}`)
    return {
      rollbackNote: `If it fails after ${restored.join(', ')} began, it returns to revision ${from} by itself, with ${volumes.join(', ')} as copied now: what is written after that is left aside. Data of others stays.`,
      returns: true,
    }
  }
  const aside = data.restores.length > 0 ? ' Data of now is left aside and comes back with it.' : ' Data written meanwhile stays.'
  return { rollbackNote: `If it fails, it returns to revision ${from} by itself.${aside}`, returns: true }
}

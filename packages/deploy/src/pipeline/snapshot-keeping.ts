import { messageOf } from '@sealift/oci/sealift-error.ts'
import type { Driver } from '../driver.ts'
import type { Plan } from '../plan/plan.ts'
import { type SnapshotCatalog, type SnapshotSet, snapshotSets } from '../snapshot.ts'
import type { PipelineContext } from './pipeline-context.ts'

/** How many changes of an installation keep their snapshots. */
export const KEPT_SNAPSHOTS = 3

/**
 * Removes snapshots that later ones have replaced, and what is left of copies that were cut off, after
 * a change that took some. What can't be removed now goes after the next one.
 */
export async function keepLatestSnapshots({ installation, steps }: Plan, { driver, snapshots, report }: PipelineContext): Promise<void> {
  if (!steps.some(({ kind }) => kind === 'snapshot')) return
  try {
    const known = await snapshots.list(installation)
    for (const set of snapshotSets(known).slice(KEPT_SNAPSHOTS)) {
      await removeSnapshots(installation, set, driver, snapshots)
      report({ stage: 'record', message: `Removed snapshot ${set.number}: the latest ${KEPT_SNAPSHOTS} are kept.` })
    }
    const targets = new Set(known.map(({ target }) => target))
    const { snapshots: there } = await driver.observe(installation)
    for (const target of there) if (!targets.has(target)) await driver.removeVolume(installation, target)
  } catch (thrown) {
    report({ stage: 'record', message: `Older snapshots could not be removed: ${messageOf(thrown)}` })
  }
}

/** Removes the snapshots of one number: first from the catalog, so that none is ever offered whose data is gone. */
export async function removeSnapshots(installation: string, { snapshots }: SnapshotSet, driver: Driver, catalog: SnapshotCatalog): Promise<void> {
  for (const { target } of snapshots) {
    await catalog.remove(installation, target)
    await driver.removeVolume(installation, target)
  }
}

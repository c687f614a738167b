import type { Digest } from '@sealift/oci/digest.ts'
import type { VolumeTally } from './volume-copy.ts'

/** A copy of one volume as it was before a change. Those of one number were taken together. */
export interface VolumeSnapshot {
  readonly installation: string
  /** The revision whose change it was taken for. */
  readonly number: number
  readonly component: string
  readonly volume: string
  /** Target name of the volume that it is of. */
  readonly source: string
  /** Its own target name. */
  readonly target: string
  readonly tally: VolumeTally
  /** ISO 8601, UTC. */
  readonly takenAt: string
  /** The revision that was current, and so whose data it is. */
  readonly of: number
  readonly release: { readonly version: string; readonly digest: Digest }
}

/** The name at the target of a snapshot. No volume ends like this, since generations are numbers alone. */
export function snapshotTargetName(source: string, number: number): string {
  return `${source}.s${number}`
}

/**
 * Knows the snapshots that were taken, durably. A snapshot is added when it is whole, and taken out
 * before its data is removed.
 */
export interface SnapshotCatalog {
  /** Adds a snapshot; one of the same target name is replaced. */
  add(snapshot: VolumeSnapshot): Promise<void>
  /** Those of an installation, the latest first. */
  list(installation: string): Promise<readonly VolumeSnapshot[]>
  remove(installation: string, target: string): Promise<void>
}

/** The snapshots of one number. */
export interface SnapshotSet {
  readonly number: number
  readonly snapshots: readonly VolumeSnapshot[]
}

/** Snapshots by the change they were taken for, the latest first. */
export function snapshotSets(snapshots: readonly VolumeSnapshot[]): readonly SnapshotSet[] {
  const sets = Map.groupBy(snapshots, ({ number }) => number)
  return [...sets].map(([number, snapshots]) => ({ number, snapshots })).toSorted((a, b) => b.number - a.number)
}

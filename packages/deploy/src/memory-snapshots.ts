import type { SnapshotCatalog, VolumeSnapshot } from './snapshot.ts'

/** A catalog of snapshots that forgets everything with the process. */
export class MemorySnapshots implements SnapshotCatalog {
  readonly #snapshots = new Map<string, VolumeSnapshot>()

  async add(snapshot: VolumeSnapshot): Promise<void> {
    this.#snapshots.set(snapshot.target, structuredClone(snapshot))
  }

  async list(installation: string): Promise<readonly VolumeSnapshot[]> {
    return [...this.#snapshots.values()].filter((snapshot) => snapshot.installation === installation).toSorted((a, b) => b.number - a.number)
  }

  async remove(_installation: string, target: string): Promise<void> {
    this.#snapshots.delete(target)
  }
}

import type { Snapshot } from '@sealift/api/snapshot.ts'
import type { Journal } from '@sealift/deploy/pipeline/journal.ts'
import { removeSnapshots } from '@sealift/deploy/pipeline/snapshot-keeping.ts'
import { type SnapshotCatalog, type SnapshotSet, snapshotSets } from '@sealift/deploy/snapshot.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import type { TargetRegistry } from '../targets/target-registry.ts'
import type { InstallationRegistry, KnownInstallation } from './installation-registry.ts'

/** Shows the copies of installations' data, and removes them. */
export class SnapshotShelf {
  readonly #catalog: SnapshotCatalog
  readonly #installations: InstallationRegistry
  readonly #targets: TargetRegistry
  readonly #journal: Journal

  constructor(catalog: SnapshotCatalog, installations: InstallationRegistry, targets: TargetRegistry, journal: Journal) {
    this.#catalog = catalog
    this.#installations = installations
    this.#targets = targets
    this.#journal = journal
  }

  /** The snapshots of an installation, the latest first. @throws SealiftError `INSTALLATION_NOT_FOUND` */
  async list(name: string): Promise<Snapshot[]> {
    await this.#known(name)
    return snapshotSets(await this.#catalog.list(name)).map(shown)
  }

  /**
   * Removes the snapshots of one number for good.
   * @throws SealiftError `SNAPSHOT_NOT_FOUND`; `SNAPSHOT_NEEDED` while a change of the installation is open
   */
  async remove(name: string, number: number): Promise<Snapshot> {
    const { environment } = await this.#known(name)
    const set = snapshotSets(await this.#catalog.list(name)).find((each) => each.number === number)
    if (set === undefined) throw new SealiftError('SNAPSHOT_NOT_FOUND', `${name} has no snapshot ${number}`)
    const open = (await this.#journal.open()).find(({ plan }) => plan.installation === name)
    if (open !== undefined) throw new SealiftError('SNAPSHOT_NEEDED', `${name}: job ${open.id} is not at its end, and may still need snapshot ${number}`)
    await removeSnapshots(name, set, await this.#targets.driverOf(environment), this.#catalog)
    return shown(set)
  }

  async #known(name: string): Promise<KnownInstallation> {
    return (await this.#installations.find(name)) ?? this.#installations.get(name)
  }
}

function shown({ number, snapshots }: SnapshotSet): Snapshot {
  const [first] = snapshots
  return {
    number,
    of: first?.of ?? 0,
    version: first?.release.version ?? '',
    takenAt: first?.takenAt ?? '',
    bytes: snapshots.reduce((sum, { tally }) => sum + tally.stored, 0),
    volumes: snapshots.map(({ component, volume, tally }) => ({ component, volume, bytes: tally.bytes, files: tally.files })),
  }
}

import { join } from 'node:path'
import type { DataFolder } from './data/data-folder.ts'
import { JobQueue } from './jobs/job-queue.ts'
import { KeyRing } from './keys/key-ring.ts'
import { BundleInspector } from './library/bundle-inspector.ts'
import { Exporter } from './library/exporter.ts'
import { Importer } from './library/importer.ts'
import { Publisher } from './library/publisher.ts'
import { ReleaseLibrary } from './library/release-library.ts'
import { TargetRegistry } from './targets/target-registry.ts'

/** Everything that answers the API, wired together. */
export interface Services {
  readonly jobs: JobQueue
  readonly keys: KeyRing
  readonly library: ReleaseLibrary
  readonly publisher: Publisher
  readonly exporter: Exporter
  readonly importer: Importer
  readonly bundles: BundleInspector
  readonly targets: TargetRegistry
}

/** Wires the services of a data folder. */
export function createServices({ path, store, db, masterKey }: DataFolder): Services {
  const jobs = new JobQueue(db)
  const keys = new KeyRing(db, masterKey)
  const library = new ReleaseLibrary(db, store)
  const targets = new TargetRegistry(db)
  const parts = { store, library, keys, jobs }
  return {
    jobs,
    keys,
    library,
    targets,
    publisher: new Publisher(parts),
    exporter: new Exporter(parts),
    importer: new Importer({ ...parts, folder: join(path, 'content') }),
    bundles: new BundleInspector(parts),
  }
}

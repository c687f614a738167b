import { join } from 'node:path'
import { type Clock, systemClock } from '@sealift/deploy/pipeline/clock.ts'
import type { DataFolder } from './data/data-folder.ts'
import { ChangePlanner } from './installations/change-planner.ts'
import { ChangeRunner } from './installations/change-runner.ts'
import { DatabaseJournal } from './installations/database-journal.ts'
import { DatabaseSnapshots } from './installations/database-snapshots.ts'
import { DatabaseVault } from './installations/database-vault.ts'
import { InstallationRegistry } from './installations/installation-registry.ts'
import { InstallationView } from './installations/installation-view.ts'
import { ReportBook } from './installations/report-book.ts'
import { SecretView } from './installations/secret-view.ts'
import { SnapshotShelf } from './installations/snapshot-shelf.ts'
import { JobQueue } from './jobs/job-queue.ts'
import { KeyRing } from './keys/key-ring.ts'
import { BundleInspector } from './library/bundle-inspector.ts'
import { Exporter } from './library/exporter.ts'
import { Importer } from './library/importer.ts'
import { createLibraryCatalog, libraryIndexes } from './library/library-catalog.ts'
import { ReleaseComparison } from './library/release-comparison.ts'
import { ReleaseLibrary } from './library/release-library.ts'
import { ReleaseRemover } from './library/release-remover.ts'
import { Publisher } from './publishing/publisher.ts'
import { RegistryService } from './registry/registry-service.ts'
import { BackupMaker } from './storage/backup/backup-maker.ts'
import { Collector } from './storage/collector.ts'
import type { ContentRoot, Waste } from './storage/content-root.ts'
import { oldJobs } from './storage/old-jobs.ts'
import { SiteClock } from './storage/site-clock.ts'
import { StoreChecker } from './storage/store-checker.ts'
import { CronScheduler } from './supervision/cron-scheduler.ts'
import { CronStates } from './supervision/cron-states.ts'
import { EventLog } from './supervision/event-log.ts'
import { InstallationOpener } from './supervision/opened-installation.ts'
import { Operations } from './supervision/operations.ts'
import { RunStates } from './supervision/run-states.ts'
import { Supervisor } from './supervision/supervisor.ts'
import type { DriverFactories } from './targets/driver-factories.ts'
import { TargetRegistry } from './targets/target-registry.ts'

/** Everything that answers the API, wired together. */
export interface Services {
  readonly jobs: JobQueue
  readonly keys: KeyRing
  readonly library: ReleaseLibrary
  readonly releaseRemover: ReleaseRemover
  readonly comparison: ReleaseComparison
  readonly registry: RegistryService
  readonly publisher: Publisher
  readonly exporter: Exporter
  readonly importer: Importer
  readonly bundles: BundleInspector
  readonly targets: TargetRegistry
  readonly planner: ChangePlanner
  readonly snapshots: SnapshotShelf
  readonly reports: ReportBook
  readonly changes: ChangeRunner
  readonly view: InstallationView
  readonly supervisor: Supervisor
  readonly cron: CronScheduler
  readonly installations: InstallationRegistry
  readonly operations: Operations
  readonly secrets: SecretView
  readonly events: EventLog
  readonly collector: Collector
  readonly checker: StoreChecker
  readonly backups: BackupMaker
  readonly siteClock: SiteClock
}

/** How the services are used. */
export interface ServicesOptions {
  readonly drivers: DriverFactories
  /** `host:port` at which the registry answers while a server runs. */
  readonly registryAddress: string
  /** Whether a server runs for good, rather than for one command. */
  readonly supervised: boolean
  /** Times the gates of changes; without it that of this machine. */
  readonly clock?: Clock
}

/** Wires the services of a data folder. */
export function createServices(
  { path, store, db, database, masterKey }: DataFolder,
  { drivers, registryAddress, supervised, clock = systemClock }: ServicesOptions,
): Services {
  const jobs = new JobQueue(db, () => store.lease())
  const keys = new KeyRing(db, masterKey)
  const library = new ReleaseLibrary(db, store)
  const targets = new TargetRegistry(db, drivers)
  const parts = { store, library, keys, jobs }
  const journal = new DatabaseJournal(db)
  const catalog = new DatabaseSnapshots(db)
  const reports = new ReportBook(db, keys)
  const vault = new DatabaseVault(db, masterKey)
  const installations = new InstallationRegistry(db, journal)
  const runStates = new RunStates(db)
  const events = new EventLog(db, clock)
  const opener = new InstallationOpener({ store, installations, targets, vault, clock })
  const siteClock = new SiteClock(db)
  const roots: readonly ContentRoot[] = [libraryIndexes(library, store)]
  const registry = new RegistryService({ db, store, library: createLibraryCatalog(library, store), masterKey })
  const wastes: readonly Waste[] = [oldJobs(db), ...registry.wastes()]
  const cronStates = new CronStates(db)
  const site = { registry: registryAddress }
  const planner = new ChangePlanner({ store, library, targets, installations, vault, snapshots: catalog, site })
  const changes = new ChangeRunner({ store, targets, installations, vault, journal, snapshots: catalog, reports, planner, jobs, clock, runStates })
  const engineBack = (): Promise<void> => changes.resumeInterrupted()
  const supervisor = new Supervisor({ installations, targets, opener, runStates, events, jobs, clock, engineBack })
  return {
    jobs,
    keys,
    library,
    registry,
    targets,
    releaseRemover: new ReleaseRemover({ db, library }),
    comparison: new ReleaseComparison({ library, store }),
    publisher: new Publisher({ ...parts, installations }),
    exporter: new Exporter(parts),
    importer: new Importer({ ...parts, folder: join(path, 'content') }),
    bundles: new BundleInspector(parts),
    planner,
    snapshots: new SnapshotShelf(catalog, installations, targets, journal),
    reports,
    changes,
    supervisor,
    cron: new CronScheduler({ installations, opener, runStates, states: cronStates, events, jobs, clock }),
    installations,
    view: new InstallationView({ library, targets, installations, opener, runStates, events, supervisor, supervised, cronStates }),
    secrets: new SecretView({ installations, opener, vault, events }),
    operations: new Operations({ installations, targets, opener, runStates, events, jobs, journal }),
    events,
    siteClock,
    backups: new BackupMaker({ path, database, store, library, roots, jobs }),
    checker: new StoreChecker({ store, db, database, library, roots, jobs }),
    collector: new Collector({ path, store, database, library, roots, wastes, clock: siteClock, jobs }),
  }
}

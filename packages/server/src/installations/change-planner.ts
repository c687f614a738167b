import type { Change } from '@sealift/api/change.ts'
import type { Comparison } from '@sealift/api/plan.ts'
import type { ContentStore } from '@sealift/content/content-store.ts'
import { readBlob, writeBlob } from '@sealift/content/read-blob.ts'
import type { Choices } from '@sealift/deploy/choices.ts'
import type { Driver, Finding, Observed } from '@sealift/deploy/driver.ts'
import { parseInstallationName } from '@sealift/deploy/installation-name.ts'
import { type SnapshotPolicy, snapshotsOf } from '@sealift/deploy/plan/data-choice.ts'
import { diffRevisions } from '@sealift/deploy/plan/diff-revisions.ts'
import { fileDetails } from '@sealift/deploy/plan/file-details.ts'
import type { Plan } from '@sealift/deploy/plan/plan.ts'
import { type PlanContext, planConfigure, planInstall, planRollback, planUninstall, planUpgrade } from '@sealift/deploy/plan/planner.ts'
import { previousRevision, type Revision } from '@sealift/deploy/revision.ts'
import { sealChoices } from '@sealift/deploy/seal-choices.ts'
import type { SecretVault } from '@sealift/deploy/secret-vault.ts'
import type { SnapshotCatalog, VolumeSnapshot } from '@sealift/deploy/snapshot.ts'
import { fileDigests, filesOf, type WantedState } from '@sealift/deploy/state.ts'
import type { VendorState } from '@sealift/deploy/vendor-state.ts'
import { vendorStateOf } from '@sealift/deploy/vendor-state-of.ts'
import type { Digest } from '@sealift/oci/digest.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import type { ReleaseLibrary } from '../library/release-library.ts'
import type { TargetRegistry } from '../targets/target-registry.ts'
import type { InstallationRegistry, KnownInstallation } from './installation-registry.ts'
import { comparisonDocument } from './plan-view.ts'
import { choicesOfBoth } from './site-choices.ts'

/** A planned change and where it will run. */
export interface PlannedChange {
  readonly plan: Plan
  readonly driver: Driver
  readonly environment: string
  readonly application: string
  /** The files that the plan is about, by digest. */
  readonly contents: ReadonlyMap<string, Buffer>
}

/** What planning needs. */
export interface ChangePlannerParts {
  readonly store: ContentStore
  readonly library: ReleaseLibrary
  readonly targets: TargetRegistry
  readonly installations: InstallationRegistry
  readonly vault: SecretVault
  readonly snapshots: SnapshotCatalog
  /** What `${site.X}` stands for. */
  readonly site: Readonly<Record<string, string>>
}

type ChangeOf<Kind extends Change['kind']> = Extract<Change, { readonly kind: Kind }>

/** Makes plans out of requests: gathers what they look at, and leaves the deciding to the planner. */
export class ChangePlanner {
  readonly #parts: ChangePlannerParts

  constructor(parts: ChangePlannerParts) {
    this.#parts = parts
  }

  /**
   * Plans a change. Nothing is changed but the vault, which gets the secrets that the site chose.
   * @throws SealiftError `INSTALLATION_NOT_FOUND`, `INSTALLATION_EXISTS`, `RELEASE_NOT_FOUND`, `REVISION_NOT_FOUND`, `ENGINE_UNREACHABLE`, and what planning refuses
   */
  async plan(change: Change): Promise<PlannedChange> {
    switch (change.kind) {
      case 'install':
        return this.#planInstall(change)
      case 'configure':
        return this.#planConfigure(change)
      case 'upgrade':
        return this.#planUpgrade(change)
      case 'rollback':
        return this.#planRollback(change)
      case 'uninstall':
        return this.#planUninstall(change)
    }
  }

  /** What differs between two revisions, whatever became of them; the target is not asked. @throws SealiftError `INSTALLATION_NOT_FOUND`, `REVISION_NOT_FOUND` */
  async diff(name: string, from: number, to: number): Promise<Comparison> {
    const { installations } = this.#parts
    const known = (await installations.find(name)) ?? (await installations.get(name))
    const { state: before } = revisionOf(known, from)
    const { state: after } = revisionOf(known, to)
    const contents = await this.#contents([before, after])
    const items = diffRevisions(before, after)
    return comparisonDocument(
      items,
      { application: known.application, from: `revision ${from}`, to: `revision ${to}` },
      items.map((item) => fileDetails({ previous: before, next: after }, item, contents)),
    )
  }

  async #planInstall(change: ChangeOf<'install'>): Promise<PlannedChange> {
    const { installations, library, targets } = this.#parts
    // Before anything is asked of the target in its name.
    parseInstallationName(change.name)
    const known = await installations.find(change.name)
    if (known?.current !== undefined) {
      throw new SealiftError(
        'INSTALLATION_EXISTS',
        `there is an installation ${change.name} already, of ${known.application} ${known.current.state.release.version}`,
        {
          hint: `Upgrade it with: sealift upgrade ${change.name}. Or install a second one under another name with --name.`,
        },
      )
    }
    if (known !== undefined && known.history.length > 0 && known.application !== change.application) {
      throw new SealiftError('INSTALLATION_EXISTS', `${change.name} was an installation of ${known.application}, whose data is kept`, {
        hint: 'Choose another name with --name.',
      })
    }
    const { row, release } = await library.find(change.application, change.version)
    const driver = await targets.driverOf(change.environment)
    const capabilities = await driver.capabilities()
    const platform = capabilities.platforms[0]
    if (platform === undefined) throw new SealiftError('ENGINE_FAILED', 'the engine names no platform that it runs')
    const vendor = vendorStateOf(release, row.digest, platform)
    const choices = await this.#seal(change, null, vendor)
    const context = await this.#context(change.name, driver, [], vendor, choices)
    if (known === undefined || known.history.length === 0) refuseForeign(change.name, context.observed)
    const kept = keptState(known)
    const plan = planInstall({ ...context, vendor, choices, ...(kept === undefined ? {} : { kept }) })
    return { plan, driver, environment: change.environment, application: release.application, contents: context.contents }
  }

  async #planConfigure(change: ChangeOf<'configure'>): Promise<PlannedChange> {
    const known = await this.#parts.installations.get(change.name)
    const driver = await this.#parts.targets.driverOf(known.environment)
    const choices = await this.#seal(change, known.current.state, null)
    const context = await this.#context(known.name, driver, [known.current.state], undefined, choices)
    const rotate = change.rotate === undefined ? {} : { rotate: change.rotate }
    return this.#planned(planConfigure({ ...context, current: known.current, choices, ...policyOf(change), ...rotate }), driver, known, context)
  }

  async #planUpgrade(change: ChangeOf<'upgrade'>): Promise<PlannedChange> {
    const known = await this.#parts.installations.get(change.name)
    const driver = await this.#parts.targets.driverOf(known.environment)
    const { row, release } = await this.#parts.library.find(known.application, change.version)
    const vendor = vendorStateOf(release, row.digest, known.current.state.platform)
    const choices = await this.#seal(change, known.current.state, vendor)
    const context = await this.#context(known.name, driver, [known.current.state], vendor, choices)
    const there = new Set(context.contents.keys())
    const { take, decline, prune, allowOlder, map = [] } = change
    const plan = planUpgrade({ ...context, current: known.current, vendor, choices, take, decline, prune, allowOlder, map, ...policyOf(change) })
    // What planning made (merged files) has to be there before the plan runs.
    for (const [digest, content] of context.contents) if (!there.has(digest)) await writeBlob(this.#parts.store, content)
    return this.#planned(plan, driver, known, context)
  }

  async #planRollback(change: ChangeOf<'rollback'>): Promise<PlannedChange> {
    const known = await this.#parts.installations.get(change.name)
    const driver = await this.#parts.targets.driverOf(known.environment)
    const to = revisionToReturnTo(known, change.to)
    const context = await this.#context(known.name, driver, [known.current.state, to.state])
    const restore = change.restoreData === undefined || change.restoreData === false ? [] : await this.#restoreFor(known, to, change.restoreData)
    return this.#planned(planRollback({ ...context, current: known.current, to, restore, ...policyOf(change) }), driver, known, context)
  }

  /** The snapshots that data comes back from. */
  async #restoreFor({ name }: KnownInstallation, { state }: Revision, wanted: true | number): Promise<readonly VolumeSnapshot[]> {
    const taken = await this.#parts.snapshots.list(name)
    return snapshotsOf(state, taken, wanted === true ? undefined : wanted).snapshots
  }

  async #planUninstall(change: ChangeOf<'uninstall'>): Promise<PlannedChange> {
    const known = await this.#parts.installations.get(change.name)
    const driver = await this.#parts.targets.driverOf(known.environment)
    const context = await this.#context(known.name, driver, [known.current.state])
    return this.#planned(planUninstall({ ...context, current: known.current, deleteData: change.deleteData }), driver, known, context)
  }

  #planned(plan: Plan, driver: Driver, { environment, application }: KnownInstallation, { contents }: PlanContext): PlannedChange {
    return { plan, driver, environment, application, contents }
  }

  async #seal(change: ChangeOf<'install' | 'configure' | 'upgrade'>, current: WantedState | null, vendor: VendorState | null): Promise<Choices> {
    const { vault, store } = this.#parts
    const choices = await choicesOfBoth(change.values, change.valuesFile)
    return sealChoices(choices, { installation: change.name, current, vendor, vault, store: (content) => writeBlob(store, content) })
  }

  async #context(installation: string, driver: Driver, states: readonly WantedState[], vendor?: VendorState, choices?: Choices): Promise<PlanContext> {
    return {
      installation,
      observed: await driver.observe(installation),
      capabilities: await driver.capabilities(),
      contents: await this.#contents(states, vendor, choices),
      takenPorts: await this.#parts.installations.takenPorts(installation),
      targetFindings: await askedPorts(installation, driver, vendor),
      site: this.#parts.site,
    }
  }

  async #contents(states: readonly WantedState[], vendor?: VendorState, choices?: Choices): Promise<Map<Digest, Buffer>> {
    const { store } = this.#parts
    const digests = new Set<Digest>(states.flatMap((state) => [...filesOf(state)]))
    for (const { files } of Object.values(vendor?.components ?? {})) for (const { content } of Object.values(files)) digests.add(content.expression as Digest)
    for (const { files } of [...Object.values(choices?.components ?? {}), ...Object.values(choices?.groups ?? {})]) {
      for (const file of Object.values(files)) if (file !== null && 'digest' in file) digests.add(file.digest)
    }
    const contents = new Map<Digest, Buffer>()
    for (const digest of digests) contents.set(digest, await readBlob(store, digest))
    // Defaults that a merge begins from: an installation of long ago may not have kept them.
    for (const { files } of states.flatMap((state) => Object.values(state.components))) {
      for (const digest of Object.values(files).flatMap(({ content }) => fileDigests(content))) {
        if (!contents.has(digest) && (await store.info(digest)) !== undefined) contents.set(digest, await readBlob(store, digest))
      }
    }
    return contents
  }
}

/** Whether the host ports that a release asks for are free, or the installation's own. */
async function askedPorts(installation: string, driver: Driver, vendor: VendorState | undefined): Promise<readonly Finding[]> {
  const ports = vendor?.requires.ports ?? []
  return ports.length === 0 ? [] : driver.preflight({ installation, components: [], imageBytes: 0, ports })
}

/** Which volumes are copied first, where the request says so. */
function policyOf({ snapshot }: { readonly snapshot?: SnapshotPolicy }): { readonly snapshot?: SnapshotPolicy } {
  return snapshot === undefined ? {} : { snapshot }
}

/** The state whose data and secrets an uninstallation, or a failed installation, left behind. */
function keptState(known: KnownInstallation | undefined): WantedState | undefined {
  return known?.history.findLast(({ outcome }) => outcome === 'done')?.state
}

/** Containers and volumes of a name that this side has no history of belong to another side: taking them over would end what runs there. */
function refuseForeign(name: string, { components, volumes }: Observed): void {
  if (components.length === 0 && volumes.length === 0) return
  const found = [...components.map((component) => `component ${component.name}`), ...volumes.map((volume) => `volume ${volume}`)]
  throw new SealiftError(
    'INSTALLATION_FOREIGN',
    `the engine has ${found.slice(0, 3).join(', ')}${found.length > 3 ? ', …' : ''} of an installation ${name} that is not known here`,
    {
      hint: `Choose another name with --name, or work with the data folder that it was installed from. If that is lost for good, remove what it left: docker ps -a and docker volume ls with --filter label=dev.sealift.installation=${name}`,
      details: { components: components.map((component) => component.name), volumes },
    },
  )
}

function revisionOf(known: KnownInstallation, number: number): Revision {
  const revision = known.history.find((candidate) => candidate.number === number)
  if (revision !== undefined) return revision
  throw new SealiftError('REVISION_NOT_FOUND', `${known.name} has no revision ${number}`, { hint: `See: sealift history ${known.name}` })
}

function revisionToReturnTo(known: KnownInstallation, number: number | undefined): Revision {
  const to = number === undefined ? previousRevision(known.history) : revisionOf(known, number)
  if (to === undefined) {
    throw new SealiftError('REVISION_NOT_FOUND', `${known.name} has no revision before the current one`, { hint: `See: sealift history ${known.name}` })
  }
  if (to.outcome !== 'done' || to.kind === 'uninstall') {
    throw new SealiftError('REVISION_NOT_FOUND', `revision ${to.number} of ${known.name} was never reached: there is nothing to go back to`, {
      hint: `See: sealift history ${known.name}`,
    })
  }
  return to
}

import type { ContentStore } from '@sealift/content/content-store.ts'
import { readBlob } from '@sealift/content/read-blob.ts'
import type { Driver, WantedComponent } from '@sealift/deploy/driver.ts'
import type { Clock } from '@sealift/deploy/pipeline/clock.ts'
import { GATE, passGate } from '@sealift/deploy/pipeline/gate.ts'
import { waits, waves } from '@sealift/deploy/plan/order.ts'
import { type ResolveContext, type ResolvedProbes, resolveComponent, resolveProbes, wantedImage } from '@sealift/deploy/resolve.ts'
import type { Revision } from '@sealift/deploy/revision.ts'
import type { SecretVault } from '@sealift/deploy/secret-vault.ts'
import { componentImages, filesOf, runningComponents, secretsOf, type WantedState } from '@sealift/deploy/state.ts'
import { prepareDockerArchive } from '@sealift/images/write-docker-archive.ts'
import type { InstallationRegistry, KnownInstallation } from '../installations/installation-registry.ts'
import type { TargetRegistry } from '../targets/target-registry.ts'

/** What opening an installation needs. */
export interface OpenerParts {
  readonly installations: InstallationRegistry
  readonly store: ContentStore
  readonly targets: TargetRegistry
  readonly vault: SecretVault
  readonly clock: Clock
}

/** Opens installations at their current revision; what was read for one stays at hand until it has another revision. */
export class InstallationOpener {
  readonly #parts: OpenerParts
  readonly #opened = new Map<string, OpenedInstallation>()

  constructor(parts: OpenerParts) {
    this.#parts = parts
  }

  /** @throws SealiftError `SECRET_MISSING`, `ENVIRONMENT_NOT_FOUND`, and what reading the store throws */
  async open({ name, environment, current }: KnownInstallation & { readonly current: Revision }): Promise<OpenedInstallation> {
    const { store, targets, vault } = this.#parts
    const known = this.#opened.get(name)
    const driver = await targets.driverOf(environment)
    if (known !== undefined && known.revision.number === current.number && known.revision.createdAt === current.createdAt && known.driver === driver)
      return known
    const contents = new Map<string, Buffer>()
    for (const digest of filesOf(current.state)) contents.set(digest, await readBlob(store, digest))
    const secrets = new Map<string, string>()
    for (const id of secretsOf(current.state).keys()) secrets.set(id, await vault.get(id))
    const opened = new OpenedInstallation(current, driver, { installation: name, state: current.state, contents }, secrets, this.#parts)
    this.#opened.set(name, opened)
    return opened
  }

  /**
   * An installation by its name, for whoever holds it to its state; undefined where there is nothing to be held to: it is not
   * installed, or in the middle of a change.
   * @throws as {@link InstallationOpener.open}
   */
  async openSettled(name: string): Promise<OpenedInstallation | undefined> {
    const { installations } = this.#parts
    if (await installations.isChanging(name)) return undefined
    const current = await installations.currentNumber(name)
    if (current === undefined) return undefined
    const known = this.#known(name, current)
    if (known !== undefined) return known
    const found = await installations.find(name)
    return found?.current === undefined ? undefined : this.open({ ...found, current: found.current })
  }

  /** What was opened already, if it is at this revision. */
  #known(name: string, current: Pick<Revision, 'number' | 'createdAt'>): OpenedInstallation | undefined {
    const known = this.#opened.get(name)
    return known?.revision.number === current.number && known.revision.createdAt === current.createdAt ? known : undefined
  }

  /** Lets go of what was read for an installation. */
  forget(name: string): void {
    this.#opened.delete(name)
  }
}

/** An installation at one revision, with all that is needed to bring its components to what they are meant to be. Holds secrets: never log it. */
export class OpenedInstallation {
  readonly revision: Revision
  readonly driver: Driver
  readonly resolve: ResolveContext
  /** What each component waits for. */
  readonly waitsFor: ReadonlyMap<string, readonly string[]>
  /** In which wave each component starts. */
  readonly wave: ReadonlyMap<string, number>
  readonly #secrets: ReadonlyMap<string, string>
  readonly #parts: OpenerParts
  readonly #wanted = new Map<string, WantedComponent>()

  constructor(revision: Revision, driver: Driver, resolve: ResolveContext, secrets: ReadonlyMap<string, string>, parts: OpenerParts) {
    this.revision = revision
    this.driver = driver
    this.resolve = resolve
    this.#secrets = secrets
    this.#parts = parts
    this.waitsFor = waits(revision.state)
    this.wave = waves(this.waitsFor)
  }

  get name(): string {
    return this.resolve.installation
  }

  get state(): WantedState {
    return this.revision.state
  }

  /** The components that run for good, those first that others wait for. Jobs have run, and schedules run by themselves. */
  get services(): readonly string[] {
    return this.inOrder(runningComponents(this.state).filter((name) => isService(this.state, name)))
  }

  /** Components in the order in which they start. */
  inOrder(components: readonly string[]): readonly string[] {
    return components.toSorted((a, b) => (this.wave.get(a) ?? 0) - (this.wave.get(b) ?? 0))
  }

  /** Components and all services that they wait for, directly or not. */
  withNeeded(components: readonly string[]): readonly string[] {
    const all = new Set<string>()
    const add = (name: string): void => {
      if (all.has(name)) return
      if (isService(this.state, name)) all.add(name)
      for (const needed of this.waitsFor.get(name) ?? []) add(needed)
    }
    for (const name of components) add(name)
    return this.inOrder([...all])
  }

  wanted(component: string): WantedComponent {
    const known = this.#wanted.get(component) ?? resolveComponent(this.resolve, component, (id) => this.secret(id))
    this.#wanted.set(component, known)
    return known
  }

  probes(component: string): ResolvedProbes {
    return resolveProbes(this.resolve, component, (id) => this.secret(id))
  }

  secret(id: string): string {
    return this.#secrets.get(id) ?? ''
  }

  /**
   * Brings a component to its wanted state, with its image, network and volumes. Returns when it is
   * started, not when it is healthy.
   * @throws SealiftError what the driver throws
   */
  async bring(component: string, signal?: AbortSignal): Promise<{ readonly changed: boolean }> {
    await this.#prepare(component)
    return this.driver.ensureComponent(this.wanted(component), signal === undefined ? {} : { signal })
  }

  /**
   * Starts a run of a component that runs by a schedule.
   * @returns false while another run is under way
   * @throws SealiftError what the driver throws
   */
  async startRun(component: string, run: string, signal: AbortSignal): Promise<boolean> {
    await this.#prepare(component)
    return (await this.driver.startRun(this.wanted(component), run, { signal })).started
  }

  /** Sees to it that a component's images and its network are there. */
  async #prepare(component: string): Promise<void> {
    const state = this.state.components[component]
    const missing = await this.driver.missingImages(state === undefined ? [] : componentImages(state).map(wantedImage))
    if (missing.length > 0) await this.driver.ensureImages(missing, await prepareDockerArchive(this.#parts.store, missing), () => {})
    await this.driver.ensureInstallation(this.name)
  }

  /**
   * Waits until a component is healthy.
   * @throws SealiftError `COMPONENT_UNHEALTHY`, `COMPONENT_CRASHED`
   */
  async gate(component: string, signal: AbortSignal, report: (message: string) => void): Promise<void> {
    const wanted = this.wanted(component)
    await passGate(
      {
        installation: this.name,
        component,
        workload: wanted.workload,
        replicas: wanted.replicas,
        probes: this.probes(component),
        timeout: this.state.components[component]?.definition.gate ?? GATE.timeout,
      },
      { driver: this.driver, clock: this.#parts.clock, signal, report },
    )
  }
}

/** Whether a component is one that runs for good. */
export function isService(state: WantedState, component: string): boolean {
  const workload = state.components[component]?.definition.workload
  return workload === 'stateless' || workload === 'stateful' || workload === 'daemon'
}

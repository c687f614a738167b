import { type Choices, NO_CHOICES } from '@sealift/deploy/choices.ts'
import type { Driver } from '@sealift/deploy/driver.ts'
import { MemorySnapshots } from '@sealift/deploy/memory-snapshots.ts'
import { MemoryVault } from '@sealift/deploy/memory-vault.ts'
import { execute, type ResumeOptions, resume } from '@sealift/deploy/pipeline/execute.ts'
import { MemoryJournal } from '@sealift/deploy/pipeline/memory-journal.ts'
import type { Attestation, ExecutionResult, PipelineContext, PipelineEvent } from '@sealift/deploy/pipeline/pipeline-context.ts'
import { VirtualClock } from '@sealift/deploy/pipeline/virtual-clock.ts'
import type { Plan } from '@sealift/deploy/plan/plan.ts'
import {
  type ConfigureRequest,
  type PlanContext,
  planConfigure,
  planInstall,
  planRollback,
  planUninstall,
  planUpgrade,
  type RollbackRequest,
  type UpgradeRequest,
} from '@sealift/deploy/plan/planner.ts'
import { currentRevision, previousRevision, type Revision } from '@sealift/deploy/revision.ts'
import { sealChoices } from '@sealift/deploy/seal-choices.ts'
import type { WantedState } from '@sealift/deploy/state.ts'
import { type TestRelease, testArchive } from '@sealift/deploy/test-release.ts'
import type { VendorState } from '@sealift/deploy/vendor-state.ts'
import type { Digest } from '@sealift/oci/digest.ts'
import { digestOf } from '@sealift/oci/digest.ts'
import { MemoryDriver } from './memory-driver.ts'
import { MemoryEngine } from './memory-engine.ts'

/** A site for tests: an engine in memory with everything that deploying needs, and one installation, `shop`. */
export class TestSite {
  readonly clock = new VirtualClock()
  readonly engine = new MemoryEngine(this.clock)
  readonly vault = new MemoryVault()
  readonly journal = new MemoryJournal()
  readonly snapshots = new MemorySnapshots()
  readonly attestations: Attestation[] = []
  readonly events: PipelineEvent[] = []
  readonly contents = new Map<string, Buffer>()
  driver: Driver = new MemoryDriver(this.engine)
  #runs = 0

  store(text: string): Digest {
    const content = Buffer.from(text)
    this.contents.set(digestOf(content), content)
    return digestOf(content)
  }

  get pipeline(): PipelineContext {
    return {
      driver: this.driver,
      vault: this.vault,
      archive: testArchive(),
      journal: this.journal,
      snapshots: this.snapshots,
      attest: async (attestation) => void this.attestations.push(attestation),
      content: async (digest) => this.contents.get(digest) ?? Promise.reject(new Error(`no content ${digest}`)),
      clock: this.clock,
      report: (event) => void this.events.push(event),
    }
  }

  async context(): Promise<PlanContext> {
    return {
      installation: 'shop',
      observed: await this.driver.observe('shop'),
      capabilities: await this.driver.capabilities(),
      contents: this.contents,
      takenPorts: new Set(),
      site: {},
    }
  }

  async current(): Promise<Revision> {
    const current = currentRevision(await this.journal.history('shop'))
    if (current === undefined) throw new Error('shop is not installed')
    return current
  }

  async planInstall({ vendor, contents }: TestRelease, choices: Partial<Choices> = {}): Promise<Plan> {
    for (const [digest, content] of contents) this.contents.set(digest, content)
    const sealed = await this.#seal(choices, null, vendor)
    const kept = (await this.journal.history('shop')).findLast(({ outcome }) => outcome === 'done')?.state
    return planInstall({ ...(await this.context()), vendor, choices: sealed, ...(kept === undefined ? {} : { kept }) })
  }

  #seal(choices: Partial<Choices>, current: WantedState | null, vendor: VendorState | null): Promise<Choices> {
    const store = async (content: Uint8Array): Promise<Digest> => {
      this.contents.set(digestOf(content), Buffer.from(content))
      return digestOf(content)
    }
    return sealChoices({ ...NO_CHOICES, ...choices }, { installation: 'shop', current, vendor, vault: this.vault, store })
  }

  async planUpgrade({ vendor, contents }: TestRelease, options: Partial<UpgradeRequest> = {}): Promise<Plan> {
    for (const [digest, content] of contents) this.contents.set(digest, content)
    const base = { choices: NO_CHOICES, take: [], decline: [], map: [], prune: false, allowOlder: false }
    return planUpgrade({ ...(await this.context()), ...base, current: await this.current(), vendor, ...options })
  }

  async planConfigure(choices: Partial<Choices>, options: Partial<ConfigureRequest> = {}): Promise<Plan> {
    const current = await this.current()
    const sealed = await this.#seal(choices, current.state, null)
    return planConfigure({ ...(await this.context()), current, choices: sealed, ...options })
  }

  async planRollback(number?: number, options: Partial<RollbackRequest> = {}): Promise<Plan> {
    const history = await this.journal.history('shop')
    const to = number === undefined ? previousRevision(history) : history.find((revision) => revision.number === number)
    if (to === undefined) throw new Error('no revision to go back to')
    return planRollback({ ...(await this.context()), current: await this.current(), to, ...options })
  }

  async planUninstall(deleteData = false): Promise<Plan> {
    return planUninstall({ ...(await this.context()), current: await this.current(), deleteData })
  }

  /** Carries a plan out that must end well. */
  async done(plan: Plan | Promise<Plan>): Promise<Revision> {
    const { outcome, reason, revision } = await this.execute(await plan)
    if (outcome !== 'done') throw reason ?? new Error(outcome)
    return revision
  }

  /** The volumes that a component mounts, by path, each with what is in it. */
  data(component: string): Readonly<Record<string, string>> {
    const volumes = this.engine.replicas('shop', component)[0]?.wanted.volumes ?? []
    return Object.fromEntries(volumes.map(({ path, targetName }) => [path, this.engine.data.get(targetName) ?? '']))
  }

  /** Carries a plan out; `run` names it for a later resume. */
  async execute(plan: Plan, more: Partial<PipelineContext> = {}, run = `run-${++this.#runs}`): Promise<ExecutionResult> {
    return execute(run, plan, { ...this.pipeline, ...more })
  }

  async resume(run: string, options: ResumeOptions = {}, more: Partial<PipelineContext> = {}): Promise<ExecutionResult> {
    return resume(run, { ...this.pipeline, ...more }, options)
  }

  /** What runs, each component with the image that it runs. */
  running(): Readonly<Record<string, string>> {
    const components = this.engine.components.get('shop') ?? new Map()
    return Object.fromEntries([...components].map(([name, replicas]) => [name, replicas[0]?.wanted.image.reference ?? '']))
  }

  /** The environment of a component as it runs. */
  env(component: string): Readonly<Record<string, string>> {
    return this.engine.replicas('shop', component)[0]?.wanted.env ?? {}
  }

  /** The calls since the last look. */
  takeCalls(): readonly string[] {
    return this.engine.calls.splice(0)
  }
}

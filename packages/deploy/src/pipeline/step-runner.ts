import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { stopOrder } from '../plan/order.ts'
import type { Plan, Step } from '../plan/plan.ts'
import { type ResolveContext, resolveCheck, resolveComponent, resolveProbes, wantedImage } from '../resolve.ts'
import type { Revision } from '../revision.ts'
import { snapshotTargetName } from '../snapshot.ts'
import { runningComponents, secretsOf, type WantedState } from '../state.ts'
import { type CheckOutcome, hasPassed } from './check-outcome.ts'
import { timestamp } from './clock.ts'
import { passExternalGate } from './external-gate.ts'
import { GATE, type GateRequest, passGate } from './gate.ts'
import { HookRunner, type HookStep } from './hook-runner.ts'
import { loadContents } from './load-contents.ts'
import type { PipelineContext, PipelineEvent, Stage } from './pipeline-context.ts'
import { raceAbort } from './race-abort.ts'
import { rollOut } from './roll-out.ts'
import type { SecretMask } from './secret-mask.ts'

/** How much of a check's output an error and a report show, in characters. */
const CHECK_OUTPUT = 2000

/** The workloads that are meant to run until they are stopped. */
const RUNS_ON: ReadonlySet<string | undefined> = new Set(['stateless', 'stateful', 'daemon'])

const STAGE_OF: Readonly<Record<Step['kind'], Stage>> = {
  generate: 'images',
  images: 'images',
  installation: 'apply',
  hook: 'hooks',
  stop: 'data',
  snapshot: 'data',
  start: 'data',
  restore: 'data',
  discard: 'data',
  component: 'apply',
  wait: 'apply',
  remove: 'apply',
  uninstall: 'apply',
  check: 'checks',
}

/** The steps of one plan, or of the way back from it. */
export interface StepRunnerOptions {
  /** Names the run. */
  readonly id: string
  readonly plan: Plan
  /** What is recorded when it ends. */
  readonly revision: Revision
  /** Whether it is a way back. */
  readonly way: boolean
  /** Whether the engine or the program was away since the run began. */
  readonly wasAway: boolean
  readonly mask: SecretMask
  readonly context: PipelineContext
}

/** Does the steps of a plan, each once or again after an interruption. */
export class StepRunner {
  readonly #options: StepRunnerOptions
  readonly #previous: ResolveContext | undefined
  readonly #next: ResolveContext
  readonly #secrets = new Map<string, string>()
  readonly #hooks: HookRunner
  /** How checks ended, by the step's id. */
  readonly checks = new Map<string, CheckOutcome>()

  private constructor(options: StepRunnerOptions, previous: ResolveContext | undefined, next: ResolveContext) {
    this.#options = options
    this.#previous = previous
    this.#next = next
    this.#hooks = new HookRunner(options)
  }

  /** Reads what the steps of a plan need. */
  static async open(options: StepRunnerOptions): Promise<StepRunner> {
    const { plan, context } = options
    const { installation, previous } = plan
    const state = plan.next ?? previous
    if (state === null) throw new TypeError('a plan without any state')
    const contents = await loadContents([previous, state], context.content)
    return new StepRunner(options, previous === null ? undefined : { installation, state: previous, contents }, { installation, state, contents })
  }

  /** The stage that a step belongs to, for people. */
  stageOf(step: Step): Stage {
    return this.#options.way ? 'return' : STAGE_OF[step.kind]
  }

  /** The hooks of the plan, by which one that was cut off is looked at. */
  get hooks(): HookRunner {
    return this.#hooks
  }

  async run(step: Step, signal: AbortSignal): Promise<void> {
    const { context } = this.#options
    const { driver, vault, archive } = context
    const { installation } = this.#next
    const report = (event: Omit<PipelineEvent, 'stage'>): void => context.report({ stage: this.stageOf(step), ...event })
    switch (step.kind) {
      case 'generate':
        return vault.create(step.secret, step.spec)
      case 'images':
        return driver.ensureImages(
          step.images.map(wantedImage),
          archive,
          (done, total) => report({ message: 'Transferring images.', done, total, unit: 'bytes' }),
          signal,
        )
      case 'installation':
        return driver.ensureInstallation(installation)
      case 'hook':
        report({ component: step.component, message: `Running its hook ${step.moment}.` })
        return this.#hook(step, signal)
      case 'stop':
        report({ component: step.component, message: 'Stopping it for a copy of its data.' })
        return driver.stop(installation, step.component)
      case 'snapshot':
        return this.#snapshot(step, signal, report)
      case 'start':
        return this.#start(step, signal)
      case 'restore': {
        const { component, volume, from, to, tally } = step
        report({ component, message: `Bringing back ${volume} from snapshot ${from}.` })
        return driver.restore({
          installation,
          component,
          from,
          to,
          tally,
          signal,
          progress: (done) => report({ component, message: `Bringing back ${volume}.`, done, total: tally.bytes, unit: 'bytes' }),
        })
      }
      case 'discard':
        return driver.removeVolume(installation, step.volume)
      case 'component': {
        await this.#loadSecrets(this.#next.state)
        const { component: name } = step
        if (step.fresh || (await this.#wasCutOff(name))) await driver.removeComponent(installation, name)
        report({ component: name, message: 'Starting.' })
        const component = this.#next.state.components[name]
        if (component === undefined) throw new TypeError(`no component ${name} in the state`)
        const wanted = resolveComponent(this.#next, name, this.#secret)
        const gate = (only?: readonly number[]): Promise<void> => this.#gate(this.#next, name, signal, this.stageOf(step), only === undefined ? {} : { only })
        return rollOut({ component, wanted, gate }, { driver, signal, report: (message) => report({ component: name, message }) })
      }
      case 'wait':
        await this.#loadSecrets(this.#next.state)
        return this.#gate(this.#next, step.component, signal, this.stageOf(step), { untouched: true })
      case 'remove':
        report({ component: step.component, message: 'Stopping and removing; volumes stay.' })
        return driver.removeComponent(installation, step.component)
      case 'uninstall':
        // Those that use others go before them, so that each can end its work.
        for (const components of stopOrder(this.#next.state)) await Promise.all(components.map((component) => driver.removeComponent(installation, component)))
        return driver.removeInstallation(installation, { deleteData: step.deleteData })
      case 'check':
        await this.#loadSecrets(this.#next.state)
        return this.#check(step, signal)
    }
  }

  /** What follows a step once its outcome is recorded. */
  async settle(step: Step): Promise<void> {
    // Nothing is lost where it stays: the next run of this name, and the end of the installation, remove it.
    if (step.kind === 'hook') await this.#hooks.forget(step).catch(() => {})
  }

  async #hook(step: HookStep, signal: AbortSignal): Promise<void> {
    const resolve = step.of === 'next' ? this.#next : this.#previous
    if (resolve === undefined) throw new TypeError(`step ${step.id} is about a state that is not there`)
    await this.#loadSecrets(resolve.state)
    await this.#hooks.run(step, resolve, this.#secret, signal)
  }

  async #snapshot(
    { component, volume, source }: Extract<Step, { kind: 'snapshot' }>,
    signal: AbortSignal,
    report: (event: Omit<PipelineEvent, 'stage'>) => void,
  ): Promise<void> {
    const { plan, revision, context } = this.#options
    const { installation } = plan
    if (plan.previous === null || plan.from === null) throw new TypeError('a snapshot of what was not there before')
    const target = snapshotTargetName(source, revision.number)
    report({ component, message: `Copying ${volume} to snapshot ${target}.` })
    const tally = await context.driver.snapshot({
      installation,
      component,
      from: source,
      to: target,
      signal,
      progress: (done) => report({ component, message: `Copying ${volume}.`, done, total: 0, unit: 'bytes' }),
    })
    const { version, digest } = plan.previous.release
    await context.snapshots.add({
      installation,
      number: revision.number,
      component,
      volume,
      source,
      target,
      tally,
      takenAt: timestamp(context.clock),
      of: plan.from,
      release: { version, digest },
    })
  }

  /** Starts a component as it was before the copy of its data. */
  async #start(step: Extract<Step, { kind: 'start' }>, signal: AbortSignal): Promise<void> {
    const { driver } = this.#options.context
    const { plan } = this.#options
    const resolve = plan.kind === 'return' ? this.#next : (this.#previous ?? this.#next)
    await this.#loadSecrets(resolve.state)
    // What was quiesced runs, and only a new start ends that.
    if (step.quiesced) await driver.stop(plan.installation, step.component)
    await driver.start(plan.installation, step.component)
    await this.#gate(resolve, step.component, signal, this.stageOf(step))
  }

  async #gate(resolve: ResolveContext, name: string, signal: AbortSignal, stage: Stage, more: Pick<GateRequest, 'only' | 'untouched'> = {}): Promise<void> {
    const { driver, clock, report } = this.#options.context
    const component = resolve.state.components[name]
    const workload = component?.definition.workload
    if (component === undefined || workload === undefined) return
    const context = { driver, clock, signal, report: (message: string) => report({ stage, component: name, message, waiting: true }) }
    if (workload === 'external') return passExternalGate(resolve, name, this.#secret, context)
    await passGate(
      {
        installation: resolve.installation,
        component: name,
        workload,
        replicas: component.replicas.value,
        ...more,
        probes: resolveProbes(resolve, name, this.#secret),
        timeout: component.definition.gate ?? GATE.timeout,
      },
      context,
    )
  }

  /** Starts what the plan leaves as it is and what stopped while nobody looked: others wait for it. */
  async startAgain(): Promise<void> {
    const { plan, context } = this.#options
    const { installation, next, steps } = plan
    if (next === null) return
    // What stands still for a copy has a step that starts it.
    const planned = new Set(steps.flatMap((step) => (step.kind === 'component' || step.kind === 'start' || step.kind === 'stop' ? [step.component] : [])))
    const { components } = await context.driver.observe(installation)
    const down = components.filter(({ replicas }) => replicas.some(({ state }) => state === 'exited' || state === 'missing')).map(({ name }) => name)
    const names = runningComponents(next).filter((name) => down.includes(name) && !planned.has(name) && RUNS_ON.has(next.components[name]?.definition.workload))
    if (names.length === 0) return
    await this.#loadSecrets(next)
    for (const name of names) await context.driver.ensureComponent(resolveComponent(this.#next, name, this.#secret))
  }

  /** Whether a job ended badly while nobody looked: that may have been the engine's end, and not its own. */
  async #wasCutOff(name: string): Promise<boolean> {
    const { wasAway, context, plan } = this.#options
    if (!wasAway || this.#next.state.components[name]?.definition.workload !== 'job') return false
    const [replica] = (await context.driver.observeComponent(plan.installation, name))?.replicas ?? []
    return replica?.state === 'exited' && replica.exitCode !== 0
  }

  async #check(step: Extract<Step, { kind: 'check' }>, signal: AbortSignal): Promise<void> {
    const { context, mask } = this.#options
    const { driver, clock, report } = context
    const name = step.check
    const check = this.#next.state.checks[name]
    report({ stage: 'checks', message: `Running check ${name}.` })
    const startedAt = timestamp(clock)
    const { exitCode, timedOut, output } = await raceAbort(driver.runOnce(resolveCheck(this.#next, name, this.#secret)), signal)
    const shown = mask.text(output).trim().slice(-CHECK_OUTPUT)
    const outcome = { check: name, title: check?.title ?? name, exitCode, timedOut, output: shown, startedAt, finishedAt: timestamp(clock) }
    this.checks.set(step.id, outcome)
    if (hasPassed(outcome)) return
    const what = timedOut ? `was not done within ${check?.timeout ?? 0} seconds` : `ended with ${exitCode}`
    throw new SealiftError('CHECK_FAILED', `check ${name} ${what}${shown === '' ? '' : `; the last it printed:\n${shown}`}`, {
      details: { check: name, exitCode },
    })
  }

  async #loadSecrets(state: WantedState): Promise<void> {
    const { context, mask, plan } = this.#options
    const missing = [...secretsOf(state).keys()].filter((id) => !this.#secrets.has(id))
    if (missing.length === 0) return
    for (const id of missing) this.#secrets.set(id, await context.vault.get(id))
    mask.add(this.#secrets.values())
    // What the other state's containers print may come along.
    if (plan.previous !== null && state !== plan.previous) await this.#loadSecrets(plan.previous).catch(() => {})
  }

  readonly #secret = (id: string): string => {
    const value = this.#secrets.get(id)
    if (value === undefined) throw new SealiftError('SECRET_MISSING', `secret ${id} was not loaded`)
    return value
  }
}

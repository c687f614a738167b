import type { Digest } from '@sealift/oci/digest.ts'
import { SealiftError, toSealiftError } from '@sealift/oci/sealift-error.ts'
import { canonicalJson } from '@sealift/template/canonical-json.ts'
import { stopOrder } from '../plan/order.ts'
import type { Plan, Step } from '../plan/plan.ts'
import { planReturn } from '../plan/planner.ts'
import { stepsFor } from '../plan/steps.ts'
import { type ResolveContext, resolveCheck, resolveComponent, resolveProbes, wantedImage } from '../resolve.ts'
import type { Revision, RevisionKind } from '../revision.ts'
import { secretNames } from '../scope.ts'
import { filesOf, imagesOf, runningComponents, secretsOf, type WantedState } from '../state.ts'
import { timestamp } from './clock.ts'
import { engineReturns, isEngineLost, stepsStillDone } from './engine-loss.ts'
import { passExternalGate } from './external-gate.ts'
import { GATE, passGate } from './gate.ts'
import type { RunRecord, StepProgress } from './journal.ts'
import type { CheckOutcome, ExecutionResult, PipelineContext, Stage } from './pipeline-context.ts'
import { rollOut } from './roll-out.ts'
import { runSteps } from './run-steps.ts'

/** How much of a check's output an error shows. */
const CHECK_OUTPUT = 2000

/** The workloads that are meant to run until they are stopped. */
const RUNS_ON: ReadonlySet<string | undefined> = new Set(['stateless', 'stateful', 'daemon'])

const STAGE_OF: Readonly<Record<Step['kind'], Stage>> = {
  generate: 'images',
  images: 'images',
  installation: 'apply',
  component: 'apply',
  wait: 'apply',
  remove: 'apply',
  uninstall: 'apply',
  check: 'checks',
}

/**
 * Carries a plan out: preflight, images, components in the order of their waits with health gates,
 * checks, record. What fails goes back by itself where the plan says so. Everything is in the
 * journal before it is done. Where the target goes away meanwhile, the run waits for it, and is put
 * down as it is where it does not come back: that says nothing about the change.
 *
 * @param id names the run, for {@link resume}
 * @returns also after a failure, which is then the result's reason
 * @throws SealiftError `PLAN_CHANGED`, `PREFLIGHT_FAILED`, `ENGINE_UNREACHABLE` before anything was changed
 */
export async function execute(id: string, plan: Plan, context: PipelineContext): Promise<ExecutionResult> {
  await preflight(plan, context)
  const revision = await newRevision(plan, context)
  await context.journal.begin(id, plan, revision)
  return new Execution(id, context, false).forward(plan, revision, new Set())
}

/**
 * Goes on with a run that a killed or suspended program left open. Steps that were done are not
 * repeated but for a look at whether what they started still runs; one that was under way is, since
 * every verb of a driver can be.
 * @throws SealiftError `RUN_NOT_FOUND`
 */
export async function resume(id: string, context: PipelineContext): Promise<ExecutionResult> {
  const run = await context.journal.read(id)
  if (run === undefined || run.ended) throw new SealiftError('RUN_NOT_FOUND', `there is no open run ${id} in the journal`)
  const execution = new Execution(id, context, true)
  if (run.way === undefined) return execution.forward(run.plan, run.revision, stepsStillDone(run.plan, doneSteps(run.steps)))
  const reason = new SealiftError('CHANGE_FAILED', run.way.reason)
  return execution.back(run.way.plan, run.revision, run.way.revision, reason, stepsStillDone(run.way.plan, doneSteps(run.way.steps)))
}

function doneSteps(steps: RunRecord['steps']): ReadonlySet<string> {
  return new Set(Object.entries(steps).flatMap(([step, progress]) => (progress === 'done' ? [step] : [])))
}

async function loadContents(states: readonly (WantedState | null)[], read: PipelineContext['content']): Promise<Map<string, Buffer>> {
  const digests = new Set<Digest>(states.flatMap((state) => (state === null ? [] : [...filesOf(state)])))
  const contents = new Map<string, Buffer>()
  for (const digest of digests) contents.set(digest, await read(digest))
  return contents
}

/** Looks whether the plan is still what would happen, and whether the target is fit for it. Changes nothing. */
async function preflight(plan: Plan, { driver, content, report }: PipelineContext): Promise<void> {
  const { installation, next, previous, kind } = plan
  report({ stage: 'preflight', message: 'Looking at the target.' })
  const errors = plan.findings.filter(({ severity }) => severity === 'error')
  if (errors.length > 0) throw unfit(installation, errors)
  if (next === null) return
  const observed = await driver.observe(installation)
  const contents = await loadContents([previous, next], content)
  const steps = stepsFor({ kind, installation, previous, next, observed, contents })
  if (canonicalJson(steps) !== canonicalJson(plan.steps)) {
    const [now, then] = [idsOf(steps), idsOf(plan.steps)]
    const differing = [...now.filter((id) => !then.includes(id)), ...then.filter((id) => !now.includes(id))]
    throw new SealiftError(
      'PLAN_CHANGED',
      `${installation}: the target changed since the plan was made${differing.length === 0 ? '' : `: it differs in ${differing.join(', ')}`}`,
    )
  }
  const affected = steps.flatMap((step) => (step.kind === 'component' ? [step.component] : []))
  const missing = new Set((await driver.missingImages(imagesOf(next).map(wantedImage))).map(({ localName }) => localName))
  const layers = new Map(
    imagesOf(next).flatMap(({ localName, layers }) => (missing.has(localName) ? layers.map(({ digest, size }) => [digest, size] as const) : [])),
  )
  const findings = await driver.preflight({
    installation,
    components: affected.map((name) => resolveComponent({ installation, state: next, contents }, name, secretNames)),
    imageBytes: [...layers.values()].reduce((sum, size) => sum + size, 0),
  })
  for (const { severity, subject, message } of findings) if (severity === 'warning') report({ stage: 'preflight', message: `${subject}: ${message}` })
  const refused = findings.filter(({ severity }) => severity === 'error')
  if (refused.length > 0) throw unfit(installation, refused)
}

function idsOf(steps: readonly Step[]): readonly string[] {
  return steps.map(({ id }) => id)
}

function unfit(installation: string, findings: readonly { readonly subject: string; readonly message: string; readonly hint: string }[]): SealiftError {
  return new SealiftError('PREFLIGHT_FAILED', `${installation}: ${findings.map(({ subject, message }) => `${subject}: ${message}`).join('; ')}`, {
    hint: [...new Set(findings.map(({ hint }) => hint))].join(' '),
    details: { findings },
  })
}

async function newRevision({ installation, kind, from, to, next, previous, digest }: Plan, { journal, clock }: PipelineContext): Promise<Revision> {
  const state = next ?? previous
  if (state === null) throw new TypeError('a plan without any state')
  const history = await journal.history(installation)
  return {
    installation,
    number: Math.max(0, ...history.map(({ number }) => number)) + 1,
    kind: kind satisfies RevisionKind,
    createdAt: timestamp(clock),
    from,
    ...(to === null ? {} : { to }),
    state,
    planDigest: digest,
    outcome: 'pending',
  }
}

/** One run. */
class Execution {
  readonly #id: string
  readonly #context: PipelineContext
  readonly #checks: CheckOutcome[] = []
  readonly #secrets = new Map<string, string>()
  /** Whether the engine or the program was away since the run began. */
  #wasAway: boolean

  constructor(id: string, context: PipelineContext, wasAway: boolean) {
    this.#id = id
    this.#context = context
    this.#wasAway = wasAway
  }

  async forward(plan: Plan, revision: Revision, done: ReadonlySet<string>): Promise<ExecutionResult> {
    const { cancel, suspend, journal, report } = this.#context
    const cancelled = new AbortController()
    const onCancel = (): void => cancelled.abort(new SealiftError('CHANGE_CANCELLED', `${plan.installation}: the change was cancelled`))
    if (cancel?.aborted) onCancel()
    cancel?.addEventListener('abort', onCancel, { once: true })
    try {
      await this.#runThrough(plan, done, false, cancelled.signal)
    } catch (thrown) {
      if (suspend?.aborted) return { outcome: 'suspended', revision, checks: this.#checks }
      if (isEngineLost(thrown)) return this.#putDown(plan, revision, thrown)
      return await this.#failed(plan, revision, toSealiftError(thrown, plan.installation))
    } finally {
      cancel?.removeEventListener('abort', onCancel)
    }
    report({ stage: 'record', message: `Recording revision ${revision.number}.` })
    const reached = this.#ended(revision, 'done')
    await journal.end(this.#id, [reached])
    return { outcome: 'done', revision: reached, checks: this.#checks }
  }

  /** The way back of a failed plan. */
  async back(plan: Plan, failed: Revision, revision: Revision, reason: SealiftError, done: ReadonlySet<string>): Promise<ExecutionResult> {
    const { journal, report, suspend } = this.#context
    report({ stage: 'return', message: `Returning to revision ${revision.to ?? ''}.` })
    try {
      await this.#runThrough(plan, done, true, new AbortController().signal)
    } catch (thrown) {
      if (suspend?.aborted) return { outcome: 'suspended', revision: failed, checks: this.#checks }
      if (isEngineLost(thrown)) return this.#putDown(plan, failed, thrown)
      const second = toSealiftError(thrown, plan.installation)
      const lost = this.#ended(revision, 'failed', second.message)
      await journal.end(this.#id, [failed, lost])
      const both = new SealiftError('CHANGE_FAILED', `${reason.message}; and the return to revision ${revision.to ?? ''} failed too: ${second.message}`, {
        hint: `When the cause is gone, run sealift rollback ${plan.installation} --to ${revision.to ?? ''}.`,
        cause: reason,
      })
      return { outcome: 'failed', revision: failed, returned: lost, reason: both, checks: this.#checks }
    }
    const reached = this.#ended(revision, 'done', `Returned since revision ${failed.number} failed.`)
    await journal.end(this.#id, [failed, reached])
    const gone = plan.steps.flatMap((step) => (step.kind === 'remove' ? [step.component] : []))
    report({
      stage: 'record',
      message: `Returned to revision ${revision.to ?? ''}.${gone.length === 0 ? '' : ` Removed, since only the failed change brought it: ${gone.join(', ')}; volumes were kept.`}`,
    })
    return { outcome: 'returned', revision: failed, returned: reached, reason, checks: this.#checks }
  }

  /** Leaves the run open as it is. */
  #putDown({ installation }: Plan, revision: Revision, thrown: unknown): ExecutionResult {
    const reason = toSealiftError(thrown, installation)
    this.#context.report({ stage: 'record', message: `Put down half way, to be gone on with: ${reason.message}` })
    return { outcome: 'suspended', revision, reason, checks: this.#checks }
  }

  /** Runs the steps; where the engine goes away meanwhile, waits for it and goes on. */
  async #runThrough(plan: Plan, done: ReadonlySet<string>, way: boolean, cancelled: AbortSignal): Promise<void> {
    const { driver, clock, journal, suspend, report } = this.#context
    for (let finished = done; ; ) {
      try {
        if (this.#wasAway) await this.#startAgain(plan)
        return await this.#run(plan, finished, way, cancelled)
      } catch (thrown) {
        if (!isEngineLost(thrown) || suspend?.aborted) throw thrown
        report({ stage: way ? 'return' : 'apply', message: `${toSealiftError(thrown, plan.installation).message}; waiting for it.` })
        const signal = suspend === undefined ? cancelled : AbortSignal.any([cancelled, suspend])
        if (!(await engineReturns(driver, clock, signal))) throw thrown
        report({ stage: way ? 'return' : 'apply', message: 'The engine answers again.' })
        this.#wasAway = true
        const run = await journal.read(this.#id)
        finished = stepsStillDone(plan, doneSteps((way ? run?.way?.steps : run?.steps) ?? {}))
      }
    }
  }

  #ended(revision: Revision, outcome: 'done' | 'failed', reason?: string): Revision {
    return { ...revision, outcome, finishedAt: timestamp(this.#context.clock), ...(reason === undefined ? {} : { reason }) }
  }

  async #failed(plan: Plan, revision: Revision, reason: SealiftError): Promise<ExecutionResult> {
    const { journal, report } = this.#context
    report({ stage: 'return', message: reason.message })
    const failed = this.#ended(revision, 'failed', reason.message)
    if (plan.previous === null && plan.next !== null) {
      const left = await this.#takeBack(plan).catch((thrown: unknown) => {
        if (isEngineLost(thrown)) return undefined
        return `Its containers could not be removed: ${toSealiftError(thrown, plan.installation).message}`
      })
      if (left === undefined) return this.#putDown(plan, revision, reason)
      await journal.end(this.#id, [{ ...failed, reason: `${reason.message}. ${left}` }])
      report({ stage: 'record', message: left })
      return { outcome: 'failed', revision: { ...failed, reason: `${reason.message}. ${left}` }, reason, checks: this.#checks }
    }
    const touched = await this.#forwardOnlyTouched(plan)
    if (plan.next === null || touched.length > 0) {
      const stopped =
        touched.length === 0
          ? undefined
          : `Stopped: the data of ${touched.join(', ')} cannot go back without a snapshot. Decide between another upgrade and a restore.`
      if (stopped !== undefined) report({ stage: 'record', message: stopped })
      await journal.end(this.#id, [failed])
      return { outcome: 'failed', revision: failed, reason, checks: this.#checks }
    }
    let way: { plan: Plan; revision: Revision } | undefined
    try {
      way = await this.#planWay(plan, failed)
    } catch (thrown) {
      if (isEngineLost(thrown)) return this.#putDown(plan, revision, thrown)
      const second = toSealiftError(thrown, plan.installation)
      await journal.end(this.#id, [failed])
      const both = new SealiftError('CHANGE_FAILED', `${reason.message}; and no way back could be planned: ${second.message}`, {
        hint: `When the cause is gone, run sealift rollback ${plan.installation} --to ${plan.from ?? ''}.`,
        cause: reason,
      })
      return { outcome: 'failed', revision: failed, reason: both, checks: this.#checks }
    }
    await journal.turn(this.#id, failed, reason.message, way.plan, way.revision)
    return this.back(way.plan, failed, way.revision, reason, new Set())
  }

  /** Removes what a failed installation started. */
  async #takeBack({ installation }: Plan): Promise<string> {
    const { driver } = this.#context
    await driver.removeInstallation(installation, { deleteData: false })
    const kept = (await driver.observe(installation)).volumes.filter((volume) => volume.startsWith(`${installation}.`))
    return kept.length === 0
      ? 'Nothing of it is left on the target.'
      : `Its containers were removed; ${kept.length} volumes and their secrets were kept, and a new installation of this name uses them.`
  }

  async #forwardOnlyTouched({ steps, next }: Plan): Promise<readonly string[]> {
    const run = await this.#context.journal.read(this.#id)
    return steps.flatMap((step) =>
      step.kind === 'component' && run?.steps[step.id] !== undefined && next?.components[step.component]?.definition.carried.data === 'forwardOnly'
        ? [step.component]
        : [],
    )
  }

  async #planWay(plan: Plan, failed: Revision): Promise<{ plan: Plan; revision: Revision }> {
    const { driver, content, clock } = this.#context
    const way = planReturn(plan, {
      installation: plan.installation,
      observed: await driver.observe(plan.installation),
      capabilities: await driver.capabilities(),
      contents: await loadContents([plan.previous, plan.next], content),
      takenPorts: new Set(),
      site: plan.previous?.site ?? {},
    })
    if (way?.next == null) throw new TypeError('a plan that returns without a state to return to')
    const revision: Revision = {
      installation: plan.installation,
      number: failed.number + 1,
      kind: 'return',
      createdAt: timestamp(clock),
      from: failed.number,
      ...(plan.from === null ? {} : { to: plan.from }),
      state: way.next,
      planDigest: way.digest,
      outcome: 'pending',
    }
    return { plan: way, revision }
  }

  async #run(plan: Plan, done: ReadonlySet<string>, way: boolean, cancelled: AbortSignal): Promise<void> {
    const { journal, content, suspend, report } = this.#context
    const state = plan.next ?? plan.previous
    if (state === null) throw new TypeError('a plan without any state')
    const resolve: ResolveContext = { installation: plan.installation, state, contents: await loadContents([state], content) }
    const signal = suspend === undefined ? cancelled : AbortSignal.any([cancelled, suspend])
    let finished = done.size
    const progress = (step: Step, progress: StepProgress): Promise<void> => journal.step(this.#id, step.id, progress, way)
    await runSteps(plan.steps, done, signal, async (step, abort) => {
      await progress(step, 'begun')
      try {
        await this.#step(step, resolve, abort, way)
      } catch (thrown) {
        // A step that was put down is not failed: it is done again.
        if (suspend?.aborted !== true) await progress(step, 'failed')
        throw thrown
      }
      await progress(step, 'done')
      finished += 1
      report({
        stage: way ? 'return' : STAGE_OF[step.kind],
        ...('component' in step ? { component: step.component } : {}),
        message: doneMessage(step),
        done: finished,
        total: plan.steps.length,
        unit: 'steps',
      })
    })
  }

  async #step(step: Step, resolve: ResolveContext, signal: AbortSignal, way: boolean): Promise<void> {
    const { driver, vault, archive, report } = this.#context
    const { installation } = resolve
    const stage = way ? 'return' : STAGE_OF[step.kind]
    switch (step.kind) {
      case 'generate':
        return vault.create(step.secret, step.spec)
      case 'images':
        return driver.ensureImages(step.images.map(wantedImage), archive, (done, total) =>
          report({ stage, message: 'Transferring images.', done, total, unit: 'bytes' }),
        )
      case 'installation':
        return driver.ensureInstallation(installation)
      case 'component': {
        await this.#loadSecrets(resolve.state)
        if (step.fresh || (await this.#wasCutOff(step.component, resolve))) await driver.removeComponent(installation, step.component)
        report({ stage, component: step.component, message: 'Starting.' })
        const component = resolve.state.components[step.component]
        if (component === undefined) throw new TypeError(`no component ${step.component} in the state`)
        const wanted = resolveComponent(resolve, step.component, (id) => this.#secret(id))
        const gate = (only?: readonly number[]): Promise<void> => this.#gate(step.component, resolve, signal, stage, only)
        const tell = (message: string): void => report({ stage, component: step.component, message })
        return rollOut({ component, wanted, gate }, { driver, signal, report: tell })
      }
      case 'wait':
        await this.#loadSecrets(resolve.state)
        return this.#gate(step.component, resolve, signal, stage)
      case 'remove':
        report({ stage, component: step.component, message: 'Stopping and removing; volumes stay.' })
        return driver.removeComponent(installation, step.component)
      case 'uninstall':
        // Those that use others go before them, so that each can end its work.
        for (const components of stopOrder(resolve.state)) await Promise.all(components.map((component) => driver.removeComponent(installation, component)))
        return driver.removeInstallation(installation, { deleteData: step.deleteData })
      case 'check':
        await this.#loadSecrets(resolve.state)
        return this.#check(step.check, resolve, signal)
    }
  }

  /** Starts what the plan leaves as it is and what stopped while nobody looked: others wait for it. */
  async #startAgain({ installation, next, steps }: Plan): Promise<void> {
    if (next === null) return
    const { driver, content } = this.#context
    const planned = new Set(steps.flatMap((step) => (step.kind === 'component' ? [step.component] : [])))
    const { components } = await driver.observe(installation)
    const down = components.filter(({ replicas }) => replicas.some(({ state }) => state === 'exited' || state === 'missing')).map(({ name }) => name)
    const names = runningComponents(next).filter((name) => down.includes(name) && !planned.has(name) && RUNS_ON.has(next.components[name]?.definition.workload))
    if (names.length === 0) return
    const resolve: ResolveContext = { installation, state: next, contents: await loadContents([next], content) }
    await this.#loadSecrets(next)
    for (const name of names) await driver.ensureComponent(resolveComponent(resolve, name, (id) => this.#secret(id)))
  }

  /** Whether a job ended badly while nobody looked: that may have been the engine's end, and not its own. */
  async #wasCutOff(name: string, { installation, state }: ResolveContext): Promise<boolean> {
    if (!this.#wasAway || state.components[name]?.definition.workload !== 'job') return false
    const { components } = await this.#context.driver.observe(installation)
    const [replica] = components.find((component) => component.name === name)?.replicas ?? []
    return replica?.state === 'exited' && replica.exitCode !== 0
  }

  async #gate(name: string, resolve: ResolveContext, signal: AbortSignal, stage: Stage, only?: readonly number[]): Promise<void> {
    const { driver, clock, report } = this.#context
    const component = resolve.state.components[name]
    const workload = component?.definition.workload
    if (component === undefined || workload === undefined) return
    const context = { driver, clock, signal, report: (message: string) => report({ stage, component: name, message, waiting: true }) }
    if (workload === 'external') return passExternalGate(resolve, name, (id) => this.#secret(id), context)
    await passGate(
      {
        installation: resolve.installation,
        component: name,
        workload,
        replicas: component.replicas.value,
        ...(only === undefined ? {} : { only }),
        probes: resolveProbes(resolve, name, (id) => this.#secret(id)),
        timeout: component.definition.gate ?? GATE.timeout,
      },
      context,
    )
  }

  async #check(name: string, resolve: ResolveContext, signal: AbortSignal): Promise<void> {
    const { driver, clock, report } = this.#context
    report({ stage: 'checks', message: `Running check ${name}.` })
    const startedAt = timestamp(clock)
    const { exitCode, timedOut, output } = await raceAbort(driver.runOnce(resolveCheck(resolve, name, (id) => this.#secret(id))), signal)
    this.#checks.push({ check: name, exitCode, output, startedAt, finishedAt: timestamp(clock) })
    if (exitCode === 0 && !timedOut) return
    const what = timedOut ? `was not done within ${resolve.state.checks[name]?.timeout ?? 0} seconds` : `ended with ${exitCode}`
    const shown = output.trim().slice(-CHECK_OUTPUT)
    throw new SealiftError('CHECK_FAILED', `check ${name} ${what}${shown === '' ? '' : `; the last it printed:\n${shown}`}`, {
      details: { check: name, exitCode },
    })
  }

  async #loadSecrets(state: WantedState): Promise<void> {
    for (const id of secretsOf(state).keys()) if (!this.#secrets.has(id)) this.#secrets.set(id, await this.#context.vault.get(id))
  }

  #secret(id: string): string {
    const value = this.#secrets.get(id)
    if (value === undefined) throw new SealiftError('SECRET_MISSING', `secret ${id} was not loaded`)
    return value
  }
}

/** The promise's outcome, or the signal's reason if that comes first. */
async function raceAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const onAbort = (): void => reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

function doneMessage(step: Step): string {
  switch (step.kind) {
    case 'generate':
      return 'Generated a secret.'
    case 'images':
      return 'All images are on the target.'
    case 'installation':
      return 'The network is there.'
    case 'component':
      return 'Ready.'
    case 'wait':
      return 'Ready as it was.'
    case 'remove':
      return 'Removed.'
    case 'uninstall':
      return 'Removed.'
    case 'check':
      return `Check ${step.check} passed.`
  }
}

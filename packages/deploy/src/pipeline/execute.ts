import { SealiftError, toSealiftError } from '@sealift/oci/sealift-error.ts'
import type { HookStep } from '../plan/hook-steps.ts'
import type { Plan, Step } from '../plan/plan.ts'
import { planReturn } from '../plan/planner.ts'
import { isForwardOnly } from '../plan/stakes.ts'
import { dataOnReturn, snapshotsFor } from '../plan/way-back.ts'
import type { Revision, RevisionKind } from '../revision.ts'
import { isActive } from '../state.ts'
import type { CheckOutcome } from './check-outcome.ts'
import { timestamp } from './clock.ts'
import { engineReturns, isEngineLost, stepsStillDone } from './engine-loss.ts'
import { failureOf, failureRecord } from './failure-record.ts'
import { describe } from './hook-runner.ts'
import type { RunRecord } from './journal.ts'
import { loadContents } from './load-contents.ts'
import type { ExecutionResult, PipelineContext } from './pipeline-context.ts'
import { preflight } from './preflight.ts'
import { runSteps } from './run-steps.ts'
import { SecretMask } from './secret-mask.ts'
import { keepLatestSnapshots } from './snapshot-keeping.ts'
import { StepRunner } from './step-runner.ts'

/** What is decided when an interrupted change goes on. */
export interface ResumeOptions {
  /** What becomes of a hook that cannot safely run twice and was cut off: it runs again, or counts as done. */
  readonly hook?: 'rerun' | 'skip'
}

/**
 * Carries a plan out: preflight, pull, quiesce, snapshot, hooks, components in the order of their waits
 * with health gates, checks, record. What fails goes back by itself where the plan says so. Everything
 * is in the journal before it is done. Where the target goes away meanwhile, the run waits for it, and
 * is put down as it is where it does not come back: that says nothing about the change.
 *
 * @param id names the run, for {@link resume}
 * @returns also after a failure, which is then the result's reason
 * @throws SealiftError `PLAN_CHANGED`, `PREFLIGHT_FAILED`, `ENGINE_UNREACHABLE` before anything was changed
 */
export async function execute(id: string, plan: Plan, context: PipelineContext): Promise<ExecutionResult> {
  await preflight(plan, context)
  const revision = await newRevision(plan, context)
  await context.journal.begin(id, plan, revision)
  return new Execution(id, context, false).forward(plan, revision, {}, {})
}

/**
 * Goes on with a run that a killed or suspended program left open. Steps that were done are not
 * repeated but for a look at whether what they started still runs; one that was under way is, since
 * every verb of a driver can be. A hook that may have come half way is not, unless it says that it can be.
 * @throws SealiftError `RUN_NOT_FOUND`; `HOOK_CUT_OFF` where a person has to decide
 */
export async function resume(id: string, context: PipelineContext, options: ResumeOptions = {}): Promise<ExecutionResult> {
  const run = await context.journal.read(id)
  if (run === undefined || run.ended) throw new SealiftError('RUN_NOT_FOUND', `there is no open run ${id} in the journal`)
  const execution = new Execution(id, context, true, Object.entries(run.checks))
  if (run.way === undefined) return execution.forward(run.plan, run.revision, run.steps, options)
  return execution.back(run.way.plan, run.revision, run.way.revision, failureOf(run.way.reason), run.way.steps, options)
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

type Progress = RunRecord['steps']

/** One run. */
class Execution {
  readonly #id: string
  readonly #context: PipelineContext
  readonly #checks: Map<string, CheckOutcome>
  readonly #mask = new SecretMask()
  /** Whether the engine or the program was away since the run began. */
  #wasAway: boolean

  constructor(id: string, context: PipelineContext, wasAway: boolean, checks: Iterable<readonly [string, CheckOutcome]> = []) {
    this.#id = id
    this.#wasAway = wasAway
    // What engines and containers say ends up in logs: it is masked in one place.
    this.#context = { ...context, report: (event) => context.report({ ...event, message: this.#mask.text(event.message) }) }
    this.#checks = new Map(checks)
  }

  async forward(plan: Plan, revision: Revision, steps: Progress, options: ResumeOptions): Promise<ExecutionResult> {
    const { cancel, suspend, journal, report } = this.#context
    const cancelled = new AbortController()
    const onCancel = (): void => cancelled.abort(new SealiftError('CHANGE_CANCELLED', `${plan.installation}: the change was cancelled`))
    if (cancel?.aborted) onCancel()
    cancel?.addEventListener('abort', onCancel, { once: true })
    try {
      await this.#runThrough(plan, revision, false, steps, options, cancelled.signal)
    } catch (thrown) {
      if (suspend?.aborted) return this.#result('suspended', revision)
      if (thrown instanceof Undecided) throw thrown.reason
      if (isEngineLost(thrown)) return this.#putDown(plan, revision, thrown)
      return await this.#failed(plan, revision, this.#mask.error(toSealiftError(thrown, plan.installation)))
    } finally {
      cancel?.removeEventListener('abort', onCancel)
    }
    report({ stage: 'record', message: `Recording revision ${revision.number}.` })
    const reached = this.#ended(revision, 'done')
    await this.#attest(plan, reached)
    await journal.end(this.#id, [reached])
    await keepLatestSnapshots(plan, this.#context)
    return this.#result('done', reached)
  }

  /** The way back of a failed plan. */
  async back(plan: Plan, failed: Revision, revision: Revision, reason: SealiftError, steps: Progress, options: ResumeOptions): Promise<ExecutionResult> {
    const { journal, report, suspend } = this.#context
    report({ stage: 'return', message: `Returning to revision ${revision.to ?? ''}.` })
    try {
      await this.#runThrough(plan, revision, true, steps, options, new AbortController().signal)
    } catch (thrown) {
      if (suspend?.aborted) return this.#result('suspended', failed)
      if (thrown instanceof Undecided) throw thrown.reason
      if (isEngineLost(thrown)) return this.#putDown(plan, failed, thrown)
      const second = this.#mask.error(toSealiftError(thrown, plan.installation))
      const lost = this.#ended(revision, 'failed', second.message)
      await journal.end(this.#id, [failed, lost])
      const both = new SealiftError('CHANGE_FAILED', `${reason.message}; and the return to revision ${revision.to ?? ''} failed too: ${second.message}`, {
        hint: `When the cause is gone, run sealift rollback ${plan.installation} --to ${revision.to ?? ''}.`,
        cause: reason,
      })
      return { ...this.#result('failed', failed), returned: lost, reason: both }
    }
    const reached = this.#ended(revision, 'done', `Returned since revision ${failed.number} failed.`)
    await journal.end(this.#id, [failed, reached])
    const gone = plan.steps.flatMap((step) => (step.kind === 'remove' ? [step.component] : []))
    const restored = plan.data.restores.map(({ component, volume }) => `${component}/${volume}`)
    report({
      stage: 'record',
      message: `Returned to revision ${revision.to ?? ''}.${restored.length === 0 ? '' : ` Data brought back: ${restored.join(', ')}.`}${gone.length === 0 ? '' : ` Removed, since only the failed change brought it: ${gone.join(', ')}; volumes were kept.`}`,
    })
    return { ...this.#result('returned', failed), returned: reached, reason }
  }

  #result(outcome: ExecutionResult['outcome'], revision: Revision): ExecutionResult {
    return { outcome, revision, checks: [...this.#checks.values()] }
  }

  /** Leaves the run open as it is. */
  #putDown({ installation }: Plan, revision: Revision, thrown: unknown): ExecutionResult {
    const reason = this.#mask.error(toSealiftError(thrown, installation))
    this.#context.report({ stage: 'record', message: `Put down half way, to be gone on with: ${reason.message}` })
    return { ...this.#result('suspended', revision), reason }
  }

  /** Runs the steps; where the engine goes away meanwhile, waits for it and goes on. */
  async #runThrough(plan: Plan, revision: Revision, way: boolean, steps: Progress, options: ResumeOptions, cancelled: AbortSignal): Promise<void> {
    const { driver, clock, journal, suspend, report } = this.#context
    for (let known = steps; ; ) {
      try {
        return await this.#run(plan, revision, way, known, options, cancelled)
      } catch (thrown) {
        if (!isEngineLost(thrown) || suspend?.aborted) throw thrown
        report({ stage: way ? 'return' : 'apply', message: `${toSealiftError(thrown, plan.installation).message}; waiting for it.` })
        const signal = suspend === undefined ? cancelled : AbortSignal.any([cancelled, suspend])
        if (!(await engineReturns(driver, clock, signal))) throw thrown
        report({ stage: way ? 'return' : 'apply', message: 'The engine answers again.' })
        this.#wasAway = true
        const run = await journal.read(this.#id)
        known = (way ? run?.way?.steps : run?.steps) ?? {}
      }
    }
  }

  #ended(revision: Revision, outcome: 'done' | 'failed', reason?: string): Revision {
    return { ...revision, outcome, finishedAt: timestamp(this.#context.clock), ...(reason === undefined ? {} : { reason }) }
  }

  async #attest(plan: Plan, revision: Revision): Promise<void> {
    if (plan.kind !== 'install' && plan.kind !== 'upgrade') return
    // What failed before any check ran has nothing to attest.
    if (revision.outcome !== 'done' && this.#checks.size === 0) return
    await this.#context.attest?.({ plan, revision, checks: [...this.#checks.values()] })
  }

  async #failed(plan: Plan, revision: Revision, reason: SealiftError): Promise<ExecutionResult> {
    const { journal, report } = this.#context
    report({ stage: 'return', message: reason.message })
    const failed = this.#ended(revision, 'failed', reason.message)
    await this.#attest(plan, failed)
    if (plan.previous === null && plan.next !== null) {
      const left = await this.#takeBack(plan).catch((thrown: unknown) => {
        if (isEngineLost(thrown)) return undefined
        return `Its containers could not be removed: ${this.#mask.text(toSealiftError(thrown, plan.installation).message)}`
      })
      if (left === undefined) return this.#putDown(plan, revision, reason)
      const ended = { ...failed, reason: `${reason.message}. ${left}` }
      await journal.end(this.#id, [ended])
      report({ stage: 'record', message: left })
      return { ...this.#result('failed', ended), reason }
    }
    const steps = (await journal.read(this.#id))?.steps ?? {}
    const touched = forwardOnlyTouched(plan, steps)
    const lost = plan.previous === null || plan.next === null ? [] : dataOnReturn(plan.previous, plan.next, plan.data, touched).lost
    if (plan.next === null || lost.length > 0) {
      if (lost.length > 0) {
        const stopped = `Stopped: the data of ${lost.join(', ')} cannot go back without a snapshot. Decide between another upgrade and a restore.`
        report({ stage: 'record', message: stopped })
      }
      await journal.end(this.#id, [failed])
      return { ...this.#result('failed', failed), reason }
    }
    let way: { plan: Plan; revision: Revision } | undefined
    try {
      way = await this.#planWay(plan, failed, steps, touched)
    } catch (thrown) {
      if (isEngineLost(thrown)) return this.#putDown(plan, revision, thrown)
      const second = this.#mask.error(toSealiftError(thrown, plan.installation))
      await journal.end(this.#id, [failed])
      const both = new SealiftError('CHANGE_FAILED', `${reason.message}; and no way back could be planned: ${second.message}`, {
        hint: `When the cause is gone, run sealift rollback ${plan.installation} --to ${plan.from ?? ''}.`,
        cause: reason,
      })
      return { ...this.#result('failed', failed), reason: both }
    }
    await journal.turn(this.#id, failed, failureRecord(reason), way.plan, way.revision)
    return this.back(way.plan, failed, way.revision, reason, {}, {})
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

  async #planWay(plan: Plan, failed: Revision, steps: Progress, touched: readonly string[]): Promise<{ plan: Plan; revision: Revision }> {
    const { driver, content, clock, snapshots } = this.#context
    const { installation, previous, next } = plan
    const taken = (await snapshots.list(installation)).filter(({ number }) => number === failed.number)
    const way = planReturn(
      plan,
      {
        installation,
        observed: await driver.observe(installation),
        capabilities: await driver.capabilities(),
        contents: await loadContents([previous, next], content),
        takenPorts: new Set(),
        site: previous?.site ?? {},
      },
      {
        restore: previous === null || next === null ? [] : snapshotsFor(previous, next, touched, taken),
        begun: plan.steps.flatMap((step) =>
          step.kind === 'component' && isUpgraded(plan, step.component) && steps[step.id] !== undefined ? [step.component] : [],
        ),
        quiesced: plan.steps.flatMap((step) =>
          step.kind === 'hook' && step.moment === 'quiesce' && steps[step.id] !== undefined && steps[`start ${step.component}`] !== 'done'
            ? [step.component]
            : [],
        ),
      },
    )
    if (way?.next == null) throw new TypeError('a plan that returns without a state to return to')
    const revision: Revision = {
      installation,
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

  async #run(plan: Plan, revision: Revision, way: boolean, known: Progress, options: ResumeOptions, cancelled: AbortSignal): Promise<void> {
    const { journal, suspend, report } = this.#context
    const runner = await StepRunner.open({ id: this.#id, plan, revision, way, mask: this.#mask, context: this.#context, wasAway: this.#wasAway })
    const done = new Set(stepsStillDone(plan, new Set(Object.entries(known).flatMap(([step, progress]) => (progress === 'done' ? [step] : [])))))
    // Where the change is given up nothing runs again, and nothing need be decided.
    if (cancelled.aborted) await forgetHooks(plan, runner, known)
    else for (const step of await this.#settleHooks(plan, runner, known, way, options)) done.add(step.id)
    if (this.#wasAway && !cancelled.aborted) await runner.startAgain()
    const signal = suspend === undefined ? cancelled : AbortSignal.any([cancelled, suspend])
    let finished = done.size
    const progress = async (step: Step, progress: 'begun' | 'done' | 'failed'): Promise<void> => {
      const check = runner.checks.get(step.id)
      if (check !== undefined) this.#checks.set(step.id, check)
      await journal.step(this.#id, { step: step.id, progress, way, ...(check === undefined ? {} : { check }) })
    }
    await runSteps(plan.steps, done, signal, async (step, abort) => {
      await progress(step, 'begun')
      try {
        await runner.run(step, abort)
      } catch (thrown) {
        // A step that was put down is not failed: it is done again.
        if (suspend?.aborted !== true && !isEngineLost(thrown)) await progress(step, 'failed')
        throw thrown
      }
      await progress(step, 'done')
      await runner.settle(step)
      finished += 1
      report({
        stage: runner.stageOf(step),
        ...('component' in step ? { component: step.component } : {}),
        message: doneMessage(step),
        done: finished,
        total: plan.steps.length,
        unit: 'steps',
      })
    })
  }

  /**
   * Decides about hooks that were under way when the program died.
   * @returns those that count as done although nobody knows
   * @throws Undecided where a person has to decide
   */
  async #settleHooks(plan: Plan, runner: StepRunner, known: Progress, way: boolean, { hook }: ResumeOptions): Promise<readonly HookStep[]> {
    const { journal, report } = this.#context
    const skipped: HookStep[] = []
    for (const step of plan.steps) {
      if (step.kind !== 'hook' || known[step.id] !== 'begun') continue
      if (await runner.hooks.canGoOn(step)) continue
      if (hook === undefined) {
        throw new Undecided(
          new SealiftError('HOOK_CUT_OFF', `${plan.installation}: ${describe(step)} was cut off, and may have done only a part of its work`, {
            details: { component: step.component, hook: step.moment },
          }),
        )
      }
      await runner.hooks.forget(step)
      if (hook === 'rerun') continue
      await journal.step(this.#id, { step: step.id, progress: 'done', way })
      report({ stage: runner.stageOf(step), component: step.component, message: `Hook ${step.moment} was cut off and counts as done: it was decided so.` })
      skipped.push(step)
    }
    return skipped
  }
}

/** Ends the hooks of a change that is given up: they may have gone on by themselves. */
async function forgetHooks({ steps }: Plan, { hooks }: StepRunner, known: Progress): Promise<void> {
  for (const step of steps) if (step.kind === 'hook' && known[step.id] === 'begun') await hooks.forget(step)
}

/** A change that cannot go on until someone decides; it stays open. */
class Undecided extends Error {
  override readonly name = 'Undecided'
  readonly reason: SealiftError

  constructor(reason: SealiftError) {
    super(reason.message)
    this.reason = reason
  }
}

/** Whether a component has another version in the state that a plan leads to. */
function isUpgraded({ previous, next }: Plan, name: string): boolean {
  if (previous === null || next === null || !isActive(previous, name)) return false
  return previous.components[name]?.image?.config !== next.components[name]?.image?.config || previous.release.digest !== next.release.digest
}

/** The components of one direction that a plan has begun to change, by what the journal says. */
function forwardOnlyTouched({ steps, next }: Plan, progress: Progress): readonly string[] {
  const touched = steps.flatMap((step) => {
    const changes = step.kind === 'component' || (step.kind === 'hook' && step.moment === 'beforeUpgrade')
    return changes && progress[step.id] !== undefined && isForwardOnly(next, step.component) ? [step.component] : []
  })
  return [...new Set(touched)]
}

function doneMessage(step: Step): string {
  switch (step.kind) {
    case 'generate':
      return 'Generated a secret.'
    case 'images':
      return 'All images are on the target.'
    case 'installation':
      return 'The network is there.'
    case 'hook':
      return `Hook ${step.moment} is done.`
    case 'stop':
      return 'Stands still.'
    case 'snapshot':
      return `Copied ${step.volume}.`
    case 'start':
      return 'Runs again.'
    case 'restore':
      return `Brought back ${step.volume}.`
    case 'discard':
      return `Removed volume ${step.volume}.`
    case 'component':
      return 'Ready.'
    case 'wait':
      return 'Ready as it was.'
    case 'remove':
    case 'uninstall':
      return 'Removed.'
    case 'check':
      return `Check ${step.check} passed.`
  }
}

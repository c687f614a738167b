import type { Change } from '@sealift/api/change.ts'
import type { Changed } from '@sealift/api/changed.ts'
import type { Job } from '@sealift/api/job.ts'
import type { ContentStore } from '@sealift/content/content-store.ts'
import { readBlob } from '@sealift/content/read-blob.ts'
import type { Driver } from '@sealift/deploy/driver.ts'
import type { Clock } from '@sealift/deploy/pipeline/clock.ts'
import { execute, type ResumeOptions, resume } from '@sealift/deploy/pipeline/execute.ts'
import type { Journal } from '@sealift/deploy/pipeline/journal.ts'
import type { ExecutionResult, PipelineContext, PipelineEvent, Stage } from '@sealift/deploy/pipeline/pipeline-context.ts'
import { changesNothing, type Plan } from '@sealift/deploy/plan/plan.ts'
import { assertAgreed } from '@sealift/deploy/plan/planner.ts'
import { wantedImage } from '@sealift/deploy/resolve.ts'
import type { SnapshotCatalog } from '@sealift/deploy/snapshot.ts'
import { imagesOf } from '@sealift/deploy/state.ts'
import { prepareDockerArchive } from '@sealift/images/write-docker-archive.ts'
import { messageOf, SealiftError, toSealiftError } from '@sealift/oci/sealift-error.ts'
import type { JobQueue } from '../jobs/job-queue.ts'
import { type JobContext, JobSuspended } from '../jobs/job-work.ts'
import type { RunStates } from '../supervision/run-states.ts'
import type { TargetRegistry } from '../targets/target-registry.ts'
import type { ChangePlanner, PlannedChange } from './change-planner.ts'
import type { DatabaseVault } from './database-vault.ts'
import type { InstallationRegistry } from './installation-registry.ts'
import type { ReportBook } from './report-book.ts'

/** What running changes needs. */
export interface ChangeRunnerParts {
  readonly store: ContentStore
  readonly targets: TargetRegistry
  readonly installations: InstallationRegistry
  readonly vault: DatabaseVault
  readonly journal: Journal
  readonly snapshots: SnapshotCatalog
  readonly reports: ReportBook
  readonly planner: ChangePlanner
  readonly jobs: JobQueue
  readonly clock: Clock
  readonly runStates: RunStates
}

const STAGE_WORDS: Readonly<Record<Stage, string>> = {
  preflight: 'Preflight',
  images: 'Images',
  data: 'Data',
  hooks: 'Hooks',
  apply: 'Applying',
  checks: 'Checks',
  return: 'Going back',
  record: 'Recording',
}

/** Runs changes of installations as jobs. */
export class ChangeRunner {
  readonly #parts: ChangeRunnerParts

  constructor(parts: ChangeRunnerParts) {
    this.#parts = parts
  }

  /**
   * Plans a change, to be looked at.
   * @throws SealiftError `RUN_OPEN` where an interrupted change is to be finished first: nothing can be said of what is half done
   */
  async plan(change: Change): Promise<PlannedChange> {
    await this.#refuseOpen(change.name)
    return this.#parts.planner.plan(change)
  }

  /**
   * Plans a change and starts it.
   * @param agreed the digest of the plan that was shown; without it the change runs as planned now
   * @throws SealiftError `PLAN_CHANGED`, `RUN_OPEN`, and what planning refuses
   */
  async start(change: Change, agreed?: string): Promise<Job> {
    const { planner, installations, jobs } = this.#parts
    const name = change.name
    await this.#refuseOpen(name)
    const { plan, driver, environment, application } = await planner.plan(change)
    if (agreed !== undefined) assertAgreed(plan, agreed)
    return jobs.start({
      kind: change.kind,
      title: titleOf(plan, application),
      request: { installation: name, kind: change.kind, plan: plan.digest },
      exclusive: [`installation ${name}`],
      resumable: true,
      run: async (context) => {
        await this.#assertStill(plan)
        if (changesNothing(plan)) return unchanged(plan, application)
        await installations.add({ name, environment, application })
        try {
          const result = await this.#run(context, async () => execute(String(context.id), plan, await this.#pipeline([plan], driver, context)))
          return await this.#finish(result, plan, application, context)
        } catch (thrown) {
          // Where even tidying up fails, what failed before it is what counts.
          await this.#forgetUnbegun(name).catch(() => {})
          throw thrown
        }
      },
    })
  }

  /**
   * Goes on with a change that was interrupted.
   * @throws SealiftError `JOB_NOT_FOUND`, `JOB_NOT_INTERRUPTED`, `RUN_NOT_FOUND` where it had not changed anything yet
   */
  async resume(job: number, options: ResumeOptions = {}): Promise<Job> {
    return this.#goOn(job, options, false)
  }

  /**
   * Asks a change that runs to stop, and one that was interrupted to go back.
   * @throws SealiftError as {@link ChangeRunner.resume}
   */
  async cancel(job: number): Promise<Job> {
    const { jobs, journal } = this.#parts
    const { state } = await jobs.get(job)
    const run = state === 'interrupted' ? await journal.read(String(job)) : undefined
    return run === undefined || run.ended ? jobs.cancel(job) : this.#goOn(job, {}, true)
  }

  async #goOn(job: number, options: ResumeOptions, giveUp: boolean): Promise<Job> {
    const { journal, installations, targets, jobs } = this.#parts
    const { title, kind, state } = await jobs.get(job)
    if (state !== 'interrupted') throw new SealiftError('JOB_NOT_INTERRUPTED', `job ${job} (${title}) is ${state}; only an interrupted job can be resumed`)
    const run = await journal.read(String(job))
    if (run === undefined || run.ended) {
      throw new SealiftError('RUN_NOT_FOUND', `job ${job} (${title}) had not begun to change anything when it was interrupted`, { hint: 'Start it again.' })
    }
    const known = await installations.find(run.plan.installation)
    if (known === undefined) throw new SealiftError('INSTALLATION_NOT_FOUND', `there is no installation ${run.plan.installation}`)
    const driver = await targets.driverOf(known.environment)
    const { request } = await jobs.requestOf(job)
    return jobs.restart(job, {
      kind,
      title,
      request,
      exclusive: [`installation ${known.name}`],
      resumable: true,
      run: async (context) => {
        const plans = run.way === undefined ? [run.plan] : [run.plan, run.way.plan]
        const result = await this.#run(context, async () => {
          const pipeline = await this.#pipeline(plans, driver, context)
          return resume(String(job), giveUp ? { ...pipeline, cancel: AbortSignal.abort() } : pipeline, options)
        })
        return this.#finish(result, run.plan, known.application, context)
      },
    })
  }

  /** The jobs whose changes were put down half done, by a kill or since the engine was away. */
  async interrupted(): Promise<readonly number[]> {
    const { journal, jobs } = this.#parts
    const interrupted: number[] = []
    for (const { id } of await journal.open()) if ((await jobs.get(Number(id))).state === 'interrupted') interrupted.push(Number(id))
    return interrupted
  }

  /** Goes on with all changes that were interrupted; one that can't be is told and left as it is. */
  async resumeInterrupted(): Promise<void> {
    for (const job of await this.interrupted()) {
      await this.resume(job).catch((thrown: unknown) => process.emitWarning(`job ${job} could not be resumed: ${messageOf(thrown)}`))
    }
  }

  /** Between planning and now another change may have come to its end. */
  async #assertStill({ installation, from }: Plan): Promise<void> {
    const revision = (await this.#parts.installations.find(installation))?.current?.number ?? null
    if (revision === from) return
    throw new SealiftError(
      'PLAN_CHANGED',
      `${installation}: the plan starts from revision ${from ?? 'none'}, and now revision ${revision ?? 'none'} is current`,
    )
  }

  /** Runs or resumes an execution. What breaks off without an end in the journal (a full disk) can be resumed when its cause is gone. */
  async #run(context: JobContext, work: () => Promise<ExecutionResult>): Promise<ExecutionResult> {
    try {
      return await work()
    } catch (thrown) {
      const run = await this.#parts.journal.read(String(context.id)).catch(() => undefined)
      if (run === undefined || run.ended) throw thrown
      const reason = toSealiftError(thrown, run.plan.installation)
      throw new JobSuspended(toBeResumed(reason, context.id))
    }
  }

  /** What was refused before its first revision leaves no installation behind. */
  async #forgetUnbegun(name: string): Promise<void> {
    const { installations } = this.#parts
    if ((await installations.find(name))?.history.length === 0) await installations.forget(name)
  }

  async #refuseOpen(installation: string): Promise<void> {
    const open = (await this.#parts.journal.open()).find(({ plan }) => plan.installation === installation)
    if (open === undefined) return
    const job = await this.#parts.jobs.get(Number(open.id))
    if (job.state !== 'interrupted') return
    throw new SealiftError('RUN_OPEN', `${installation}: job ${job.id} (${job.title}) was interrupted half way`, {
      hint: `Go on with: sealift jobs resume ${job.id}`,
    })
  }

  async #pipeline(plans: readonly Plan[], driver: Driver, context: JobContext): Promise<PipelineContext> {
    const { store, vault, clock, snapshots } = this.#parts
    const states = plans.flatMap(({ previous, next }) => [previous, next]).filter((state) => state !== null)
    const images = states.flatMap((state) => imagesOf(state)).map(wantedImage)
    return {
      driver,
      vault,
      journal: this.#journal(),
      snapshots,
      attest: (attestation) => this.#parts.reports.write(String(context.id), attestation, driver),
      archive: await prepareDockerArchive(store, images),
      content: (digest) => readBlob(store, digest),
      clock,
      cancel: context.signal,
      suspend: context.suspend,
      report: jobReporter(context),
    }
  }

  /** The journal; a change that begins brings up what was stopped by hand, since it has to see that it works. */
  #journal(): Journal {
    const { journal, runStates } = this.#parts
    return {
      begin: async (id, plan, revision) => {
        await journal.begin(id, plan, revision)
        await runStates.startAll(plan.installation)
      },
      step: (id, entry) => journal.step(id, entry),
      turn: (id, failed, reason, plan, revision) => journal.turn(id, failed, reason, plan, revision),
      end: (id, revisions) => journal.end(id, revisions),
      read: (id) => journal.read(id),
      open: () => journal.open(),
      history: (installation) => journal.history(installation),
    }
  }

  async #finish(result: ExecutionResult, plan: Plan, application: string, { id }: JobContext): Promise<Changed> {
    if (result.outcome === 'suspended') throw new JobSuspended(result.reason && toBeResumed(result.reason, id))
    if (result.outcome !== 'done') {
      const reason = result.reason ?? new SealiftError('CHANGE_FAILED', `${plan.installation}: the change failed`)
      throw new SealiftError(reason.code, reason.message, {
        hint:
          result.outcome === 'returned'
            ? `${plan.installation} is as it was before, in revision ${plan.from}. Ask the vendor for a release that mends this, or change what the message names.`
            : reason.hint,
        cause: reason,
        details: {
          ...reason.details,
          outcome: result.outcome,
          revision: result.revision.number,
          ...(result.returned ? { returned: result.returned.number } : {}),
        },
      })
    }
    return {
      installation: plan.installation,
      application,
      version: plan.next?.release.version ?? null,
      revision: result.revision.number,
      unchanged: plan.items.every(({ effect }) => effect === 'kept' || effect === 'offered'),
      checks: result.checks.map(({ check, exitCode }) => ({ check, exitCode })),
    }
  }
}

/** Why a change was put down, with the way to go on. */
function toBeResumed(reason: SealiftError, job: number): SealiftError {
  if (reason.code === 'HOOK_CUT_OFF') {
    const hint = `Look at its data, then decide: sealift jobs resume ${job} --rerun-hook runs it again, --skip-hook goes on without it, and sealift jobs cancel ${job} goes back.`
    return new SealiftError(reason.code, reason.message, { hint, cause: reason, details: reason.details })
  }
  return new SealiftError(reason.code, reason.message, { hint: `${reason.hint} Then: sealift jobs resume ${job}`, cause: reason })
}

/** Tells a job's followers what the pipeline reports: bytes and steps as progress, what was done as lines of its log. */
function jobReporter(context: JobContext): (event: PipelineEvent) => void {
  let steps = { done: 0, total: 0 }
  return ({ stage, component, message, done, total, unit, waiting }) => {
    if (unit === 'bytes') return context.progress(message, done, total, 'bytes')
    if (done !== undefined && total !== undefined) steps = { done, total }
    const words = waiting ? `${STAGE_WORDS[stage]}, waiting for ${component}: ${message.split('\n', 1)[0]}` : STAGE_WORDS[stage]
    context.progress(words, steps.done, steps.total)
    if (!waiting) context.log(component === undefined ? message : `${component}: ${message}`)
  }
}

/** What a change tells that found everything as it is wanted: it makes no revision. */
function unchanged({ installation, toRelease, from }: Plan, application: string): Changed {
  return { installation, application, version: toRelease?.version ?? null, revision: from ?? 0, unchanged: true, checks: [] }
}

function titleOf({ kind, installation, fromRelease, toRelease, to }: Plan, application: string): string {
  switch (kind) {
    case 'install':
      return `install ${application} ${toRelease?.version} as ${installation}`
    case 'upgrade':
      return `upgrade ${installation} from ${fromRelease?.version} to ${toRelease?.version}`
    case 'rollback':
      return `roll back ${installation} to revision ${to}`
    case 'configure':
    case 'return':
    case 'uninstall':
      return `${kind} ${installation}`
  }
}

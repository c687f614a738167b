import type { Duplex } from 'node:stream'
import type { Job } from '@sealift/api/job.ts'
import type { Journal } from '@sealift/deploy/pipeline/journal.ts'
import { runningComponents } from '@sealift/deploy/state.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { suggestion } from '@sealift/template/did-you-mean.ts'
import type { InstallationRegistry } from '../installations/installation-registry.ts'
import type { JobQueue } from '../jobs/job-queue.ts'
import type { JobContext } from '../jobs/job-work.ts'
import type { TargetRegistry } from '../targets/target-registry.ts'
import type { EventLog } from './event-log.ts'
import { execOnChannel } from './exec-session.ts'
import type { InstallationOpener, OpenedInstallation } from './opened-installation.ts'
import type { RunStates } from './run-states.ts'

/** What operations need. */
export interface OperationsParts {
  readonly installations: InstallationRegistry
  readonly targets: TargetRegistry
  readonly opener: InstallationOpener
  readonly runStates: RunStates
  readonly events: EventLog
  readonly jobs: JobQueue
  readonly journal: Journal
}

type OperationKind = 'start' | 'stop' | 'restart'

const DONE: Readonly<Record<OperationKind, string>> = { start: 'Started', stop: 'Stopped', restart: 'Restarted' }

/** Starts, stops and restarts components by hand, as jobs, while the revision stays. */
export class Operations {
  readonly #parts: OperationsParts

  constructor(parts: OperationsParts) {
    this.#parts = parts
  }

  /**
   * Starts components and what they wait for, each when those before it are healthy.
   * @param components without any, all of the installation
   * @throws SealiftError `INSTALLATION_NOT_FOUND`, `COMPONENT_NOT_FOUND`, `RUN_OPEN`, `JOB_CONFLICT`
   */
  async start(name: string, components: readonly string[]): Promise<Job> {
    return this.#operate('start', name, components, async (opened, chosen, context) => {
      const needed = opened.withNeeded(chosen)
      await this.#parts.runStates.start(name, needed)
      const started: string[] = []
      for (const component of needed) {
        context.progress(`Starting ${component}`, started.length, needed.length)
        const { changed } = await opened.bring(component, context.signal)
        await gate(opened, component, context, started.length, needed.length)
        if (!changed) continue
        started.push(component)
        context.log(`${component}: started.`)
      }
      return started
    })
  }

  /**
   * Stops components gracefully, those first that depend on others. They stay stopped, whatever is
   * restarted, until they are started or the installation is changed.
   * @throws SealiftError as {@link start}
   */
  async stop(name: string, components: readonly string[]): Promise<Job> {
    return this.#operate('stop', name, components, async (opened, chosen, context) => {
      const order = chosen.toReversed()
      await this.#parts.runStates.stop(name, order)
      for (const [index, component] of order.entries()) {
        context.progress(`Stopping ${component}`, index, order.length)
        await opened.driver.stop(name, component)
        context.log(`${component}: stopped.`)
      }
      return order
    })
  }

  /**
   * Restarts components in the order of their dependencies, each when those before it are healthy.
   * Those that were stopped are started.
   * @throws SealiftError as {@link start}
   */
  async restart(name: string, components: readonly string[]): Promise<Job> {
    return this.#operate('restart', name, components, async (opened, chosen, context) => {
      await this.#parts.runStates.start(name, chosen)
      for (const [index, component] of chosen.entries()) {
        context.progress(`Restarting ${component}`, index, chosen.length)
        await opened.driver.stop(name, component)
        await opened.bring(component, context.signal)
        await gate(opened, component, context, index, chosen.length)
        context.log(`${component}: restarted.`)
      }
      return chosen
    })
  }

  /**
   * Runs a command inside a replica, on a channel: see {@link execOnChannel}.
   * @throws SealiftError `INSTALLATION_NOT_FOUND`, `COMPONENT_NOT_FOUND`, `REPLICA_NOT_FOUND`
   */
  async exec(name: string, channel: Duplex): Promise<void> {
    const { installations, targets } = this.#parts
    const { current, environment } = await installations.get(name)
    await execOnChannel(
      name,
      async (component) => {
        const names = runningComponents(current.state)
        if (!names.includes(component)) throw unknownComponent(name, component, names)
        return targets.driverOf(environment)
      },
      channel,
    )
  }

  async #operate(
    kind: OperationKind,
    name: string,
    components: readonly string[],
    work: (opened: OpenedInstallation, chosen: readonly string[], context: JobContext) => Promise<readonly string[]>,
  ): Promise<Job> {
    const { installations, opener, jobs, events } = this.#parts
    const chosen = this.#choose(await opener.open(await installations.get(name)), components)
    await this.#refuseOpen(name)
    return jobs.start({
      kind,
      title: `${kind} ${name}${components.length === 0 ? '' : ` ${components.join(', ')}`}`,
      request: { installation: name, kind, components },
      exclusive: [`installation ${name}`],
      run: async (context) => {
        // Another change may have come to its end before this one's turn.
        const opened = await opener.open(await installations.get(name))
        const done = await work(opened, chosen, context)
        if (done.length > 0) await events.note({ installation: name, reason: EVENT[kind], message: `${DONE[kind]} by hand: ${done.join(', ')}.` })
        return { installation: name, components: [...done] }
      },
    })
  }

  #choose(opened: OpenedInstallation, components: readonly string[]): readonly string[] {
    const { services } = opened
    for (const component of components) {
      if (services.includes(component)) continue
      const workload = opened.state.components[component]?.definition.workload
      throw unknownComponent(opened.name, component, services, workload)
    }
    return components.length === 0 ? services : opened.inOrder([...new Set(components)])
  }

  async #refuseOpen(name: string): Promise<void> {
    const open = (await this.#parts.journal.open()).find(({ plan }) => plan.installation === name)
    if (open === undefined) return
    const job = await this.#parts.jobs.get(Number(open.id))
    if (job.state !== 'interrupted') return
    throw new SealiftError('RUN_OPEN', `${name}: job ${job.id} (${job.title}) was interrupted half way`, { hint: `Go on with: sealift jobs resume ${job.id}` })
  }
}

/** @param workload that of a component which is there, but does not run for good */
function unknownComponent(installation: string, component: string, known: readonly string[], workload?: string): SealiftError {
  const message =
    workload === undefined
      ? `${installation} has no component ${component}`
      : `${installation}: component ${component} is ${workload}, and does not run for good`
  return new SealiftError('COMPONENT_NOT_FOUND', message, { hint: suggestion(component, known) || `It has: ${known.join(', ')}` })
}

const EVENT = { start: 'Started', stop: 'Stopped', restart: 'Restarted' } as const

async function gate(opened: OpenedInstallation, component: string, context: JobContext, done: number, total: number): Promise<void> {
  await opened.gate(component, context.signal, (message) => context.progress(`Waiting for ${component}: ${message.split('\n', 1)[0]}`, done, total))
}

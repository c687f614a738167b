import { SealiftError } from '@sealift/oci/sealift-error.ts'
import type { Driver, ObservedReplica } from '../driver.ts'
import type { ResolvedProbe, ResolvedProbes } from '../resolve.ts'
import type { Clock } from './clock.ts'

/** Times of the health gate, in seconds unless said otherwise. */
export const GATE = {
  /** How long a component may take to get healthy, or a job to end, where the template says nothing. */
  timeout: 300,
  /** How long a component without a probe must be up. */
  settle: 10,
  /** Restarts after which nothing good is expected any more. */
  restarts: 5,
  /** How long a component that should run may stand still: engines take a moment to start it again. */
  stopped: 10,
  /** Milliseconds between looks at the target: short at first, since most things are quick, then longer. */
  poll: { early: [50, 50, 100, 100, 200], later: 500 },
  /** Milliseconds until a probe that failed is tried again: short at first, and never longer than its interval. */
  retry: { first: 250, growth: 2 },
  /** Lines of the log that an error carries. */
  logLines: 10,
} as const

/** What the gate of a component is. */
export interface GateRequest {
  readonly installation: string
  readonly component: string
  readonly workload: 'stateless' | 'stateful' | 'daemon' | 'job' | 'cron'
  readonly replicas: number
  /** Only these of the replicas; without it all. */
  readonly only?: readonly number[]
  readonly probes: ResolvedProbes
  /** seconds */
  readonly timeout: number
  /** It was not changed and ran before: what the target says about its start counts. */
  readonly untouched?: true
}

/** What the gate needs. */
export interface GateContext {
  readonly driver: Driver
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Told what is being waited for. */
  readonly report: (message: string) => void
}

/** The last lines that a component printed, for an error. */
async function lastLines({ driver }: GateContext, { installation, component }: GateRequest): Promise<readonly string[]> {
  const lines: string[] = []
  try {
    for await (const { text } of driver.logs(installation, component, { follow: false, tail: GATE.logLines })) lines.push(text)
  } catch {
    // A log that cannot be read must not hide what it was wanted for.
  }
  return lines.slice(-GATE.logLines)
}

function withLog(message: string, lines: readonly string[]): string {
  return lines.length === 0 ? message : `${message}; the last it printed:\n${lines.map((line) => `  ${line}`).join('\n')}`
}

/** How far one replica has come. */
class ReplicaGate {
  readonly #request: GateRequest
  readonly #context: GateContext
  readonly #index: number
  #startupPassed: boolean
  #successes = 0
  #failures = 0
  #nextAttempt: number | undefined
  #stoppedSince: number | undefined
  #firstRestarts: number | undefined
  #upSince: number | undefined
  #restarts = 0
  message = 'not started'

  constructor(request: GateRequest, context: GateContext, index: number) {
    this.#request = request
    this.#context = context
    this.#index = index
    this.#startupPassed = request.probes.startup === undefined
  }

  /**
   * Looks once.
   * @returns whether the replica is healthy
   * @throws SealiftError `COMPONENT_CRASHED`
   */
  async look(replica: ObservedReplica | undefined): Promise<boolean> {
    const now = this.#context.clock.now()
    const restarts = replica?.restarts ?? 0
    this.#firstRestarts ??= restarts
    if (restarts - this.#firstRestarts >= GATE.restarts) {
      await this.#crashed(`was restarted ${restarts - this.#firstRestarts} times${exitText(replica)}`)
    }
    if (restarts !== this.#restarts) this.#begin()
    this.#restarts = restarts
    if (replica === undefined || replica.state !== 'running') {
      this.#begin()
      if (replica?.state === 'starting') this.#stoppedSince = undefined
      else this.#stoppedSince ??= now
      this.message = replica?.message ?? (replica === undefined ? 'has no container' : `is ${replica.state}`)
      if (this.#stoppedSince !== undefined && now - this.#stoppedSince >= GATE.stopped * 1000) await this.#crashed(`ended${exitText(replica)} and stays down`)
      return false
    }
    this.#stoppedSince = undefined
    this.#upSince ??= this.#startOf(replica, now)
    return this.#probe(now, this.#upSince)
  }

  /** Since when a replica is up, by this side's clock: that of a target may be another one. */
  #startOf({ startedAt = '' }: ObservedReplica, now: number): number {
    const said = this.#request.untouched ? Date.parse(startedAt) : Number.NaN
    return Number.isNaN(said) ? now : Math.min(said, now)
  }

  #begin(): void {
    this.#upSince = undefined
    this.#successes = 0
    this.#failures = 0
    this.#nextAttempt = undefined
    this.#startupPassed = this.#request.probes.startup === undefined
  }

  async #probe(now: number, upSince: number): Promise<boolean> {
    const { startup, readiness } = this.#request.probes
    if (startup === undefined && readiness === undefined) {
      this.message = `is up, ${GATE.settle} seconds without a restart are awaited`
      return now - upSince >= GATE.settle * 1000
    }
    const probe = this.#startupPassed ? readiness : startup
    if (probe === undefined) return true
    this.#nextAttempt ??= upSince + probe.initialDelay * 1000
    if (now < this.#nextAttempt) return false
    const passed = await this.#attempt(probe)
    this.#nextAttempt = this.#context.clock.now() + this.#pauseAfter(probe)
    if (!passed) return false
    if (this.#startupPassed || readiness === undefined) return true
    this.#startupPassed = true
    this.#successes = 0
    this.#failures = 0
    this.#nextAttempt = undefined
    return false
  }

  /** Milliseconds: successes are counted at the probe's interval, what is not ready yet is asked sooner at first. */
  #pauseAfter({ interval }: ResolvedProbe): number {
    if (this.#failures === 0) return interval * 1000
    return Math.min(interval * 1000, GATE.retry.first * GATE.retry.growth ** (this.#failures - 1))
  }

  async #attempt({ action, timeout, successThreshold }: ResolvedProbe): Promise<boolean> {
    const { installation, component } = this.#request
    const { healthy, message } = await this.#context.driver.probe(installation, component, this.#index, action, timeout)
    this.message = message
    this.#successes = healthy ? this.#successes + 1 : 0
    this.#failures = healthy ? 0 : this.#failures + 1
    return this.#successes >= successThreshold
  }

  async #crashed(what: string): Promise<never> {
    const { component, replicas } = this.#request
    const subject = replicas > 1 ? `component ${component}, replica ${this.#index}` : `component ${component}`
    const lines = await lastLines(this.#context, this.#request)
    throw new SealiftError('COMPONENT_CRASHED', withLog(`${subject} ${what}`, lines), { details: { component, log: lines } })
  }
}

function exitText(replica: ObservedReplica | undefined): string {
  return replica?.exitCode === undefined ? '' : ` (it ended with ${replica.exitCode})`
}

/**
 * Waits until a component is healthy, or a job has ended with 0.
 * @throws SealiftError `COMPONENT_UNHEALTHY` after the timeout, `COMPONENT_CRASHED` as soon as it keeps
 * ending, `JOB_FAILED`; each with the last lines of the log
 * @throws the signal's reason once it is aborted
 */
export async function passGate(request: GateRequest, context: GateContext): Promise<void> {
  const { driver, clock, signal } = context
  const { installation, component, workload, replicas, only, timeout } = request
  // A schedule is in place as soon as it is there.
  if (workload === 'cron' || replicas === 0) return
  const deadline = clock.now() + timeout * 1000
  const indexes = only ?? Array.from({ length: replicas }, (_, index) => index)
  const gates = new Map(indexes.map((index) => [index, new ReplicaGate(request, context, index)]))
  const healthy = new Set<number>()
  let reported = ''
  for (let looks = 0; ; looks += 1) {
    signal.throwIfAborted()
    const seen = (await driver.observeComponent(installation, component))?.replicas ?? []
    let message: string
    if (workload === 'job') {
      if (await jobEnded(request, context, seen[0])) return
      message = 'runs to its end'
    } else {
      for (const [index, gate] of gates) {
        if (await gate.look(seen.find((replica) => replica.index === index))) healthy.add(index)
        else if (seen.find((replica) => replica.index === index)?.state !== 'running') healthy.delete(index)
      }
      if (healthy.size === gates.size) return
      message = [...gates].find(([index]) => !healthy.has(index))?.[1].message ?? ''
    }
    if (message !== reported) context.report(message)
    reported = message
    if (clock.now() >= deadline) {
      const lines = await lastLines(context, request)
      const what =
        workload === 'job'
          ? `job ${component} did not end within ${timeout} seconds`
          : `component ${component} did not become healthy within ${timeout} seconds: ${message}`
      throw new SealiftError('COMPONENT_UNHEALTHY', withLog(what, lines), { details: { component, log: lines } })
    }
    await clock.sleep(GATE.poll.early[looks] ?? GATE.poll.later, signal)
  }
}

async function jobEnded(request: GateRequest, context: GateContext, job: ObservedReplica | undefined): Promise<boolean> {
  if (job?.state !== 'exited') return false
  if (job.exitCode === 0) return true
  const lines = await lastLines(context, request)
  throw new SealiftError('JOB_FAILED', withLog(`job ${request.component} ended with ${job.exitCode ?? 'an unknown code'}`, lines), {
    details: { component: request.component, exitCode: job.exitCode, log: lines },
  })
}

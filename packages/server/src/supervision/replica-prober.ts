import type { Clock } from '@sealift/deploy/pipeline/clock.ts'
import type { ResolvedProbe, ResolvedProbes } from '@sealift/deploy/resolve.ts'
import type { ProbeResult } from '@sealift/deploy/status.ts'

/** What a prober needs, and whom it tells. */
export interface ProberContext {
  readonly clock: Clock
  /** Makes one attempt. Rejects where the target does not answer; that says nothing about the replica. */
  readonly attempt: (probe: ResolvedProbe) => Promise<ProbeResult>
  /** Told when the replica becomes ready or ceases to be. */
  readonly onReady: (ready: boolean, message: string) => void
  /** Told when a startup or liveness probe has failed as often as its threshold says. */
  readonly onDead: (message: string) => void
}

/**
 * Probes one replica for as long as it lives: startup until it succeeds, then readiness and liveness
 * at their intervals, each with its thresholds.
 */
export class ReplicaProber {
  readonly #probes: ResolvedProbes
  readonly #context: ProberContext
  readonly #ended = new AbortController()
  #ready: boolean | undefined
  #message = 'not probed yet'

  constructor(probes: ResolvedProbes, context: ProberContext) {
    this.#probes = probes
    this.#context = context
    if (probes.startup === undefined && probes.readiness === undefined) this.#ready = true
    void this.#live().catch(() => {})
  }

  /** The state of readiness; undefined before it is known. */
  get result(): ProbeResult | undefined {
    return this.#ready === undefined ? undefined : { healthy: this.#ready, message: this.#message }
  }

  end(): void {
    this.#ended.abort()
  }

  async #live(): Promise<void> {
    const { startup, readiness, liveness } = this.#probes
    if (startup !== undefined) await this.#startup(startup)
    if (startup !== undefined && readiness === undefined) this.#tell(true, 'started')
    await Promise.all([readiness && this.#readiness(readiness), liveness && this.#liveness(liveness)])
  }

  async #startup(probe: ResolvedProbe): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const loop = this.#repeat(probe, (healthy, successes, failures, message) => {
      if (successes >= probe.successThreshold) {
        resolve()
        return false
      }
      if (!healthy) this.#message = message
      if (failures === probe.failureThreshold) {
        this.#tell(false, message)
        this.#context.onDead(message)
      }
      return true
    })
    await Promise.race([promise, loop])
    this.#ended.signal.throwIfAborted()
  }

  async #readiness(probe: ResolvedProbe): Promise<void> {
    await this.#repeat(probe, (healthy, successes, failures, message) => {
      // What is not ready yet becomes so by its successes; what was ready ceases by its failures.
      if (healthy && successes >= probe.successThreshold) this.#tell(true, message)
      else if (!healthy && (failures >= probe.failureThreshold || this.#ready === undefined)) this.#tell(false, message)
      return true
    })
  }

  async #liveness(probe: ResolvedProbe): Promise<void> {
    await this.#repeat(probe, (_healthy, _successes, failures, message) => {
      // Again and again where it is not answered at once: the restart may have to wait.
      if (failures > 0 && failures % probe.failureThreshold === 0) this.#context.onDead(message)
      return true
    })
  }

  /** Attempts at the probe's interval, as long as `look` returns true. */
  async #repeat(probe: ResolvedProbe, look: (healthy: boolean, successes: number, failures: number, message: string) => boolean): Promise<void> {
    const { clock, attempt } = this.#context
    const { signal } = this.#ended
    let [successes, failures] = [0, 0]
    await clock.sleep(probe.initialDelay * 1000, signal)
    for (;;) {
      const begun = clock.now()
      const result = await attempt(probe).catch(() => undefined)
      if (signal.aborted) return
      if (result !== undefined) {
        successes = result.healthy ? successes + 1 : 0
        failures = result.healthy ? 0 : failures + 1
        if (!look(result.healthy, successes, failures, result.message)) return
      }
      // The interval is from begin to begin, and a clock that jumps does not make it longer.
      const passed = Math.max(0, clock.now() - begun)
      await clock.sleep(Math.max(100, Math.min(probe.interval * 1000, probe.interval * 1000 - passed)), signal)
    }
  }

  #tell(ready: boolean, message: string): void {
    const isNews = this.#ready !== ready
    this.#ready = ready
    this.#message = message
    if (isNews) this.#context.onReady(ready, message)
  }
}

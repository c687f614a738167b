import { SealiftError } from '@sealift/oci/sealift-error.ts'

/** Who has claimed something. */
export interface Claimant {
  readonly title: string
  /** Its job's number, once it has one. */
  id: number | undefined
}

/** Work that puts itself down as soon as a job wants what it works on. */
interface Yielding {
  readonly abort: AbortController
  readonly ended: Promise<void>
}

/** Which job works on what, so that no two work on the same thing. Taking a claim is one step: of two that start at once, one gets it. */
export class Claims {
  readonly #holders = new Map<string, Claimant>()
  readonly #yielding = new Map<string, Yielding>()

  /**
   * Runs work on a name that no job has claimed, and that gives way to any that wants to: its signal
   * is aborted then, and the job waits for its end.
   * @returns undefined where a job, or other such work, has the name
   */
  async whileFree<T>(name: string, work: (signal: AbortSignal) => Promise<T>): Promise<T | undefined> {
    if (this.#holders.has(name) || this.#yielding.has(name)) return undefined
    const abort = new AbortController()
    const { promise: ended, resolve } = Promise.withResolvers<void>()
    this.#yielding.set(name, { abort, ended })
    try {
      return await work(abort.signal)
    } finally {
      this.#yielding.delete(name)
      resolve()
    }
  }

  /** Waits until work that gives way has put itself down. */
  async clear(names: readonly string[]): Promise<void> {
    for (const name of names) {
      for (let yielding = this.#yielding.get(name); yielding !== undefined; yielding = this.#yielding.get(name)) {
        yielding.abort.abort()
        await yielding.ended
      }
    }
  }

  /**
   * Claims all the names or none.
   * @throws SealiftError `JOB_CONFLICT` naming the job that has one of them
   */
  take(names: readonly string[], claimant: Claimant): void {
    for (const name of names) {
      const holder = this.#holders.get(name)
      if (holder === undefined) continue
      const job = holder.id === undefined ? 'a job' : `job ${holder.id}`
      const way = holder.id === undefined ? {} : { hint: `Wait for it with: sealift jobs show ${holder.id} --follow` }
      throw new SealiftError('JOB_CONFLICT', `${claimant.title}: ${job} (${holder.title}) is at work on ${name}`, way)
    }
    for (const name of names) this.#holders.set(name, claimant)
  }

  /** Gives up what a claimant has. */
  release(claimant: Claimant): void {
    for (const [name, holder] of this.#holders) if (holder === claimant) this.#holders.delete(name)
  }
}

import { SealiftError } from '@sealift/oci/sealift-error.ts'

/** Who has claimed something. */
export interface Claimant {
  readonly title: string
  /** Its job's number, once it has one. */
  id: number | undefined
}

/** Which job works on what, so that no two work on the same thing. Taking a claim is one step: of two that start at once, one gets it. */
export class Claims {
  readonly #holders = new Map<string, Claimant>()

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

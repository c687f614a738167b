import type { Clock } from '@sealift/deploy/pipeline/clock.ts'

/** Times of the back-off, in milliseconds. */
export const BACK_OFF = {
  /** The wait after the second failure; it doubles with each. The first is answered at once. */
  first: 10_000,
  longest: 5 * 60_000,
  /** Up for so long without a failure, all is forgotten. */
  stable: 10 * 60_000,
} as const

/** Says how long to wait before something that keeps failing is tried again. */
export class BackOff {
  readonly #clock: Clock
  #attempts = 0
  #last = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** How often it was tried since it was last stable. */
  get attempts(): number {
    this.#forget()
    return this.#attempts
  }

  /** Milliseconds until the next attempt; 0 where it may be made now. */
  get wait(): number {
    this.#forget()
    if (this.#attempts === 0) return 0
    const delay = Math.min(BACK_OFF.longest, BACK_OFF.first * 2 ** (this.#attempts - 1))
    // A clock that was set back must not make the wait longer than it can be.
    return Math.min(delay, Math.max(0, this.#last + delay - this.#clock.now()))
  }

  /** Notes an attempt. */
  attempted(): void {
    this.#forget()
    this.#attempts += 1
    this.#last = this.#clock.now()
  }

  #forget(): void {
    if (this.#attempts > 0 && this.#clock.now() - this.#last >= BACK_OFF.stable) this.#attempts = 0
  }
}

/** Wrong logins that an address may make in a row before it must wait. */
const FREE = 10

/** The longest wait, in milliseconds. */
const LONGEST = 60_000

/** Addresses that are remembered. */
const REMEMBERED = 10_000

interface Failures {
  count: number
  /** When the next wrong login is listened to again. */
  until: number
}

/**
 * Slows down who tries secrets: after ten wrong ones an address is told to wait, each time for longer. A right
 * secret is always let in, so that nobody can lock another out behind the same address.
 */
export class FailedLogins {
  readonly #byAddress = new Map<string, Failures>()
  readonly #now: () => number

  /** @param now a clock in milliseconds that is never set back */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** Notes a wrong login; returns how many seconds its address has to wait, or 0. */
  failed(address: string): number {
    const now = this.#now()
    const failures = this.#byAddress.get(address) ?? { count: 0, until: 0 }
    if (now >= failures.until + LONGEST * 10) failures.count = 0
    failures.count++
    this.#byAddress.delete(address)
    this.#byAddress.set(address, failures)
    for (const oldest of this.#byAddress.keys()) {
      if (this.#byAddress.size <= REMEMBERED) break
      this.#byAddress.delete(oldest)
    }
    if (failures.count <= FREE) {
      failures.until = now
      return 0
    }
    const wait = Math.min(LONGEST, 1000 * 2 ** Math.min(10, failures.count - FREE - 1))
    failures.until = now + wait
    return Math.ceil(wait / 1000)
  }

  /** Forgets the wrong logins of an address that made a right one. */
  succeeded(address: string): void {
    this.#byAddress.delete(address)
  }
}

import type { Digest } from '@sealift/oci/digest.ts'
import type { CollectOptions, ContentLease } from './content-store.ts'

/** When a blob was last used here. Times are of a clock that never jumps, in milliseconds. */
interface Usage {
  readonly turn: number
  readonly usedAt: number
  readonly writtenAt: number
}

/** How long what was used is remembered where no collection asks for longer, in milliseconds. */
const REMEMBERED = 48 * 60 * 60 * 1000
/** So many blobs may be used before those used long ago are looked for. */
const FORGET_EVERY = 10_000

/**
 * What was used when, and which leases are open: the part of a store that decides what collection must
 * leave alone. Turns count leases and collections; a use in a turn after a lease began is covered by it.
 */
export class UsageLedger {
  readonly #now: () => number
  readonly #used = new Map<Digest, Usage>()
  readonly #leases = new Set<number>()
  readonly #removing = new Map<Digest, Promise<void>>()
  #turn = 0
  #forgetAt = FORGET_EVERY

  /** @param now milliseconds of a clock that never jumps */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  lease(): ContentLease {
    const began = ++this.#turn
    this.#leases.add(began)
    const release = (): void => void this.#leases.delete(began)
    return { release, [Symbol.dispose]: release }
  }

  /** Notes a use, from the moment of the call; resolves when a removal that was under way has come to its end. */
  async use(digest: Digest): Promise<void> {
    this.#note(digest, this.#used.get(digest)?.writtenAt ?? Number.NEGATIVE_INFINITY)
    await this.#removing.get(digest)
  }

  /** As {@link use}, for one that is written or touched. */
  async write(digest: Digest): Promise<void> {
    this.#note(digest, this.#now())
    await this.#removing.get(digest)
  }

  /** Begins a collection; returns the turn from which on uses count. */
  beginCollection(): number {
    return Math.min(++this.#turn, ...this.#leases)
  }

  /**
   * Removes a blob unless its use forbids that. Deciding and announcing the removal are one step, so that
   * whoever uses the blob either keeps it or waits until it is gone.
   * @returns whether it was removed
   */
  async take(digest: Digest, since: number, { minAge, rest }: Pick<CollectOptions, 'minAge' | 'rest'>, remove: () => Promise<void>): Promise<boolean> {
    const usage = this.#used.get(digest)
    if (usage !== undefined) {
      const now = this.#now()
      if (usage.turn >= since || now - usage.usedAt < rest || now - usage.writtenAt < minAge) return false
    }
    const removal = remove()
    this.#removing.set(
      digest,
      removal.catch(() => {}),
    )
    try {
      await removal
    } finally {
      this.#removing.delete(digest)
    }
    this.#used.delete(digest)
    return true
  }

  #note(digest: Digest, writtenAt: number): void {
    const usedAt = this.#now()
    this.#used.set(digest, { turn: this.#turn, usedAt, writtenAt })
    if (this.#used.size >= this.#forgetAt) this.#forget(usedAt)
  }

  /** Those that a lease covers are remembered for as long as it lasts. */
  #forget(now: number): void {
    const since = Math.min(this.#turn + 1, ...this.#leases)
    for (const [digest, { turn, usedAt }] of this.#used) if (turn < since && now - usedAt > REMEMBERED) this.#used.delete(digest)
    this.#forgetAt = this.#used.size + FORGET_EVERY
  }
}

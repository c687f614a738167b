import type { Digest } from '@sealift/oci/digest.ts'

/** Milliseconds for which a blob is believed that was found sound. */
const BELIEVED = 60 * 60 * 1000

/** Blobs that are remembered. */
const REMEMBERED = 10_000

/** The blobs that were read whole and found sound within the last hour: to hash them at each pull takes as long as to send them. */
export class RecentlyChecked {
  readonly #at = new Map<Digest, number>()
  readonly #now: () => number

  /** @param now a clock in milliseconds that is never set back */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  has(digest: Digest): boolean {
    const at = this.#at.get(digest)
    return at !== undefined && this.#now() - at < BELIEVED
  }

  add(digest: Digest): void {
    this.#at.delete(digest)
    this.#at.set(digest, this.#now())
    for (const oldest of this.#at.keys()) {
      if (this.#at.size <= REMEMBERED) return
      this.#at.delete(oldest)
    }
  }
}

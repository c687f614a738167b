import type { Digest } from '@sealift/oci/digest.ts'

/** Bytes of manifests that are kept, all together. */
const CAPACITY = 16 * 1024 * 1024

/** The manifests that were asked for last: small, asked for again and again, and never another behind a digest. */
export class ManifestCache {
  readonly #held = new Map<Digest, Buffer>()
  #bytes = 0

  get(digest: Digest): Buffer | undefined {
    const bytes = this.#held.get(digest)
    if (bytes === undefined) return undefined
    this.#held.delete(digest)
    this.#held.set(digest, bytes)
    return bytes
  }

  set(digest: Digest, bytes: Buffer): void {
    if (this.#held.has(digest) || bytes.length > CAPACITY / 4) return
    this.#held.set(digest, bytes)
    this.#bytes += bytes.length
    for (const [oldest, { length }] of this.#held) {
      if (this.#bytes <= CAPACITY) return
      this.#held.delete(oldest)
      this.#bytes -= length
    }
  }
}

import type { Digest } from '@sealift/oci/digest.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import type { BlobInfo } from '../content-store.ts'
import type { PartialBlob, PartialInfo } from '../partial-blobs.ts'

interface Held {
  pieces: Buffer[]
  size: number
  changedAt: Date
}

/** The partial blobs of a store in memory. */
export class MemoryPartials {
  readonly #held = new Map<string, Held>()
  readonly #store: (bytes: Buffer, digest: Digest) => Promise<BlobInfo>

  /** @param store makes a blob of the whole bytes, comparing them with the digest */
  constructor(store: (bytes: Buffer, digest: Digest) => Promise<BlobInfo>) {
    this.#store = store
  }

  begin(id: string): PartialBlob {
    if (this.#held.has(id)) throw new SealiftError('FILE_WRONG_KIND', `the partial blob ${id} is there already`)
    this.#held.set(id, { pieces: [], size: 0, changedAt: new Date() })
    return this.#open(id)
  }

  resume(id: string): PartialBlob | undefined {
    return this.#held.has(id) ? this.#open(id) : undefined
  }

  list(): readonly PartialInfo[] {
    return [...this.#held].map(([id, { size, changedAt }]) => ({ id, size, changedAt }))
  }

  #open(id: string): PartialBlob {
    const held = this.#held.get(id) as Held
    let open = true
    const requireOpen = (): void => {
      if (!open) throw new SealiftError('INTERNAL', `the partial blob ${id} was used after its end`)
    }
    const abort = async (): Promise<void> => {
      open = false
      this.#held.delete(id)
    }
    return {
      id,
      get size() {
        return held.size
      },
      append: async (pieces) => {
        requireOpen()
        for (const piece of pieces) held.pieces.push(Buffer.from(piece))
        held.size += pieces.reduce((sum, { length }) => sum + length, 0)
        held.changedAt = new Date()
      },
      commit: async (digest) => {
        requireOpen()
        await abort()
        return this.#store(Buffer.concat(held.pieces), digest)
      },
      close: async () => {
        open = false
      },
      abort,
    }
  }
}

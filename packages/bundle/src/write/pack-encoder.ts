import { hash } from 'node:crypto'
import { BLOCK_SIZE, type ContentStore } from '@sealift/content/content-store.ts'
import { encodeFrame } from '@sealift/content/frame-codec.ts'
import { freeBuffer } from '@sealift/content/free-buffer.ts'
import { readBlob } from '@sealift/content/read-blob.ts'
import type { BundlePack, PlainBlob } from '../format/bundle-index.ts'

/** Encoded packs that are kept between the making of the index and the writing of the body. */
const KEPT_BYTES = 32 * 1024 * 1024

/** A pack without its place. */
export type UnplacedPack = Omit<BundlePack, 'offset'>

/**
 * Makes packs from small blobs. Their hashes stand in the index, which precedes them, so that each is
 * needed twice: the first ones are kept, the others are made again (zstd gives the same bytes for the
 * same input within a process), so that memory stays flat.
 */
export class PackEncoder {
  readonly #store: ContentStore
  readonly #kept = new Map<UnplacedPack, Buffer>()
  #keptBytes = 0

  constructor(store: ContentStore) {
    this.#store = store
  }

  /** Encodes one group of blobs, of at most one block together. */
  async encode(contents: readonly PlainBlob[]): Promise<UnplacedPack> {
    const { encoding, bytes, size } = await this.#make(contents)
    const pack: UnplacedPack = {
      encoding,
      size,
      encodedSize: bytes.length,
      blocks: bytes.length === 0 ? [] : [{ size: bytes.length, sha256: hash('sha256', bytes, 'hex') }],
      contents,
    }
    if (this.#keptBytes + bytes.length <= KEPT_BYTES) {
      this.#kept.set(pack, bytes)
      this.#keptBytes += bytes.length
    }
    return pack
  }

  /** The encoded bytes of a pack; they can be asked for once. */
  async bytes(pack: UnplacedPack): Promise<Buffer> {
    const kept = this.#kept.get(pack)
    this.#kept.delete(pack)
    return kept ?? (await this.#make(pack.contents)).bytes
  }

  async #make(contents: readonly PlainBlob[]): Promise<{ encoding: 'plain' | 'zstd'; bytes: Buffer; size: number }> {
    const pieces: Buffer[] = []
    for (const { digest, size } of contents) pieces.push(await readBlob(this.#store, digest, size))
    const plain = Buffer.concat(pieces)
    const encoded = await encodeFrame(plain)
    if (encoded.length >= plain.length) return { encoding: 'plain', bytes: plain, size: plain.length }
    // It is kept, and shall not keep the room that the encoder had.
    const bytes = Buffer.from(encoded)
    freeBuffer(encoded)
    return { encoding: 'zstd', bytes, size: plain.length }
  }
}

/** Cuts a row of small blobs into groups of at most one block of plain bytes. */
export function groupForPacks(small: readonly PlainBlob[]): readonly (readonly PlainBlob[])[] {
  const groups: PlainBlob[][] = []
  let room = 0
  for (const blob of small) {
    const group = groups.at(-1)
    if (group === undefined || blob.size > room) {
      groups.push([blob])
      room = BLOCK_SIZE - blob.size
    } else {
      group.push(blob)
      room -= blob.size
    }
  }
  return groups
}

import { hash } from 'node:crypto'
import { createDigester, type Digest } from '@sealift/oci/digest.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { blockCount, maxEncodedBlockSize, plainBlockSize } from './block-layout.ts'
import type { BlockSink } from './block-sink.ts'
import type { BlobInfo, EncodedClaim, EncodedWriter } from './content-store.ts'
import { decodeFrame } from './frame-codec.ts'
import { freeBuffer } from './free-buffer.ts'

/** Blocks that are decoded while the next ones arrive. */
const IN_FLIGHT = 3

/**
 * Checks that a claim is possible: block count and sizes fit the blob's size.
 * @throws SealiftError `CONTENT_CORRUPT`
 */
export function checkClaim({ digest, size, encoding, blocks }: EncodedClaim): void {
  if (blocks.length !== blockCount(size)) throw corrupt(digest, `claims ${blocks.length} blocks for ${size} bytes, expected ${blockCount(size)}`)
  blocks.forEach((block, index) => {
    const plain = plainBlockSize(size, index)
    const possible = encoding === 'plain' ? block.size === plain : block.size > 0 && block.size <= maxEncodedBlockSize(plain)
    if (!possible) throw corrupt(digest, `block ${index} claims ${block.size} encoded bytes for ${plain} plain bytes`)
  })
}

const corrupt = (digest: Digest, why: string): SealiftError => new SealiftError('CONTENT_CORRUPT', `blob ${digest}: ${why}`)

/** A block that was handed to the sink and is being decoded. */
interface Passing {
  readonly encoded: Buffer
  readonly plain: Promise<Buffer>
  readonly appended: Promise<void>
}

/** Takes encoded blocks into a sink: each is checked before it is decoded, and the whole against its digest before it is visible. */
export class VerifyingWriter implements EncodedWriter {
  readonly #sink: BlockSink
  readonly #claim: EncodedClaim
  readonly #digester = createDigester()
  #next = 0
  #encodedSize = 0
  #passing: Passing[] = []

  constructor(sink: BlockSink, claim: EncodedClaim) {
    checkClaim(claim)
    this.#sink = sink
    this.#claim = claim
  }

  async writeBlock(encoded: Buffer): Promise<void> {
    const { digest, size, encoding, blocks } = this.#claim
    const index = this.#next++
    const expected = blocks[index]
    if (expected === undefined) throw corrupt(digest, `more than the ${blocks.length} blocks claimed arrived`)
    if (encoded.length !== expected.size || hash('sha256', encoded, 'hex') !== expected.sha256) throw corrupt(digest, `block ${index} is damaged`)
    this.#encodedSize += encoded.length
    const plain = encoding === 'plain' ? Promise.resolve(encoded) : decodeFrame(encoded, plainBlockSize(size, index))
    plain.catch(() => {})
    const appended = this.#sink.append(encoded)
    appended.catch(() => {})
    this.#passing.push({ encoded, plain, appended })
    if (this.#passing.length >= IN_FLIGHT) await this.#hashNext()
    await appended
  }

  async commit(): Promise<BlobInfo> {
    try {
      const { digest, size, encoding, blocks } = this.#claim
      if (this.#next !== blocks.length) throw corrupt(digest, `only ${this.#next} of ${blocks.length} blocks arrived`)
      while (this.#passing.length > 0) await this.#hashNext()
      const found = this.#digester.digest()
      if (found !== digest) throw corrupt(digest, `the blocks hold other content, of the digest ${found}`)
      const info: BlobInfo = { digest, size, encoding, encodedSize: this.#encodedSize }
      await this.#sink.commit(info, blocks)
      return info
    } catch (thrown) {
      await this.abort()
      throw thrown
    }
  }

  async abort(): Promise<void> {
    await Promise.allSettled(this.#passing.flatMap(({ plain, appended }) => [plain, appended]))
    this.#passing = []
    await this.#sink.abort()
  }

  async #hashNext(): Promise<void> {
    const { encoded, plain: decoding, appended } = this.#passing[0] as Passing
    const plain = await decoding
    this.#digester.update(plain)
    await appended
    this.#passing.shift()
    freeBuffer(plain)
    freeBuffer(encoded)
  }
}

import { hash } from 'node:crypto'
import { createDigester } from '@sealift/oci/digest.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import type { BlockSink } from './block-sink.ts'
import { BLOCK_SIZE, type BlobInfo, type BlobWriter, type Block, type Encoding, type Expected } from './content-store.ts'
import { encodeFrame } from './frame-codec.ts'
import { freeBuffer } from './free-buffer.ts'

/** Blocks being compressed while the next one fills: as fast as any source gives bytes out, and each takes some 15 MB with its compressor. */
const IN_FLIGHT = 2

/** Encodes plain bytes block by block into a sink: cut, hash, compress in the thread pool, append in order. */
export class PlainWriter implements BlobWriter {
  readonly #sink: BlockSink
  readonly #expected: Expected
  readonly #digester = createDigester()
  readonly #blocks: Block[] = []
  #filling: Buffer | undefined
  #filled = 0
  #size = 0
  #encodedSize = 0
  #encoding: Encoding = 'zstd'
  #compressing: Promise<Buffer>[] = []
  #ended = false

  constructor(sink: BlockSink, expected: Expected) {
    this.#sink = sink
    this.#expected = expected
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#requireOpen()
    let offset = 0
    while (offset < bytes.length) {
      this.#filling ??= Buffer.allocUnsafeSlow(this.#nextBlockCapacity())
      const taken = Math.min(bytes.length - offset, this.#filling.length - this.#filled)
      const piece = bytes.subarray(offset, offset + taken)
      this.#filling.set(piece, this.#filled)
      this.#digester.update(piece)
      this.#filled += taken
      this.#size += taken
      offset += taken
      if (this.#filled === BLOCK_SIZE) await this.#cut()
      else if (this.#filled === this.#filling.length) this.#grow()
    }
  }

  async commit(): Promise<BlobInfo> {
    this.#requireOpen()
    this.#ended = true
    try {
      const digest = this.#digester.digest()
      const { digest: wanted, size: wantedSize } = this.#expected
      if (wantedSize !== undefined && wantedSize !== this.#size) {
        throw new SealiftError('CONTENT_CORRUPT', `blob ${wanted ?? digest}: ${this.#size} bytes arrived, expected ${wantedSize}`)
      }
      if (wanted !== undefined && wanted !== digest)
        throw new SealiftError('CONTENT_CORRUPT', `blob ${wanted}: the bytes that arrived have the digest ${digest}`)
      if (this.#filled > 0) await this.#finishLast()
      while (this.#compressing.length > 0) await this.#appendNext()
      const info: BlobInfo = { digest, size: this.#size, encoding: this.#encoding, encodedSize: this.#encodedSize }
      await this.#sink.commit(info, this.#blocks)
      return info
    } catch (thrown) {
      await this.abort()
      throw thrown
    }
  }

  async abort(): Promise<void> {
    this.#ended = true
    await Promise.allSettled(this.#compressing)
    this.#compressing = []
    await this.#sink.abort()
  }

  #requireOpen(): void {
    if (this.#ended) throw new SealiftError('INTERNAL', 'a blob writer was used after its end')
  }

  #nextBlockCapacity(): number {
    const { size } = this.#expected
    const rest = size === undefined ? (this.#size === 0 ? 64 * 1024 : BLOCK_SIZE) : size - this.#size
    return Math.max(1024, Math.min(BLOCK_SIZE, rest))
  }

  #grow(): void {
    const larger = Buffer.allocUnsafeSlow(Math.min(BLOCK_SIZE, (this.#filling?.length ?? 0) * 4))
    larger.set((this.#filling as Buffer).subarray(0, this.#filled))
    freeBuffer(this.#filling as Buffer)
    this.#filling = larger
  }

  #takeFilled(): Buffer {
    const plain = (this.#filling as Buffer).subarray(0, this.#filled)
    this.#filling = undefined
    this.#filled = 0
    return plain
  }

  async #cut(): Promise<void> {
    const plain = this.#takeFilled()
    const block = encodeFrame(plain).finally(() => freeBuffer(plain))
    block.catch(() => {})
    this.#compressing.push(block)
    if (this.#compressing.length >= IN_FLIGHT) await this.#appendNext()
  }

  async #appendNext(): Promise<void> {
    await this.#append(await (this.#compressing.shift() as Promise<Buffer>))
  }

  async #append(encoded: Buffer): Promise<void> {
    this.#blocks.push({ size: encoded.length, sha256: hash('sha256', encoded, 'hex') })
    this.#encodedSize += encoded.length
    try {
      await this.#sink.append(encoded)
    } catch (thrown) {
      // Without this block, what a commit makes visible would not be the blob.
      this.#ended = true
      throw thrown
    }
    freeBuffer(encoded)
  }

  /** The only block of a blob rests plain where compression does not pay. */
  async #finishLast(): Promise<void> {
    const plain = this.#takeFilled()
    const only = this.#size === plain.length
    const frame = await encodeFrame(plain)
    if (only && frame.length >= plain.length) {
      this.#encoding = 'plain'
      await this.#append(plain)
      return
    }
    while (this.#compressing.length > 0) await this.#appendNext()
    await this.#append(frame)
  }
}

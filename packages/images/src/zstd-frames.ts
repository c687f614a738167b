import { SealiftError } from '@sealift/oci/sealift-error.ts'

const FRAME_MAGIC = 0xfd2fb528
const SKIPPABLE_MAGIC = 0x184d2a50
const DICTIONARY_ID_BYTES = [0, 1, 2, 4]
const CONTENT_SIZE_BYTES = [0, 2, 4, 8]

/** Follows the structure of zstd data (RFC 8878) without decoding it, to know where frames end. */
class FrameWalker {
  /** Bytes that are passed over before the next field begins. */
  #pass = 0
  #field: 'magic' | 'skippableSize' | 'descriptor' | 'block' = 'magic'
  #fieldBytes: number[] = []
  #checksum = false
  #lastBlock = false

  /** Whether the data may end here. */
  get betweenFrames(): boolean {
    return this.#pass === 0 && this.#field === 'magic' && this.#fieldBytes.length === 0
  }

  /** Walks on from `position`; returns the position after the frame's end, or the chunk's end. */
  walk(chunk: Buffer, position: number): number {
    let at = position
    while (at < chunk.length) {
      if (this.#pass > 0) {
        const passed = Math.min(this.#pass, chunk.length - at)
        this.#pass -= passed
        at += passed
      } else {
        this.#take(chunk[at++] as number)
      }
      if (this.betweenFrames) return at
    }
    return at
  }

  #take(byte: number): void {
    this.#fieldBytes.push(byte)
    const bytes = Buffer.from(this.#fieldBytes)
    switch (this.#field) {
      case 'magic':
        if (bytes.length === 4) this.#magic(bytes.readUInt32LE())
        break
      case 'skippableSize':
        if (bytes.length === 4) this.#next('magic', bytes.readUInt32LE())
        break
      case 'descriptor':
        this.#descriptor(byte)
        break
      case 'block':
        if (bytes.length === 3) this.#block(bytes.readUIntLE(0, 3))
        break
    }
  }

  #next(field: 'magic' | 'skippableSize' | 'descriptor' | 'block', pass: number): void {
    this.#field = field
    this.#fieldBytes = []
    this.#pass = pass
  }

  #magic(magic: number): void {
    if (magic === FRAME_MAGIC) this.#next('descriptor', 0)
    else if (magic >= SKIPPABLE_MAGIC && magic <= SKIPPABLE_MAGIC + 15) this.#next('skippableSize', 0)
    else throw new SealiftError('CONTENT_CORRUPT', `zstd data: expected the start of a frame, found 0x${magic.toString(16)}`)
  }

  #descriptor(byte: number): void {
    const singleSegment = (byte & 0x20) !== 0
    const contentSizeFlag = byte >> 6
    this.#checksum = (byte & 0x04) !== 0
    const contentSizeBytes = contentSizeFlag === 0 && singleSegment ? 1 : (CONTENT_SIZE_BYTES[contentSizeFlag] as number)
    this.#next('block', (singleSegment ? 0 : 1) + (DICTIONARY_ID_BYTES[byte & 3] as number) + contentSizeBytes)
  }

  #block(header: number): void {
    const type = (header >> 1) & 3
    if (type === 3) throw new SealiftError('CONTENT_CORRUPT', 'zstd data: a block has a type that does not exist')
    this.#lastBlock = (header & 1) === 1
    const size = type === 1 ? 1 : header >> 3
    if (this.#lastBlock) this.#next('magic', size + (this.#checksum ? 4 : 0))
    else this.#next('block', size)
  }
}

/**
 * The same bytes, cut so that no piece reaches beyond the end of a zstd frame. Node's decoder drops
 * what follows a frame's end inside one piece, and layers of many frames are common (zstd:chunked).
 * @throws SealiftError `CONTENT_CORRUPT` where the bytes are no zstd data or are cut off
 */
export async function* cutAtZstdFrames(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const walker = new FrameWalker()
  for await (const chunk of bytes) {
    let from = 0
    while (from < chunk.length) {
      const end = walker.walk(chunk, from)
      yield chunk.subarray(from, end)
      from = end
    }
  }
  if (!walker.betweenFrames) throw new SealiftError('CONTENT_CORRUPT', 'zstd data: cut off in the middle of a frame')
}

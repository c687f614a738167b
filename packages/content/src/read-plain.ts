import { hash } from 'node:crypto'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { plainBlockSize } from './block-layout.ts'
import { BLOCK_SIZE, type ByteRange, type EncodedBlob } from './content-store.ts'
import { decodeFrame } from './frame-codec.ts'
import { freeBuffer } from './free-buffer.ts'

/** Blocks that are read and decoded ahead of the consumer. */
const READ_AHEAD = 3

async function readPlainBlock(blob: EncodedBlob, index: number): Promise<Buffer> {
  const { info, blocks } = blob
  const encoded = await blob.readBlock(index)
  if (hash('sha256', encoded, 'hex') !== blocks[index]?.sha256) {
    throw new SealiftError('CONTENT_CORRUPT', `blob ${info.digest}: block ${index} (plain bytes from ${index * BLOCK_SIZE} on) was damaged in the store`)
  }
  if (info.encoding === 'plain') return encoded
  const plain = await decodeFrame(encoded, plainBlockSize(info.size, index))
  freeBuffer(encoded)
  return plain
}

/**
 * The plain bytes of an open blob, every block checked before it is decoded, decoded ahead in the
 * thread pool. The blob stays open; closing it is the caller's.
 * @throws SealiftError `CONTENT_CORRUPT`
 */
export async function* readPlain(blob: EncodedBlob, range?: ByteRange): AsyncGenerator<Buffer> {
  const start = Math.max(0, range?.start ?? 0)
  const end = Math.min(blob.info.size, range?.end ?? blob.info.size)
  if (start >= end) return
  const last = Math.floor((end - 1) / BLOCK_SIZE)
  const ahead: Promise<Buffer>[] = []
  let next = Math.floor(start / BLOCK_SIZE)
  let index = next
  try {
    while (index <= last) {
      while (next <= last && ahead.length < READ_AHEAD) {
        const block = readPlainBlock(blob, next++)
        // A later block may fail while an earlier one is being consumed: its error is reported when its turn comes.
        block.catch(() => {})
        ahead.push(block)
      }
      const plain = await (ahead.shift() as Promise<Buffer>)
      const offset = index * BLOCK_SIZE
      yield plain.subarray(Math.max(0, start - offset), Math.min(plain.length, end - offset))
      index++
    }
  } finally {
    await Promise.allSettled(ahead)
  }
}

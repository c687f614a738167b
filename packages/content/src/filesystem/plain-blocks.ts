import { hash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { createDigester, type Digest, hexOf } from '@sealift/oci/digest.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { blockCount, plainBlockSize } from '../block-layout.ts'
import { BLOCK_SIZE, type Block } from '../content-store.ts'
import { readAt } from './read-at.ts'

/**
 * The blocks of a blob that rests plain. One of a single block is its own hash; a larger one has no
 * table, so that it is read through once, and compared with its digest on the way.
 * @throws SealiftError `CONTENT_CORRUPT`
 */
export async function hashPlainBlocks(file: FileHandle, digest: Digest, size: number): Promise<readonly Block[]> {
  if (size === 0) return []
  if (size <= BLOCK_SIZE) return [{ size, sha256: hexOf(digest) }]
  const whole = createDigester()
  const buffer = Buffer.allocUnsafeSlow(BLOCK_SIZE)
  const blocks: Block[] = []
  for (let index = 0; index < blockCount(size); index++) {
    const length = plainBlockSize(size, index)
    const block = buffer.subarray(0, await readAt(file, buffer.subarray(0, length), index * BLOCK_SIZE))
    whole.update(block)
    blocks.push({ size: length, sha256: hash('sha256', block, 'hex') })
  }
  if (whole.digest() !== digest) throw new SealiftError('CONTENT_CORRUPT', `blob ${digest} was damaged in the store`)
  return blocks
}

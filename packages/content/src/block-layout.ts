import { BLOCK_SIZE } from './content-store.ts'

/** How many blocks a blob of this plain size has; an empty one has none. */
export function blockCount(size: number): number {
  return Math.ceil(size / BLOCK_SIZE)
}

/** Plain bytes in block `index` of a blob of this plain size. */
export function plainBlockSize(size: number, index: number): number {
  return Math.min(BLOCK_SIZE, size - index * BLOCK_SIZE)
}

/**
 * The most encoded bytes that a block of so many plain bytes may have: zstd's own bound for
 * incompressible input (`ZSTD_compressBound`) with room for the frame's header.
 */
export function maxEncodedBlockSize(plainSize: number): number {
  return plainSize + (plainSize >>> 8) + 1024
}

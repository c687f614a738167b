import type { FileHandle } from 'node:fs/promises'
import { isSize } from '@sealift/oci/descriptor.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { blockCount, maxEncodedBlockSize, plainBlockSize } from '../block-layout.ts'
import type { Block } from '../content-store.ts'
import { readAt } from './read-at.ts'

/*
 * The trailer of a blob that rests as zstd frames (docs/content-store.md):
 *
 *   frames …                      one a block
 *   skippable frame 0x184D2A5D    "SLBT", version, plain size, block count, sha256 of every frame
 *   skippable frame 0x184D2A5E    the seek table of zstd's seekable format, without checksums
 *
 * so that `zstd -d` and readers of the seekable format open the file as it is.
 */
const BLOCK_TABLE_MAGIC = 0x184d2a5d
const SEEK_TABLE_MAGIC = 0x184d2a5e
const SEEKABLE_FOOTER_MAGIC = 0x8f92eab1
const TABLE_TAG = 'SLBT'
const TABLE_VERSION = 1
const SKIPPABLE_HEADER = 8
const TABLE_HEADER = 20
const SEEK_FOOTER = 9

/** What a trailer says of the file that it ends. */
export interface Trailer {
  readonly size: number
  readonly blocks: readonly Block[]
  readonly encodedSize: number
}

/** Bytes of the trailer for so many blocks. */
export function trailerSize(blocks: number): number {
  return SKIPPABLE_HEADER + TABLE_HEADER + 32 * blocks + SKIPPABLE_HEADER + 8 * blocks + SEEK_FOOTER
}

/** The bytes that follow the frames of a blob. */
export function encodeTrailer(size: number, blocks: readonly Block[]): Buffer {
  const trailer = Buffer.alloc(trailerSize(blocks.length))
  let at = trailer.writeUInt32LE(BLOCK_TABLE_MAGIC, 0)
  at = trailer.writeUInt32LE(TABLE_HEADER + 32 * blocks.length, at)
  at += trailer.write(TABLE_TAG, at, 'latin1')
  at = trailer.writeUInt32LE(TABLE_VERSION, at)
  at = trailer.writeBigUInt64LE(BigInt(size), at)
  at = trailer.writeUInt32LE(blocks.length, at)
  for (const block of blocks) at += trailer.write(block.sha256, at, 'hex')
  at = trailer.writeUInt32LE(SEEK_TABLE_MAGIC, at)
  at = trailer.writeUInt32LE(8 * blocks.length + SEEK_FOOTER, at)
  blocks.forEach((block, index) => {
    at = trailer.writeUInt32LE(block.size, at)
    at = trailer.writeUInt32LE(plainBlockSize(size, index), at)
  })
  at = trailer.writeUInt32LE(blocks.length, at)
  at = trailer.writeUInt8(0, at)
  trailer.writeUInt32LE(SEEKABLE_FOOTER_MAGIC, at)
  return trailer
}

/**
 * Reads the trailer of a blob file.
 * @throws SealiftError `CONTENT_CORRUPT` where the file does not end with two tables that agree, `DATABASE_NEWER` where they
 *   are of a version that is not known here
 */
export async function readTrailer(file: FileHandle, fileSize: number, what: string): Promise<Trailer> {
  const corrupt = (why: string): SealiftError => new SealiftError('CONTENT_CORRUPT', `${what}: ${why}`)
  const footer = Buffer.alloc(SEEK_FOOTER)
  if (fileSize < trailerSize(0)) throw corrupt(`the file has only ${fileSize} bytes`)
  await readAt(file, footer, fileSize - SEEK_FOOTER)
  const count = footer.readUInt32LE(0)
  if (footer.readUInt32LE(5) !== SEEKABLE_FOOTER_MAGIC || trailerSize(count) > fileSize) throw corrupt('the file does not end with a seek table')
  const trailer = Buffer.alloc(trailerSize(count))
  await readAt(file, trailer, fileSize - trailer.length)
  const size = Number(trailer.readBigUInt64LE(16))
  const tagged = trailer.readUInt32LE(0) === BLOCK_TABLE_MAGIC && trailer.toString('latin1', 8, 12) === TABLE_TAG
  if (!tagged) throw corrupt('the file has no block table')
  const version = trailer.readUInt32LE(12)
  if (version !== TABLE_VERSION)
    throw new SealiftError('DATABASE_NEWER', `${what}: its block table has version ${version}, this program reads ${TABLE_VERSION}`)
  if (!isSize(size) || blockCount(size) !== count || trailer.readUInt32LE(24) !== count) throw corrupt('block table and seek table disagree')
  const hashes = SKIPPABLE_HEADER + TABLE_HEADER
  const seeks = hashes + 32 * count + SKIPPABLE_HEADER
  const blocks = Array.from({ length: count }, (_, index): Block => {
    const blockSize = trailer.readUInt32LE(seeks + 8 * index)
    const plainSize = trailer.readUInt32LE(seeks + 8 * index + 4)
    if (plainSize !== plainBlockSize(size, index) || blockSize > maxEncodedBlockSize(plainSize)) throw corrupt(`the seek table's entry ${index} is impossible`)
    return { size: blockSize, sha256: trailer.toString('hex', hashes + 32 * index, hashes + 32 * (index + 1)) }
  })
  const encodedSize = blocks.reduce((sum, block) => sum + block.size, 0)
  if (encodedSize + trailer.length !== fileSize) throw corrupt(`the file has ${fileSize} bytes, its tables say ${encodedSize + trailer.length}`)
  return { size, blocks, encodedSize }
}

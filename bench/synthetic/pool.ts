import { createRandom } from './random.ts'

/** Larger than a compressed block by far, so that what is taken from it twice is not found to be the same. */
const POOL = 96 * 1024 * 1024
const PIECE = 64 * 1024

/**
 * Bytes that compress about as image layers do, 3 to 1: text, tables of small numbers as programs hold them, what cannot be
 * compressed, and nothing.
 */
export function createPool(): Buffer {
  const random = createRandom(1)
  const words = Array.from({ length: 6000 }, () =>
    Buffer.from(
      `${random(0x7fffffff)
        .toString(36)
        .slice(0, 3 + random(6))} `,
    ),
  )
  const pool = Buffer.alloc(POOL)
  for (let at = 0; at < POOL; at += PIECE) {
    const piece = pool.subarray(at, at + PIECE)
    const kind = random(100)
    if (kind < 36) fillWithWords(piece, words, random)
    else if (kind < 76) fillWithTables(piece, random)
    else if (kind < 81) fillWithNoise(piece, random)
  }
  return pool
}

type Random = ReturnType<typeof createRandom>

function fillWithWords(piece: Buffer, words: readonly Buffer[], random: Random): void {
  for (let at = 0; at < piece.length; ) {
    // Few words are frequent, as in any language.
    const word = words[Math.floor((random(6000) * random(6000)) / 6000)] as Buffer
    at += word.copy(piece, at)
  }
}

function fillWithTables(piece: Buffer, random: Random): void {
  let address = random(0xffffff)
  for (let at = 0; at < piece.length; at += 8) {
    address += random(8) * 16
    piece.writeUInt32LE(address, at)
    piece.writeUInt16LE(random(8), at + 4)
  }
}

function fillWithNoise(piece: Buffer, random: Random): void {
  for (let at = 0; at < piece.length; at += 4) piece.writeUInt32LE(random(0x100000000), at)
}

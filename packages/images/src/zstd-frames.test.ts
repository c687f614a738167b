import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { cutAtZstdFrames } from './zstd-frames.ts'

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function collect(pieces: AsyncIterable<Buffer>): Promise<Buffer[]> {
  const found: Buffer[] = []
  for await (const piece of pieces) found.push(piece)
  return found
}

/** Blocks of every kind: compressed, raw (noise) and run-length (zeros). */
const noise = Buffer.from(Array.from({ length: 300_000 }, (_, at) => Math.imul(at, 2654435761) >>> 24))
const contents = [Buffer.from('small'), Buffer.alloc(0), Buffer.alloc(1_000_000), noise, Buffer.from('text '.repeat(100_000))]
const frames = contents.flatMap((content, number) => [
  zstdCompressSync(content, { params: { 201: number % 2 } }),
  Buffer.concat([Buffer.from([0x50 + number, 0x2a, 0x4d, 0x18, 5, 0, 0, 0]), Buffer.from('12345')]),
])
const bytes = Buffer.concat(frames)

describe('cutAtZstdFrames', () => {
  it('cuts exactly between frames', async () => {
    expect(await collect(cutAtZstdFrames(inPieces(bytes, bytes.length)))).toEqual(frames)
  })

  it.each([1, 3, 7, 1000, 65_536])('lets no piece of %i bytes reach beyond a frame, and drops nothing', async (size) => {
    const ends = new Set<number>()
    let end = 0
    for (const frame of frames) ends.add((end += frame.length))
    let position = 0
    const pieces = await collect(cutAtZstdFrames(inPieces(bytes, size)))
    for (const piece of pieces) {
      for (const inner of ends) expect(position < inner && inner < position + piece.length).toBe(false)
      position += piece.length
    }
    expect(Buffer.concat(pieces).equals(bytes)).toBe(true)
    expect(zstdDecompressSync(frames[6] as Buffer).equals(noise)).toBe(true)
  })

  it.each([2, 5, 8])('refuses data cut off %i bytes before a frame’s end', async (missing) => {
    const frame = frames[8] as Buffer
    await expect(collect(cutAtZstdFrames(inPieces(frame.subarray(0, frame.length - missing), 100)))).rejects.toMatchObject({ code: 'CONTENT_CORRUPT' })
  })

  it('refuses what is no zstd data behind a frame', async () => {
    const garbage = Buffer.concat([frames[0] as Buffer, Buffer.from('garbage')])
    await expect(collect(cutAtZstdFrames(inPieces(garbage, 100)))).rejects.toMatchObject({ code: 'CONTENT_CORRUPT' })
  })
})

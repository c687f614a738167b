import { expect, test } from 'vitest'
import { demultiplex } from './multiplexed-stream.ts'

function frame(kind: number, text: string): Buffer {
  const header = Buffer.alloc(8)
  header[0] = kind
  header.writeUInt32BE(Buffer.byteLength(text), 4)
  return Buffer.concat([header, Buffer.from(text)])
}

async function* pieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size)
}

async function read(source: AsyncIterable<Buffer>): Promise<string[]> {
  const frames: string[] = []
  for await (const { stream, data } of demultiplex(source)) frames.push(`${stream} ${data.toString()}`)
  return frames
}

test.each([1, 3, 8, 9, 1000])('frames come apart whatever pieces of %i bytes they arrive in', async (size) => {
  const bytes = Buffer.concat([frame(1, 'one'), frame(2, 'two'), frame(1, ''), frame(1, 'three\n')])
  expect(await read(pieces(bytes, size))).toEqual(['stdout one', 'stderr two', 'stdout three\n'])
})

test.each([Buffer.from('plain text, no frames'), Buffer.from([1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff])])('other bytes are refused', async (bytes) => {
  await expect(read(pieces(bytes, 100))).rejects.toMatchObject({ code: 'ENGINE_FAILED' })
})

import { Duplex, PassThrough } from 'node:stream'
import { expect, it } from 'vitest'
import { encodeFrame, type Frame, readFrames, writeFrame } from './channel.ts'

async function framesOf(...pieces: readonly Uint8Array[]): Promise<Frame[]> {
  const stream = new PassThrough()
  for (const piece of pieces) stream.write(piece)
  stream.end()
  const frames: Frame[] = []
  for await (const frame of readFrames(stream)) frames.push(frame)
  return frames
}

it('gives frames back however they are cut', async () => {
  const bytes = Buffer.concat([encodeFrame('stdin', 'hello'), encodeFrame('stdinEnd'), encodeFrame('resize', '{}')])
  for (const size of [1, 3, bytes.length]) {
    const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => bytes.subarray(index * size, (index + 1) * size))
    expect((await framesOf(...pieces)).map(({ kind, data }) => [kind, data.toString()])).toEqual([
      ['stdin', 'hello'],
      ['stdinEnd', ''],
      ['resize', '{}'],
    ])
  }
})

it('refuses what is no frame: an unknown kind, or more than a frame may carry', async () => {
  await expect(framesOf(Buffer.from('GET / HTTP/1.1\r\n'))).rejects.toMatchObject({ code: 'USAGE' })
  await expect(framesOf(Buffer.from([1, 0x7f, 0xff, 0xff, 0xff]))).rejects.toMatchObject({ code: 'USAGE' })
})

it('waits until the other side has room, and no longer than there is another side', async () => {
  const taken: (() => void)[] = []
  const channel = new Duplex({ highWaterMark: 10, read() {}, write: (_data, _encoding, done) => void taken.push(done) })
  let written = 0
  const writing = (async () => {
    for (; written < 3; written++) await writeFrame(channel, 'stdout', Buffer.alloc(100))
  })()
  await new Promise((resolve) => setImmediate(resolve))
  expect(written).toBe(0)
  taken.shift()?.()
  await new Promise((resolve) => setImmediate(resolve))
  expect(written).toBe(1)
  channel.destroy()
  await writing
  expect(written).toBe(3)
})

import type { Duplex } from 'node:stream'
import { SealiftError } from '@sealift/oci/sealift-error.ts'

/** The protocol that a connection is upgraded to for a route with `duplex`. */
export const CHANNEL_PROTOCOL = 'sealift-channel'

/** What a frame carries, by the number that stands before it. Numbers are never given a second meaning. */
export const FRAME = {
  /** From the client, once and first: JSON of what is wanted. */
  start: 0,
  /** From the client: bytes for the command's input. */
  stdin: 1,
  /** From the client: its input has ended. */
  stdinEnd: 2,
  /** From the client: JSON `{columns, rows}` of its terminal. */
  resize: 3,
  /** From the server: bytes of the command's output. */
  stdout: 4,
  stderr: 5,
  /** From the server, last: JSON `{exitCode}`. */
  exit: 6,
  /** From the server, last: JSON of an error document. */
  error: 7,
} as const
type FrameKind = keyof typeof FRAME

/** One message on a channel. */
export interface Frame {
  readonly kind: FrameKind
  readonly data: Buffer
}

const HEADER = 5
/** Bytes that a frame carries at most: more is no frame. */
const FRAME_LIMIT = 1024 * 1024
const KINDS = Object.keys(FRAME) as FrameKind[]

/** A frame's bytes: one byte kind, four bytes length (big-endian), the data. */
export function encodeFrame(kind: FrameKind, data: Uint8Array | string = ''): Buffer {
  const bytes = typeof data === 'string' ? Buffer.from(data) : data
  const frame = Buffer.allocUnsafe(HEADER + bytes.length)
  frame.writeUInt8(FRAME[kind], 0)
  frame.writeUInt32BE(bytes.length, 1)
  frame.set(bytes, HEADER)
  return frame
}

/**
 * Writes a frame, in pieces where it is large. Resolves when the other side has room again, so that
 * whoever waits for it never holds more than a little in memory; also where the other side is gone.
 */
export async function writeFrame(channel: Duplex, kind: FrameKind, data: Uint8Array | string = ''): Promise<void> {
  const bytes = typeof data === 'string' ? Buffer.from(data) : data
  for (let start = 0; start === 0 || start < bytes.length; start += FRAME_LIMIT) {
    if (channel.destroyed || channel.writableEnded) return
    if (channel.write(encodeFrame(kind, bytes.subarray(start, start + FRAME_LIMIT)))) continue
    await new Promise<void>((resolve) => {
      const done = (): void => {
        channel.off('drain', done).off('close', done)
        resolve()
      }
      channel.on('drain', done).on('close', done)
    })
  }
}

/**
 * The frames that come on a channel, until it ends.
 * @throws SealiftError `USAGE` where what comes is no frame
 */
export async function* readFrames(channel: AsyncIterable<Buffer>): AsyncGenerator<Frame> {
  let pending: Buffer = Buffer.alloc(0)
  for await (const piece of channel) {
    pending = pending.length === 0 ? piece : Buffer.concat([pending, piece])
    while (pending.length >= HEADER) {
      const kind = KINDS.find((name) => FRAME[name] === pending[0])
      const length = pending.readUInt32BE(1)
      if (kind === undefined || length > FRAME_LIMIT) throw new SealiftError('USAGE', `the channel carries no frames: kind ${pending[0]}, ${length} bytes`)
      if (pending.length < HEADER + length) break
      yield { kind, data: pending.subarray(HEADER, HEADER + length) }
      pending = pending.subarray(HEADER + length)
    }
  }
}

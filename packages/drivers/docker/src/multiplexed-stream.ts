import { SealiftError } from '@sealift/oci/sealift-error.ts'

/** A piece of what a container wrote. */
export interface OutputFrame {
  readonly stream: 'stdout' | 'stderr'
  readonly data: Buffer
}

const HEADER = 8
/** Engines send a line at a time, at most 16 KiB of it; more than this is no frame. */
const FRAME_LIMIT = 16 * 1024 * 1024

/**
 * Takes the engine's joined stdout and stderr apart: frames of one byte kind, three zeroes, four
 * bytes length (big-endian), and the data.
 * @throws SealiftError `ENGINE_FAILED` where the bytes are not framed so
 */
export async function* demultiplex(source: AsyncIterable<Buffer>): AsyncGenerator<OutputFrame> {
  let pending: Buffer[] = []
  let have = 0
  let need = HEADER
  let kind = -1
  for await (const piece of source) {
    pending.push(piece)
    have += piece.length
    if (have < need) continue
    let rest = pending.length === 1 ? piece : Buffer.concat(pending)
    while (rest.length >= need) {
      if (kind < 0) {
        kind = rest.readUInt8(0)
        need = rest.readUInt32BE(4)
        if (kind > 3 || rest.readUIntBE(1, 3) !== 0 || need > FRAME_LIMIT) {
          throw new SealiftError('ENGINE_FAILED', 'the engine sent output that is not framed as stdout and stderr')
        }
        rest = rest.subarray(HEADER)
      } else {
        if (need > 0) yield { stream: kind === 1 || kind === 0 ? 'stdout' : 'stderr', data: rest.subarray(0, need) }
        rest = rest.subarray(need)
        kind = -1
        need = HEADER
      }
    }
    pending = [rest]
    have = rest.length
  }
}

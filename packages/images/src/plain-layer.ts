import { pipeline, Readable } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { messageOf, SealiftError } from '@sealift/oci/sealift-error.ts'
import { cutAtZstdFrames } from './zstd-frames.ts'

/** How a layer is compressed where it comes from. */
export type LayerCompression = 'none' | 'gzip' | 'zstd'

/** Plain bytes that a decoder gives out at once. */
const DECODED_PIECE = 256 * 1024

/** Tells a layer's compression from its first four bytes; a tar begins with neither magic number. */
export function sniffCompression(start: Buffer): LayerCompression {
  if (start.length >= 2 && start[0] === 0x1f && start[1] === 0x8b) return 'gzip'
  if (start.length >= 4 && start.readUInt32LE() === 0xfd2fb528) return 'zstd'
  return 'none'
}

/**
 * The uncompressed bytes of a layer. Errors of `bytes` pass unchanged.
 * @throws SealiftError `CONTENT_CORRUPT` where they can't be decompressed
 */
export async function* plainLayer(bytes: AsyncIterable<Buffer>, compression: LayerCompression): AsyncGenerator<Buffer> {
  if (compression === 'none') {
    yield* bytes
    return
  }
  let sourceError: { thrown: unknown } | undefined
  async function* watched(): AsyncGenerator<Buffer> {
    try {
      yield* compression === 'zstd' ? cutAtZstdFrames(bytes) : bytes
    } catch (thrown) {
      sourceError = { thrown }
      throw thrown
    }
  }
  const decoder = compression === 'gzip' ? createGunzip({ chunkSize: DECODED_PIECE }) : createZstdDecompress({ chunkSize: DECODED_PIECE })
  // The outcome is seen below: a failing source destroys the decoder, whose iteration then throws.
  pipeline(Readable.from(watched()), decoder, () => {})
  try {
    for await (const piece of decoder) yield piece as Buffer
  } catch (thrown) {
    if (sourceError) throw sourceError.thrown
    throw new SealiftError('CONTENT_CORRUPT', `${compression} data: ${messageOf(thrown)}`, { cause: thrown })
  }
}

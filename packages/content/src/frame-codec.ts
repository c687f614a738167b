import { promisify } from 'node:util'
import { constants, createZstdCompress, zstdDecompress } from 'node:zlib'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { maxEncodedBlockSize } from './block-layout.ts'

const decompress = promisify(zstdDecompress)

/** Level 3 is the knee of zstd's curve for image layers; a frame's window never exceeds a block. */
const COMPRESSION_LEVEL = 3
const WINDOW_LOG = 22

/**
 * Compresses one block into one zstd frame that states its content size. Runs in the thread pool.
 * The buffer that comes out has room for the largest frame behind it: whoever keeps it for long, copies it.
 */
export function encodeFrame(plain: Uint8Array): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = []
    // Node's zstdCompress hands the end over by itself, after the bytes: zstd then copies all of them first, and what comes out is
    // copied once more. Here the bytes and the end go in at once, and one piece comes out.
    const encoder = createZstdCompress({
      chunkSize: Math.max(1024, maxEncodedBlockSize(plain.length)),
      flush: constants.ZSTD_e_end,
      pledgedSrcSize: plain.length,
      params: { [constants.ZSTD_c_compressionLevel]: COMPRESSION_LEVEL, [constants.ZSTD_c_windowLog]: WINDOW_LOG },
    })
    encoder.on('data', (piece: Buffer) => pieces.push(piece))
    encoder.on('error', reject)
    encoder.write(plain, (failure) => {
      encoder.destroy()
      if (failure) reject(failure)
      else resolve(pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces))
    })
  })
}

/**
 * Decodes one block whose encoded bytes were checked. Output and window are bounded, so that no frame
 * can take more memory than its block may have. Runs in the thread pool.
 * @param plainSize the exact number of bytes that must come out
 * @throws SealiftError `CONTENT_CORRUPT`
 */
export async function decodeFrame(encoded: Uint8Array, plainSize: number): Promise<Buffer> {
  let plain: Buffer
  try {
    plain = await decompress(encoded, {
      chunkSize: Math.max(64, plainSize + 1),
      maxOutputLength: plainSize,
      params: { [constants.ZSTD_d_windowLogMax]: WINDOW_LOG },
    })
  } catch (cause) {
    throw new SealiftError('CONTENT_CORRUPT', `a zstd frame of ${encoded.length} bytes does not decode to ${plainSize} bytes`, { cause })
  }
  if (plain.length !== plainSize) throw new SealiftError('CONTENT_CORRUPT', `a zstd frame decodes to ${plain.length} bytes, expected ${plainSize}`)
  return plain
}

import type { ServerResponse } from 'node:http'
import type { ByteRange } from '@sealift/content/content-store.ts'
import type { PlainFile } from '@sealift/content/plain-files.ts'
import { createDigester, type Digest } from '@sealift/oci/digest.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import type { RecentlyChecked } from './recently-checked.ts'

/** Bytes of one read and one write: large enough that their number does not count. */
const PIECE = 512 * 1024

/** Pieces that are on their way to the socket while the next one is read. */
const IN_FLIGHT = 3

/**
 * Sends a blob that rests plain from its file, as fast as the client takes it, and ends the response. One that is
 * sent whole, and was not lately, is hashed on the way, and its last piece goes out only when the digest is right;
 * all else is for the client to check, as every client does.
 * @returns false when the client went away
 * @throws SealiftError `CONTENT_CORRUPT`, and the blob is then set aside; `DISK_FAULT`
 */
export async function sendPlainFile(
  response: ServerResponse,
  plain: PlainFile,
  digest: Digest,
  { start, end }: ByteRange,
  checked: RecentlyChecked,
): Promise<boolean> {
  const digester = start === 0 && end === plain.size && !checked.has(digest) ? createDigester() : undefined
  const buffers = Array.from({ length: Math.min(IN_FLIGHT, Math.ceil((end - start) / PIECE)) }, () => Buffer.allocUnsafeSlow(Math.min(PIECE, end - start)))
  const taken: Promise<boolean>[] = []
  let gone = response.destroyed
  const closed = new Promise<false>((resolve) => {
    response.once('close', () => {
      gone = true
      resolve(false)
    })
  })
  for (let at = start, turn = 0; at < end; turn++) {
    // The kernel has what was in this buffer.
    if (taken.length === buffers.length && !(await taken.shift())) return false
    const buffer = buffers[turn % buffers.length] as Buffer
    const { bytesRead } = await plain.file.read(buffer, 0, Math.min(buffer.length, end - at), at)
    if (gone) return false
    const piece = buffer.subarray(0, bytesRead)
    digester?.update(piece)
    at += bytesRead
    const isRight = bytesRead > 0 && (at < end || digester === undefined || digester.digest() === digest)
    if (!isRight) {
      await plain.setAside()
      throw new SealiftError('CONTENT_CORRUPT', `blob ${digest} was damaged in the store`)
    }
    if (at === end && digester !== undefined) checked.add(digest)
    const written = new Promise<boolean>((resolve) => {
      response.write(piece, (error) => resolve(error === null || error === undefined))
    })
    // A destroyed socket may never call back.
    taken.push(Promise.race([written, closed]))
  }
  response.end()
  // The buffers are in use until the kernel has them.
  return (await Promise.all(taken)).every(Boolean)
}

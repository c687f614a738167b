import type { IncomingMessage } from 'node:http'
import { freeBuffer } from '@sealift/content/free-buffer.ts'
import type { PartialBlob } from '@sealift/content/partial-blobs.ts'
import { RegistryError } from '../registry-error.ts'

/** Bytes that are gathered before they are written: large writes, few of them. */
const BATCH = 1024 * 1024

/** The client went away before its request was whole: there is nobody to answer. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone'
}

/**
 * Appends the body of a request to a partial blob. What came before the client went away is kept, so that it
 * can go on from there.
 * @param limit the most bytes that the blob may have
 * @throws RegistryError `SIZE_INVALID`; ClientGone; what appending throws
 */
export async function receiveBody(request: IncomingMessage, partial: PartialBlob, limit: number): Promise<void> {
  const declared = Number(request.headers['content-length'] ?? 0)
  if (partial.size + declared > limit) throw tooLarge(limit)
  let pieces: Buffer[] = []
  let gathered = 0
  let expected = partial.size
  let writing = Promise.resolve()
  const flush = async (): Promise<void> => {
    await writing
    if (pieces.length === 0) return
    writing = appendAndFree(partial, pieces)
    writing.catch(() => {})
    pieces = []
    gathered = 0
  }
  let gone: unknown
  try {
    // A refusal on the way must not take the connection with it: the client is to read why.
    for await (const piece of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      expected += piece.length
      if (expected > limit) throw tooLarge(limit)
      pieces.push(piece)
      gathered += piece.length
      if (gathered >= BATCH) await flush()
    }
  } catch (thrown) {
    if (request.complete || thrown instanceof RegistryError) throw thrown
    gone = thrown
  }
  await flush()
  await writing
  if (gone !== undefined || !request.complete) throw new ClientGone('the client went away', { cause: gone })
}

/** The memory of what was written is given back at once: a collector that waits for enough of it takes longer than all else here. */
async function appendAndFree(partial: PartialBlob, pieces: readonly Buffer[]): Promise<void> {
  await partial.append(pieces)
  for (const piece of pieces) if (piece.length === piece.buffer.byteLength) freeBuffer(piece)
}

function tooLarge(limit: number): RegistryError {
  return new RegistryError('SIZE_INVALID', `a blob may have at most ${limit} bytes here`, { status: 413 })
}

import type { IncomingMessage } from 'node:http'
import { messageOf, SealiftError } from '@sealift/oci/sealift-error.ts'

/** Bytes that a request may have; a values file's worth. */
const BODY_LIMIT = 16 * 1024 * 1024

/**
 * The JSON of a request, undefined where it has no body.
 * @throws SealiftError `USAGE`
 */
export async function readBody(request: IncomingMessage): Promise<unknown> {
  const stated = Number(request.headers['content-length'] ?? 0)
  if (stated > BODY_LIMIT) throw tooLarge(stated)
  const pieces: Buffer[] = []
  let size = 0
  for await (const piece of request as AsyncIterable<Buffer>) {
    size += piece.length
    if (size > BODY_LIMIT) throw tooLarge(size)
    pieces.push(piece)
  }
  if (size === 0) return undefined
  const type = request.headers['content-type'] ?? ''
  if (!/^application\/json\s*(;|$)/i.test(type))
    throw new SealiftError('USAGE', `the request: its body is ${JSON.stringify(type.slice(0, 100))}, expected application/json`)
  try {
    return JSON.parse(Buffer.concat(pieces).toString('utf8'), refusePrototypes) as unknown
  } catch (cause) {
    // What the parser quotes may be a secret.
    throw new SealiftError('USAGE', cause instanceof PrototypeError ? `the request: ${messageOf(cause)}` : 'the request: its body is not valid JSON', { cause })
  }
}

class PrototypeError extends Error {}

/** No document of ours has such a name, and code that copies objects stumbles over it. */
function refusePrototypes(name: string, value: unknown): unknown {
  if (name === '__proto__') throw new PrototypeError('its body has a field __proto__')
  return value
}

function tooLarge(size: number): SealiftError {
  return new SealiftError('USAGE', `the request: its body has ${size} bytes or more, at most ${BODY_LIMIT} can be taken`)
}

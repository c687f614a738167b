import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

/** Linux takes at most 107 bytes in the name of a socket. */
const MAX_SOCKET_PATH = 107

/** Where the owner of a data folder listens for other commands: inside it, or, where that name is too long, in the temporary folder. */
export function socketPath(dataFolder: string): string {
  const inside = join(resolve(dataFolder), 'sealift.sock')
  if (Buffer.byteLength(inside) <= MAX_SOCKET_PATH) return inside
  return join(tmpdir(), `sealift-${createHash('sha256').update(inside).digest('hex').slice(0, 16)}.sock`)
}

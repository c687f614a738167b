import { createHash } from 'node:crypto'
import { lstatSync, mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { SealiftError } from '@sealift/oci/sealift-error.ts'

/** Linux takes at most 107 bytes in the name of a socket. */
const MAX_SOCKET_PATH = 107

/**
 * Where the owner of a data folder listens for other commands: inside it, or, where that name is too
 * long, in a folder of this user's own below the temporary one.
 * @throws SealiftError `FILE_DENIED` where someone else has taken the name of that folder
 */
export function socketPath(dataFolder: string): string {
  const inside = join(resolve(dataFolder), 'sealift.sock')
  if (Buffer.byteLength(inside) <= MAX_SOCKET_PATH) return inside
  const name = createHash('sha256').update(inside).digest('hex').slice(0, 16)
  return join(ownFolder(), `${name}.sock`)
}

/** Anyone may make anything in the temporary folder: what is not ours alone is not used. */
function ownFolder(): string {
  const uid = process.getuid?.() ?? 0
  const folder = join(tmpdir(), `sealift-${uid}`)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const found = lstatSync(folder)
  if (found.isDirectory() && found.uid === uid && (found.mode & 0o077) === 0) return folder
  throw new SealiftError('FILE_DENIED', `${folder}: expected a folder that belongs to user ${uid} and that nobody else may enter`, {
    hint: 'Remove it, or use a data folder with a shorter path.',
  })
}

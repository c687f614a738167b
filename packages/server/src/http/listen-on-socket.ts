import { once } from 'node:events'
import { chmod, mkdtemp, rename, rm } from 'node:fs/promises'
import type { Server } from 'node:http'
import { dirname, join } from 'node:path'

/**
 * Listens on a Unix socket that only the owner may use, from its first moment on; a socket left by a
 * killed process is replaced. It is made in a folder that nobody else may enter and moved into place
 * when its mode is right: the umask would hold for all that the process does meanwhile.
 */
export async function listenOnSocket(http: Server, path: string): Promise<void> {
  const folder = await mkdtemp(join(dirname(path), 's-'))
  try {
    const made = join(folder, 's')
    http.listen(made)
    await once(http, 'listening')
    await chmod(made, 0o600)
    await rename(made, path)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

import { homedir } from 'node:os'
import { join } from 'node:path'

/** What is expensive to make and survives between runs: bootstrapped systems, the vendor engine's images. */
export function cacheFolder(): string {
  return join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'sealift-testbed')
}

/** Sockets and process ids. Short, since the path of a socket ends at 107 bytes. */
export const runFolder = '/run/sealift-testbed'

/** Everything that sites are made of, one folder each. Not below /tmp, which may be a small file system in memory. */
export const sitesFolder = '/var/tmp/sealift-testbed/sites'

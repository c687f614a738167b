import { readdir, readFile, readlink } from 'node:fs/promises'

const LISTEN = '0A'
const UNCONNECTED = '07'

/**
 * The program of this machine that listens at a port, as `program NAME (process N)`, found in /proc.
 * Undefined where there is none or where this process may not see it.
 */
export async function listenerOf(port: number, protocol: 'tcp' | 'udp'): Promise<string | undefined> {
  const inodes = new Set<string>()
  for (const table of [protocol, `${protocol}6`]) {
    const text = await readFile(`/proc/net/${table}`, 'utf8').catch(() => '')
    for (const inode of listeningInodes(text, port)) inodes.add(inode)
  }
  if (inodes.size === 0) return undefined
  for (const process of (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name))) {
    for (const descriptor of await readdir(`/proc/${process}/fd`).catch(() => [])) {
      const target = await readlink(`/proc/${process}/fd/${descriptor}`).catch(() => '')
      const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1]
      if (inode === undefined || !inodes.has(inode)) continue
      const name = (await readFile(`/proc/${process}/comm`, 'utf8').catch(() => '')).trim()
      return `program ${name} (process ${process})`
    }
  }
  return undefined
}

/** The inodes of sockets that wait at a port, from the text of /proc/net/tcp and its siblings. */
export function listeningInodes(table: string, port: number): readonly string[] {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0')
  return table
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => local?.endsWith(`:${wanted}`) === true && (state === LISTEN || state === UNCONNECTED))
    .map((fields) => fields[9] ?? '')
    .filter((inode) => inode !== '')
}

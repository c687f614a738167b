import { buffer } from 'node:stream/consumers'
import { pack } from 'tar-stream'

/** An entry of a small tar; a folder where it has no content. */
export interface TarEntry {
  readonly name: string
  readonly content?: Buffer
  readonly mode: number
  readonly uid?: number
  readonly gid?: number
}

/** A small tar whole in memory. Times are fixed, so that equal entries give equal bytes. */
export async function tarOf(entries: readonly TarEntry[]): Promise<Buffer> {
  const tar = pack()
  for (const { name, content, mode, uid = 0, gid = 0 } of entries) {
    const header = { name, mode, uid, gid, mtime: new Date(0) }
    if (content === undefined) tar.entry({ ...header, type: 'directory' })
    else tar.entry(header, content)
  }
  tar.finalize()
  return buffer(tar)
}

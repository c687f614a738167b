import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** Reads a file, or all files of a folder, so that they are in the page cache when they are read again. */
export function warm(path: string): void {
  if (statSync(path).isDirectory()) {
    for (const name of readdirSync(path)) warm(join(path, name))
    return
  }
  const buffer = Buffer.allocUnsafeSlow(1024 * 1024)
  const file = openSync(path, 'r')
  while (readSync(file, buffer) > 0);
  closeSync(file)
}

import { createHash } from 'node:crypto'
import { closeSync, constants, fdatasync, fdatasyncSync, fsyncSync, mkdirSync, openSync, readdirSync, readSync, renameSync, writeSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

/** Bytes that are read at once. */
const PIECE = 4 * 1024 * 1024

/** Written bytes after which the kernel is told to begin bringing them to the disk, as an export does. */
const SYNC_INTERVAL = 128 * 1024 * 1024

/**
 * The yardstick: copies a file and hashes it in the same loop, and makes the copy durable the way that Sealift makes its files
 * durable: a temporary name, the data synced, the name changed, the folder synced. Nothing is decoded and nothing is checked.
 * @returns the sha256 of the bytes, in hexadecimal digits
 */
export async function copyHashed(from: string, to: string, buffer: Buffer = Buffer.allocUnsafeSlow(PIECE)): Promise<string> {
  const temporary = join(dirname(to), `.${basename(to)}.partial`)
  const source = openSync(from, 'r')
  const target = openSync(temporary, constants.O_CREAT | constants.O_TRUNC | constants.O_WRONLY, 0o644)
  const sha256 = createHash('sha256')
  let unsynced = 0
  let syncing: Promise<void> = Promise.resolve()
  for (;;) {
    const bytes = buffer.subarray(0, readSync(source, buffer))
    if (bytes.length === 0) break
    sha256.update(bytes)
    writeAll(target, bytes)
    unsynced += bytes.length
    if (unsynced < SYNC_INTERVAL) continue
    unsynced = 0
    await syncing
    syncing = syncInBackground(target)
  }
  await syncing
  fdatasyncSync(target)
  closeSync(target)
  closeSync(source)
  renameSync(temporary, to)
  syncFolder(dirname(to))
  return sha256.digest('hex')
}

/** The same for every file of a folder, one after the other, into a folder that is made. */
export async function copyFolderHashed(from: string, to: string): Promise<void> {
  mkdirSync(to)
  const buffer = Buffer.allocUnsafeSlow(PIECE)
  for (const name of readdirSync(from)) await copyHashed(join(from, name), join(to, name), buffer)
}

function writeAll(file: number, bytes: Buffer): void {
  let written = 0
  while (written < bytes.length) written += writeSync(file, bytes, written)
}

function syncInBackground(file: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fdatasync(file, (failure) => (failure === null ? resolve() : reject(failure)))
  })
}

function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r')
  fsyncSync(handle)
  closeSync(handle)
}

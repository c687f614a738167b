import { createReadStream } from 'node:fs'
import { copyFile, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ContentStore, EncodedBlob, EncodedClaim } from '@sealift/content/content-store.ts'
import { makeFolder, syncFolder } from '@sealift/content/filesystem/durable.ts'
import { openFilesystemStore } from '@sealift/content/filesystem/filesystem-store.ts'
import type { Digest } from '@sealift/oci/digest.ts'
import { SealiftError, toSealiftError } from '@sealift/oci/sealift-error.ts'
import { MAX_MANIFEST, PARTS, parseBlobs } from './backup-manifest.ts'
import type { BackupSource, BackupTarget } from './backup-places.ts'
import { copyBlob } from './copy-blob.ts'

const MARKER = 'sealift-backups'
const MARKER_TEXT = 'A folder of backups of Sealift, version 1. Each is in snapshots/; what they hold is in content/, once.\n'
const PARTIAL = '.partial'

const contentOf = (folder: string): string => join(folder, 'content')
const snapshotsOf = (folder: string): string => join(folder, 'snapshots')

/**
 * A folder of backups, in which content that several of them need lies once: only what is new is written.
 * One backup at a time is written to it.
 * @param keep how many backups remain in it, the newest; all, where it is not given
 */
export function backupFolder(folder: string, name: string, keep?: number): BackupTarget {
  return {
    async needs(parts, claims) {
      await beginFolder(folder)
      const there = await openFilesystemStore(contentOf(folder))
      let bytes = parts
      for (const claim of claims) if ((await there.info(claim.digest)) === undefined) bytes += claim.blocks.reduce((sum, { size }) => sum + size, 0)
      return bytes
    },
    async write({ manifest, mac, blobs, database }, claims, openBlob, copied) {
      await beginFolder(folder)
      const there = await openFilesystemStore(contentOf(folder))
      // What was begun and not ended is in nobody's way; its content is used by this one.
      for (const left of await readdir(snapshotsOf(folder))) {
        if (left.endsWith(PARTIAL)) await rm(join(snapshotsOf(folder), left), { recursive: true, force: true })
      }
      const path = join(snapshotsOf(folder), name)
      const partial = path + PARTIAL
      await makeFolder(partial)
      let size = manifest.length + mac.length + blobs.length + (await stat(database)).size
      for (const claim of claims) {
        const written = await copyBlob(claim, openBlob, there)
        if (written) size += claim.blocks.reduce((sum, block) => sum + block.size, 0)
        copied(claim.blocks.reduce((sum, block) => sum + block.size, 0))
      }
      await copyFile(database, join(partial, PARTS.database))
      await syncFile(join(partial, PARTS.database))
      await writeDurably(join(partial, PARTS.blobs), blobs)
      await writeDurably(join(partial, PARTS.mac), mac)
      await writeDurably(join(partial, PARTS.manifest), manifest)
      await syncFolder(partial)
      await rename(partial, path)
      await syncFolder(snapshotsOf(folder))
      if (keep !== undefined) await thinOut(folder, there, keep)
      return { path, size }
    },
  }
}

/** Makes the folder where it is missing. @throws SealiftError `BACKUP_INVALID` where it holds something else */
async function beginFolder(folder: string): Promise<void> {
  try {
    await makeFolder(folder)
    const names = await readdir(folder)
    if (!names.includes(MARKER)) {
      const foreign = names.filter((entry) => entry !== 'lost+found' && entry !== `${MARKER}${PARTIAL}`)
      if (foreign.length > 0) {
        throw new SealiftError('BACKUP_INVALID', `${folder} holds other things than backups of Sealift: ${foreign.slice(0, 3).join(', ')}`, {
          hint: 'Name an empty folder, a new one, or a file.',
        })
      }
      await writeDurably(join(folder, `${MARKER}${PARTIAL}`), Buffer.from(MARKER_TEXT))
      await rename(join(folder, `${MARKER}${PARTIAL}`), join(folder, MARKER))
      await syncFolder(folder)
    }
    await makeFolder(snapshotsOf(folder))
  } catch (thrown) {
    throw toSealiftError(thrown, `writing to ${folder}`)
  }
}

/** Takes all but the newest backups out of a folder, and then the content that none of the others needs. */
async function thinOut(folder: string, content: ContentStore, keep: number): Promise<void> {
  const names = await snapshotNames(folder)
  for (const name of names.slice(0, Math.max(0, names.length - keep))) {
    // Renamed first: one that is half removed is no backup any more.
    const gone = join(snapshotsOf(folder), `${name}${PARTIAL}`)
    await rename(join(snapshotsOf(folder), name), gone)
    await syncFolder(snapshotsOf(folder))
    await rm(gone, { recursive: true, force: true })
  }
  const needed = async (): Promise<Set<Digest>> => {
    const digests = new Set<Digest>()
    for (const name of await snapshotNames(folder)) {
      const path = join(snapshotsOf(folder), name, PARTS.blobs)
      for (const { digest } of parseBlobs(await readFile(path), path)) digests.add(digest)
    }
    return digests
  }
  await content.collect({ needed, isOld: () => true, minAge: 0, rest: 0 })
}

/** Backups in a folder, oldest first: their names begin with their time. */
async function snapshotNames(folder: string): Promise<readonly string[]> {
  return (await readdir(snapshotsOf(folder))).filter((name) => !name.endsWith(PARTIAL)).toSorted()
}

/** Whether a path is a folder of backups. */
export async function isBackupFolder(path: string): Promise<boolean> {
  return stat(join(path, MARKER)).then(
    () => true,
    () => false,
  )
}

/**
 * Opens a backup in a folder; without a name the newest. Nothing is written to the folder.
 * @throws SealiftError `BACKUP_INVALID`, `FILE_NOT_FOUND`
 */
export async function openBackupFolder(folder: string, name?: string): Promise<BackupSource> {
  const names = await snapshotNames(folder)
  const chosen = name ?? names.at(-1)
  if (chosen === undefined || !names.includes(chosen)) {
    throw new SealiftError('FILE_NOT_FOUND', `${folder} holds no backup${name === undefined ? '' : ` ${name}`}`, {
      hint: names.length === 0 ? 'Make one with sealift backup --out.' : `It holds: ${names.slice(-10).join(', ')}`,
    })
  }
  const path = join(snapshotsOf(folder), chosen)
  const content = await openFilesystemStore(contentOf(folder), { readOnly: true })
  const part = async (file: string, limit: number): Promise<Buffer> => {
    const { size } = await stat(join(path, file)).catch((thrown: unknown) => {
      throw toSealiftError(thrown, `reading ${path}`)
    })
    if (size > limit) throw new SealiftError('BACKUP_INVALID', `${path}: ${file} has ${size} bytes, more than ${limit}`)
    return readFile(join(path, file))
  }
  return {
    what: path,
    manifest: await part(PARTS.manifest, MAX_MANIFEST),
    mac: await part(PARTS.mac, 32),
    readBlobs: (size) => part(PARTS.blobs, size),
    readDatabase: () => createReadStream(join(path, PARTS.database)),
    openBlob: (claim: EncodedClaim): Promise<EncodedBlob> => content.open(claim.digest),
    [Symbol.asyncDispose]: async () => {},
  }
}

async function writeDurably(path: string, bytes: Buffer): Promise<void> {
  await writeFile(path, bytes, { mode: 0o600, flush: true })
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r+')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

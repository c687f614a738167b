import { hash } from 'node:crypto'
import { open, readdir, rename, rm, stat, statfs } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { EncodedClaim } from '@sealift/content/content-store.ts'
import { makeFolder, syncFolder } from '@sealift/content/filesystem/durable.ts'
import { openFilesystemStore } from '@sealift/content/filesystem/filesystem-store.ts'
import { createDigester, hexOf } from '@sealift/oci/digest.ts'
import { isSealiftError, SealiftError, toSealiftError } from '@sealift/oci/sealift-error.ts'
import { checkMasterKey } from '../../data/check-master-key.ts'
import { CONTENT, DATABASE, LOCK, RESTORING } from '../../data/data-folder.ts'
import { createMasterKey, masterKeyPath, readMasterKey, writeMasterKey } from '../../data/master-key.ts'
import { takeOwnership } from '../../data/owner-lock.ts'
import { makePrivateFile } from '../../data/private-file.ts'
import { type Database, openDatabase } from '../../database/open-database.ts'
import { openBackupFile } from './backup-file.ts'
import { isBackupFolder, openBackupFolder } from './backup-folder.ts'
import { contextOf } from './backup-maker.ts'
import { type BackupManifest, parseBlobs, parseManifest } from './backup-manifest.ts'
import type { BackupSource } from './backup-places.ts'
import { copyBlob } from './copy-blob.ts'
import { isMacOf, unsealKey } from './key-seal.ts'

/** What restoring needs. */
export interface RestoreOptions {
  /** A backup file, or a folder of backups. */
  readonly from: string
  /** The backup in the folder; the newest where it is not given. */
  readonly snapshot?: string
  /** The data folder to make. */
  readonly data: string
  readonly passphrase: string
  /** New addresses of targets, by their names. */
  readonly targets?: ReadonlyMap<string, string>
  readonly progress?: (stage: string, done: number, total: number) => void
  readonly signal?: AbortSignal
}

/** What was restored. */
export interface Restored {
  readonly data: string
  readonly createdAt: string
  /** Where the data folder was. */
  readonly was: string
  readonly content: BackupManifest['content']
  readonly blobs: number
  readonly releases: number
  readonly targets: readonly { readonly name: string; readonly driver: string; readonly address: string }[]
  readonly installations: readonly { readonly name: string; readonly target: string }[]
}

/** What may be in a folder that counts as empty. */
const NOTHING = ['lost+found', LOCK]

/**
 * Makes a data folder out of a backup. Everything is checked: the manifest by the key that the passphrase opens,
 * the database and each blob by their hashes. While it is made no other command takes the folder for one; after
 * an interruption the same restore goes on with what is there.
 * @throws SealiftError `DATA_NOT_EMPTY`, `DATA_IN_USE`, `BACKUP_INVALID`, `BACKUP_DAMAGED`, `BACKUP_PASSPHRASE_WRONG`, `TARGET_NOT_FOUND`,
 *   `FILE_EXISTS` for the key of another data folder, `DISK_FULL`, `DATABASE_NEWER`
 */
export async function restoreBackup(options: RestoreOptions): Promise<Restored> {
  const data = resolve(options.data)
  await requireEmpty(data)
  await using source = (await isBackupFolder(options.from)) ? await openBackupFolder(options.from, options.snapshot) : await openBackupFile(options.from)
  const manifest = parseManifest(source.manifest, source.what)
  const key = await unsealKey(manifest.key, options.passphrase, contextOf(manifest.id), source.what)
  if (!isMacOf(source.mac, source.manifest, key)) throw new SealiftError('BACKUP_DAMAGED', `${source.what}: its manifest is not the one that was written`)
  await requireKeyPlace(data, key)
  try {
    await makeFolder(data)
    await makePrivateFile(join(data, LOCK))
    const lock = takeOwnership(join(data, LOCK))
    if (lock === undefined) throw new SealiftError('DATA_IN_USE', `another Sealift process works on ${data}`)
    try {
      if (await makePrivateFile(join(data, RESTORING))) await syncFolder(data)
      return await new Restoration(source, manifest, key, data, options).run()
    } finally {
      lock.release()
    }
  } catch (thrown) {
    throw toSealiftError(thrown, `restoring ${source.what}`)
  }
}

class Restoration {
  readonly #source: BackupSource
  readonly #manifest: BackupManifest
  readonly #key: Buffer
  readonly #data: string
  readonly #options: RestoreOptions

  constructor(source: BackupSource, manifest: BackupManifest, key: Buffer, data: string, options: RestoreOptions) {
    this.#source = source
    this.#manifest = manifest
    this.#key = key
    this.#data = data
    this.#options = options
  }

  async run(): Promise<Restored> {
    const { data, createdAt, content } = this.#manifest
    const database = join(this.#data, `${DATABASE}.${RESTORING}`)
    await this.#removeDatabase(database)
    await this.#restoreDatabase(database)
    const found = await this.#prepareDatabase(database)
    const blobs = await this.#restoreContent()
    // From here on the rest follows of itself: a folder with a database has its key, and one with both is whole.
    await writeMasterKey(masterKeyPath(this.#data), this.#key)
    await rename(database, join(this.#data, DATABASE))
    await syncFolder(this.#data)
    await rm(join(this.#data, RESTORING))
    await syncFolder(this.#data)
    return { data: this.#data, createdAt, was: data, content, blobs, ...found }
  }

  /** What an attempt before this one has left. */
  async #removeDatabase(database: string): Promise<void> {
    for (const suffix of ['', '-wal', '-shm', '-journal']) await rm(database + suffix, { force: true })
  }

  async #restoreDatabase(path: string): Promise<void> {
    const { size, sha256 } = this.#manifest.database
    await requireSpace(this.#data, size)
    const digester = createDigester()
    let read = 0
    const file = await open(path, 'wx', 0o600)
    try {
      for await (const piece of this.#source.readDatabase(size)) {
        digester.update(piece)
        read += piece.length
        if (read > size) break
        await file.writeFile(piece)
        this.#options.progress?.('Restoring the database', read, size)
      }
      await file.sync()
    } finally {
      await file.close()
    }
    if (read !== size || hexOf(digester.digest()) !== sha256)
      throw new SealiftError('BACKUP_DAMAGED', `${this.#source.what}: the copy of the database in it was damaged`)
  }

  /** Opens the database as any command will, gives targets their new addresses, and says what is in it. */
  async #prepareDatabase(path: string): Promise<Pick<Restored, 'releases' | 'targets' | 'installations'>> {
    const db = await openDatabase(path)
    try {
      await checkMasterKey(db, createMasterKey(this.#key), `of ${this.#source.what}`)
      for (const [name, address] of this.#options.targets ?? []) await moveTarget(db, name, address)
      const targets = await db.selectFrom('target').select(['name', 'driver', 'address']).orderBy('name').execute()
      const installations = await db
        .selectFrom('installation')
        .innerJoin('environment', 'environment.name', 'installation.environment')
        .select(['installation.name', 'environment.target'])
        .orderBy('installation.name')
        .execute()
      const releases = await db.selectFrom('release').select('digest').execute()
      return { releases: releases.length, targets, installations }
    } finally {
      // Closing it brings all that was written into the one file.
      await db.destroy()
    }
  }

  async #restoreContent(): Promise<number> {
    const { blobs } = this.#manifest
    const list = await this.#source.readBlobs(blobs.size)
    if (hash('sha256', list, 'hex') !== blobs.sha256) throw new SealiftError('BACKUP_DAMAGED', `${this.#source.what}: the list of its blobs was damaged`)
    const claims = parseBlobs(list, this.#source.what)
    const store = await openFilesystemStore(join(this.#data, CONTENT))
    let missing = 0
    for (const claim of claims) if ((await store.info(claim.digest)) === undefined) missing += encodedSize(claim)
    await requireSpace(this.#data, missing)
    let done = 0
    for (const claim of claims) {
      this.#options.signal?.throwIfAborted()
      try {
        await copyBlob(claim, (wanted) => this.#source.openBlob(wanted), store)
      } catch (thrown) {
        const isDamage = isSealiftError(thrown, 'CONTENT_CORRUPT') || isSealiftError(thrown, 'CONTENT_MISSING')
        if (!isDamage) throw thrown
        throw new SealiftError('BACKUP_DAMAGED', `${this.#source.what}: ${thrown.message}`, { cause: thrown })
      }
      done += encodedSize(claim)
      this.#options.progress?.('Restoring content', done, blobs.bytes)
    }
    return claims.length
  }
}

async function moveTarget(db: Database, name: string, address: string): Promise<void> {
  const { numUpdatedRows } = await db.updateTable('target').set({ address }).where('name', '=', name).executeTakeFirstOrThrow()
  if (numUpdatedRows > 0n) return
  const names = (await db.selectFrom('target').select('name').orderBy('name').execute()).map((row) => row.name)
  throw new SealiftError('TARGET_NOT_FOUND', `the backup has no target ${name}; it has: ${names.join(', ')}`)
}

/** Only a folder that is empty, or in which a restore was cut off. */
async function requireEmpty(data: string): Promise<void> {
  const names: readonly string[] = await readdir(data).catch((thrown: unknown) => {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw toSealiftError(thrown, `looking into ${data}`)
  })
  if (names.includes(RESTORING) || names.every((name) => NOTHING.includes(name))) return
  throw new SealiftError('DATA_NOT_EMPTY', `${data} is not empty: it holds ${names.slice(0, 4).join(', ')}`)
}

/** The key that lies there is never replaced by another one. */
async function requireKeyPlace(data: string, key: Buffer): Promise<void> {
  const path = masterKeyPath(data)
  if (!(await stat(path).catch(() => undefined))) return
  const there = await readMasterKey(path)
  if (there.equals(key)) return
  throw new SealiftError('FILE_EXISTS', `${path} holds the key of another data folder`, {
    hint: 'Move it away, restore to another folder, or name another file with SEALIFT_KEY_FILE.',
  })
}

function encodedSize({ blocks }: EncodedClaim): number {
  return blocks.reduce((sum, { size }) => sum + size, 0)
}

async function requireSpace(folder: string, needed: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder)
  const free = bavail * bsize
  if (free >= needed) return
  throw new SealiftError('DISK_FULL', `restoring to ${folder} needs ${needed} bytes, ${free} are free`, { details: { needed, free } })
}

import { hash, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdtemp, open, rm, stat, statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { BackedUp } from '@sealift/api/backed-up.ts'
import type { Job } from '@sealift/api/job.ts'
import type { RouteInput } from '@sealift/api/route.ts'
import type { storageRoutes } from '@sealift/api/routes/storage.ts'
import type { ContentStore, EncodedBlob, EncodedClaim } from '@sealift/content/content-store.ts'
import { createDigester, type Digest, hexOf } from '@sealift/oci/digest.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { CONTENT } from '../../data/data-folder.ts'
import { masterKeyPath, readMasterKey } from '../../data/master-key.ts'
import { withCodes } from '../../database/node-sqlite.ts'
import type { JobQueue } from '../../jobs/job-queue.ts'
import type { JobContext } from '../../jobs/job-work.ts'
import type { ReleaseLibrary } from '../../library/release-library.ts'
import { CREATOR } from '../../version.ts'
import { COLLECTION } from '../collector.ts'
import type { ContentRoot } from '../content-root.ts'
import { neededContent } from '../needed-content.ts'
import { backupFile } from './backup-file.ts'
import { backupFolder } from './backup-folder.ts'
import { BACKUP_FORMAT, BACKUP_VERSION, type BackupManifest } from './backup-manifest.ts'
import type { BackupTarget } from './backup-places.ts'
import { MIN_PASSPHRASE, macOf, sealKey } from './key-seal.ts'

type BackupRequest = RouteInput<typeof storageRoutes.backup>['body']

/** Without content, blobs of at most so many bytes go along all the same: documents and configuration, without which nothing can be shown. */
const SMALL = 1024 * 1024

/** What making backups needs. */
export interface BackupMakerParts {
  /** The data folder. */
  readonly path: string
  /** The file of its database. */
  readonly database: string
  readonly store: ContentStore
  readonly library: ReleaseLibrary
  readonly roots: readonly ContentRoot[]
  readonly jobs: JobQueue
}

/** Copies a whole data folder, at one moment and while work goes on. */
export class BackupMaker {
  readonly #parts: BackupMakerParts

  constructor(parts: BackupMakerParts) {
    this.#parts = parts
  }

  /** @throws SealiftError `USAGE`, `FILE_EXISTS`, `FILE_NOT_FOUND`, `JOB_CONFLICT` */
  async start({ passphrase, ...request }: BackupRequest): Promise<Job> {
    if (passphrase.length < MIN_PASSPHRASE)
      throw new SealiftError('USAGE', `the passphrase has ${passphrase.length} characters, expected at least ${MIN_PASSPHRASE}`)
    const there = await stat(request.out).catch(() => undefined)
    const isFolder = request.folder === true || there?.isDirectory() === true
    if (!isFolder && there !== undefined && request.overwrite !== true) throw new SealiftError('FILE_EXISTS', `${request.out} exists already`)
    return this.#parts.jobs.start({
      kind: 'backup',
      title: `back up to ${request.out}`,
      request,
      exclusive: [COLLECTION, `file ${request.out}`],
      run: (context) => this.#backUp(request, isFolder, passphrase, context),
    })
  }

  async #backUp(request: Omit<BackupRequest, 'passphrase'>, isFolder: boolean, passphrase: string, context: JobContext): Promise<BackedUp> {
    const { path, store } = this.#parts
    const createdAt = new Date().toISOString()
    const id = randomBytes(8).toString('hex')
    const name = `${createdAt.replaceAll(/[-:]|\.\d+/g, '')}-${id}`
    const target: BackupTarget = isFolder ? backupFolder(request.out, name, request.keep) : backupFile(request.out)
    // Among what is swept away when the data folder is opened next.
    const folder = await mkdtemp(join(path, CONTENT, 'tmp/backup-'))
    try {
      context.progress('Copying the database')
      const database = join(folder, 'database.db')
      await this.#copyDatabase(database, context.id)
      context.progress('Finding out what is needed')
      const { claims, lacking } = await this.#claims(database, request.withoutContent === true)
      for (const { digest, by } of lacking.slice(0, 20)) context.log(`The blob ${digest}, which ${by} needs, is not there and can not be backed up.`, 'warning')
      const blobs = Buffer.from(JSON.stringify(claims))
      const key = await readMasterKey(masterKeyPath(path))
      const bytes = claims.reduce((sum, claim) => sum + encodedSize(claim), 0)
      const manifest: BackupManifest = {
        format: BACKUP_FORMAT,
        version: BACKUP_VERSION,
        id,
        createdAt,
        creator: CREATOR,
        data: path,
        content: request.withoutContent === true ? 'small' : 'all',
        key: await sealKey(key, passphrase, contextOf(id)),
        database: await partOf(database),
        blobs: { sha256: hash('sha256', blobs, 'hex'), size: blobs.length, count: claims.length, bytes },
      }
      const manifestBytes = Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`)
      await requireSpace(request.out, isFolder, await target.needs(manifest.database.size + blobs.length + manifestBytes.length, claims))
      let done = 0
      context.progress('Copying content', 0, bytes, 'bytes')
      const written = await target.write(
        { manifest: manifestBytes, mac: macOf(manifestBytes, key), blobs, database },
        claims,
        (claim) => {
          context.signal.throwIfAborted()
          return openAsClaimed(store, claim, isFolder)
        },
        (copied) => context.progress('Copying content', (done += copied), bytes, 'bytes'),
      )
      return { path: written.path, id, createdAt, content: manifest.content, blobs: claims.length, bytes, written: written.size, lacking: lacking.length }
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }

  /** The database as it is at one moment, whatever is committed meanwhile. */
  async #copyDatabase(to: string, job: number): Promise<void> {
    const source = withCodes(() => new DatabaseSync(this.#parts.database))
    try {
      withCodes(() => source.prepare('vacuum into ?').run(to))
    } finally {
      source.close()
    }
    const copy = withCodes(() => new DatabaseSync(to))
    try {
      // The job that makes the backup is not to be found in it as one that was interrupted.
      withCodes(() => copy.prepare('delete from job where id = ?').run(job))
    } finally {
      copy.close()
    }
    const file = await open(to, 'r+')
    try {
      await file.sync()
    } finally {
      await file.close()
    }
  }

  /** Every blob that the copied database needs and that is there. */
  async #claims(
    database: string,
    smallOnly: boolean,
  ): Promise<{ readonly claims: readonly EncodedClaim[]; readonly lacking: readonly { digest: Digest; by: string }[] }> {
    const { store, library, roots } = this.#parts
    const claims: EncodedClaim[] = []
    const lacking: { digest: Digest; by: string }[] = []
    const seen = new Set<Digest>()
    for await (const { digest, by, certain } of neededContent({ database, roots, release: (release) => library.open(release) })) {
      if (seen.has(digest)) continue
      const info = await store.info(digest)
      if (info === undefined && !certain) continue
      seen.add(digest)
      if (info === undefined) lacking.push({ digest, by })
      else if (!smallOnly || info.size <= SMALL) {
        await using blob = await store.open(digest)
        claims.push({ digest, size: info.size, encoding: info.encoding, blocks: blob.blocks })
      }
    }
    claims.sort((a, b) => (hexOf(a.digest) < hexOf(b.digest) ? -1 : 1))
    return { claims, lacking }
  }
}

/** What the sealed key of a backup belongs to. */
export function contextOf(id: string): string {
  return `backup/${id}`
}

/** In a file a blob stands as the list says; it may rest otherwise by now only where it was damaged and came anew. */
async function openAsClaimed(store: ContentStore, claim: EncodedClaim, anyEncoding: boolean): Promise<EncodedBlob> {
  const blob = await store.open(claim.digest)
  if (anyEncoding || (blob.info.encoding === claim.encoding && encodedSize(blob) === encodedSize(claim))) return blob
  await blob.close()
  throw new SealiftError('CONTENT_CORRUPT', `blob ${claim.digest} was replaced while it was backed up`, { hint: 'Run the backup again.' })
}

function encodedSize({ blocks }: Pick<EncodedClaim, 'blocks'>): number {
  return blocks.reduce((sum, { size }) => sum + size, 0)
}

async function partOf(path: string): Promise<BackupManifest['database']> {
  const digester = createDigester()
  let size = 0
  for await (const piece of createReadStream(path, { highWaterMark: SMALL }) as AsyncIterable<Buffer>) {
    digester.update(piece)
    size += piece.length
  }
  return { sha256: hexOf(digester.digest()), size }
}

async function requireSpace(out: string, isFolder: boolean, needed: number): Promise<void> {
  const { bavail, bsize } = await statfs(isFolder ? out : dirname(out))
  const free = bavail * bsize
  if (free >= needed) return
  throw new SealiftError('DISK_FULL', `backing up to ${out} needs ${needed} bytes, ${free} are free`, { details: { needed, free } })
}

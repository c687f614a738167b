import { randomBytes } from 'node:crypto'
import { type FileHandle, open, readdir, rm, statfs } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { renameDurably } from '@sealift/content/filesystem/durable.ts'
import { writeAt } from '@sealift/content/filesystem/write-at.ts'
import { SealiftError, toSealiftError } from '@sealift/oci/sealift-error.ts'

/** Written bytes after which the kernel is told to begin bringing them to the disk, while the next ones are written. */
const SYNC_INTERVAL = 128 * 1024 * 1024

/**
 * A file that appears under its name when it is whole and durable, or not at all. Until then it is a
 * hidden file beside it, so that the final rename never crosses file systems.
 */
export class OutputFile {
  readonly path: string
  readonly size: number
  readonly #temporary: string
  readonly #file: FileHandle
  #unsynced = 0
  #syncing: Promise<void> = Promise.resolve()
  #idle = true

  private constructor(path: string, size: number, temporary: string, file: FileHandle) {
    this.path = path
    this.size = size
    this.#temporary = temporary
    this.#file = file
  }

  /**
   * Begins a file of a size that is known beforehand. What killed attempts to write the same file left
   * beside it is taken away first: on a stick it may be the room that is needed now.
   * @throws SealiftError `DISK_FULL` where the free space is too small, `FILE_NOT_FOUND`, `FILE_DENIED`
   */
  static async create(path: string, size: number, mode = 0o644): Promise<OutputFile> {
    const folder = dirname(path)
    const temporary = join(folder, `.${basename(path)}.${randomBytes(6).toString('hex')}.partial`)
    try {
      await removeAbandoned(folder, basename(path))
      const { bavail, bsize } = await statfs(folder)
      if (bavail * bsize < size) throw diskFull(path, size, bavail * bsize)
      return new OutputFile(path, size, temporary, await open(temporary, 'wx', mode))
    } catch (thrown) {
      throw toSealiftError(thrown, `writing ${path}`)
    }
  }

  /** Writes bytes at a place; several may be under way. The buffer is in use until this resolves. */
  async write(bytes: Uint8Array, position: number): Promise<void> {
    try {
      await writeAt(this.#file, bytes, position)
    } catch (thrown) {
      throw await this.#explain(thrown)
    }
    this.#unsynced += bytes.length
    if (this.#unsynced >= SYNC_INTERVAL && this.#idle) this.#syncAhead()
  }

  /** Makes the file durable and gives it its name. */
  async commit(): Promise<void> {
    try {
      await this.#syncing
      await this.#file.datasync()
      await this.#file.close()
      await renameDurably(this.#temporary, this.path)
    } catch (thrown) {
      throw await this.#explain(thrown)
    }
  }

  /** Removes every trace; only once no write is under way. */
  async abort(): Promise<void> {
    await this.#syncing.catch(() => {})
    await this.#file.close().catch(() => {})
    await rm(this.#temporary, { force: true })
  }

  #syncAhead(): void {
    this.#unsynced = 0
    this.#idle = false
    // The kernel tells of a fault once only, so the next sync stands on this one, and commit on them all.
    this.#syncing = this.#syncing
      .then(() => this.#file.datasync())
      .finally(() => {
        this.#idle = true
      })
    this.#syncing.catch(() => {})
  }

  async #explain(thrown: unknown): Promise<SealiftError> {
    const errno = (thrown as NodeJS.ErrnoException).code
    if (errno === 'ENOSPC' || errno === 'EDQUOT') {
      const { bavail, bsize } = await statfs(dirname(this.path))
      return diskFull(this.path, this.size, bavail * bsize, thrown)
    }
    if (errno === 'EFBIG') {
      return new SealiftError('BUNDLE_TOO_LARGE', `writing ${this.path}: its file system cannot hold a file of ${this.size} bytes`, { cause: thrown })
    }
    return toSealiftError(thrown, `writing ${this.path}`)
  }
}

async function removeAbandoned(folder: string, name: string): Promise<void> {
  for (const other of await readdir(folder)) {
    const rest = other.startsWith(`.${name}.`) ? other.slice(name.length + 2) : ''
    if (/^[0-9a-f]{12}\.partial$/.test(rest)) await rm(join(folder, other), { force: true })
  }
}

function diskFull(path: string, needed: number, free: number, cause?: unknown): SealiftError {
  return new SealiftError('DISK_FULL', `writing ${path}: it needs ${needed} bytes, ${free} are free`, { cause, details: { needed, free } })
}

import { createHash, randomUUID } from 'node:crypto'
import type { PartialBlob, PartialBlobs, PartialInfo } from '@sealift/content/partial-blobs.ts'
import { RegistryError } from '../registry-error.ts'

/** What uploads may take up. */
export interface UploadLimits {
  /** Uploads that may be under way at once. */
  readonly count: number
  /** Bytes that a blob may have. */
  readonly blobBytes: number
  /** Milliseconds after which an upload that nobody goes on with is given up. */
  readonly age: number
}

export const DEFAULT_LIMITS: UploadLimits = { count: 1000, blobBytes: 2 ** 40, age: 24 * 60 * 60 * 1000 }

/** Uploads kept open for their next request; another one is opened anew and hashed again. */
const KEPT_OPEN = 64

interface Session {
  /** Undefined until the first use after a restart. */
  partial: PartialBlob | undefined
  /** Resolves when nobody uses it. */
  free: Promise<void>
  /** Cuts off whoever uses it. */
  interrupt: (() => void) | undefined
}

/**
 * The uploads of a registry. Each belongs to one repository, which its id tells: no other repository can
 * go on with it. What has come survives a restart; a request that takes an upload up while an earlier one
 * still hangs on a broken connection cuts that one off.
 */
export class Uploads {
  readonly limits: UploadLimits
  readonly #store: PartialBlobs
  readonly #sessions = new Map<string, Session>()
  #beginning = 0

  constructor(store: PartialBlobs, limits: Partial<UploadLimits> = {}) {
    this.#store = store
    this.limits = { ...DEFAULT_LIMITS, ...limits }
  }

  /**
   * Begins an upload.
   * @throws RegistryError `TOOMANYREQUESTS`; SealiftError `DISK_FULL`
   */
  async begin(repository: string): Promise<string> {
    this.#beginning++
    try {
      const { length } = await this.#store.listPartials()
      if (length + this.#beginning > this.limits.count) {
        throw new RegistryError('TOOMANYREQUESTS', `${length} uploads are under way, and no more are taken; those left alone for a day are given up`)
      }
      const id = idOf(randomUUID(), repository)
      const partial = await this.#store.beginPartial(id)
      this.#sessions.set(id, { partial, free: Promise.resolve(), interrupt: undefined })
      await this.#closeIdle()
      return id
    } finally {
      this.#beginning--
    }
  }

  /**
   * Runs work on an upload, alone.
   * @param interrupt cuts the work off when another request wants the upload
   * @throws RegistryError `BLOB_UPLOAD_UNKNOWN`; what the work throws
   */
  async use<T>(repository: string, id: string, interrupt: () => void, work: (partial: PartialBlob) => Promise<T>): Promise<T> {
    const unknown = new RegistryError('BLOB_UPLOAD_UNKNOWN', 'the upload is not known to this repository: it was finished, given up, or never begun', {
      detail: { repository },
    })
    if (!belongsTo(id, repository)) throw unknown
    let session = this.#sessions.get(id)
    if (session === undefined) {
      session = { partial: undefined, free: Promise.resolve(), interrupt: undefined }
      this.#sessions.set(id, session)
    }
    const before = session.free
    session.interrupt?.()
    session.interrupt = interrupt
    let release = (): void => {}
    session.free = new Promise((resolve) => {
      release = resolve
    })
    const mine = session.free
    await before
    try {
      session.partial ??= await this.#store.resumePartial(id)
      if (session.partial === undefined) throw unknown
      // Used last, so closed last.
      this.#sessions.delete(id)
      this.#sessions.set(id, session)
      return await work(session.partial)
    } catch (thrown) {
      // The upload may be gone, or its hash ahead of its bytes: whoever comes next finds out anew.
      await session.partial?.close().catch(() => {})
      session.partial = undefined
      throw thrown
    } finally {
      release()
      if (session.free === mine) {
        session.interrupt = undefined
        if (session.partial === undefined) this.#sessions.delete(id)
      }
    }
  }

  /** Forgets an upload that its work has committed or aborted. */
  ended(id: string): void {
    const session = this.#sessions.get(id)
    if (session !== undefined) session.partial = undefined
  }

  /**
   * Gives up what nobody went on with for too long; tells of how many, and of their bytes.
   * @param isAgo whether a time is at least so many milliseconds ago
   * @param dryRun only says what would be given up
   */
  async expire(
    isAgo: (time: Date, age: number) => boolean = (time, age) => Date.now() - time.getTime() > age,
    dryRun = false,
  ): Promise<{ readonly count: number; readonly bytes: number }> {
    let count = 0
    let bytes = 0
    for (const { id, size, changedAt } of await this.#store.listPartials()) {
      if (!isAgo(changedAt, this.limits.age) || !(await this.#giveUp(id, dryRun))) continue
      count++
      bytes += size
    }
    return { count, bytes }
  }

  /** What is under way. */
  list(): Promise<readonly PartialInfo[]> {
    return this.#store.listPartials()
  }

  /** Lets go of all; what has come is kept. */
  async close(): Promise<void> {
    for (const session of this.#sessions.values()) {
      session.interrupt?.()
      await session.free
      await session.partial?.close()
    }
    this.#sessions.clear()
  }

  async #giveUp(id: string, dryRun: boolean): Promise<boolean> {
    const session = this.#sessions.get(id)
    // One that is being used is not left alone, whatever a clock says that was set meanwhile.
    if (session?.interrupt !== undefined) return false
    if (dryRun) return true
    const partial = session?.partial ?? (await this.#store.resumePartial(id))
    this.#sessions.delete(id)
    await partial?.abort()
    return partial !== undefined
  }

  async #closeIdle(): Promise<void> {
    for (const [id, session] of this.#sessions) {
      if (this.#sessions.size <= KEPT_OPEN) return
      if (session.interrupt !== undefined) continue
      this.#sessions.delete(id)
      await session.partial?.close()
    }
  }
}

const mark = (unique: string, repository: string): string => createHash('sha256').update(`${unique} ${repository}`).digest('hex').slice(0, 16)

function idOf(unique: string, repository: string): string {
  return `${unique}-${mark(unique, repository)}`
}

function belongsTo(id: string, repository: string): boolean {
  const [, unique, marked] = /^([0-9a-f-]{36})-([0-9a-f]{16})$/.exec(id) ?? []
  return unique !== undefined && marked === mark(unique, repository)
}

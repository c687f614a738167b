import { type FileHandle, open, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { createDigester, type Digest, type Digester } from '@sealift/oci/digest.ts'
import { SealiftError, toSealiftError } from '@sealift/oci/sealift-error.ts'
import type { BlobInfo } from '../content-store.ts'
import type { PartialBlob } from '../partial-blobs.ts'
import { renameDurably, syncFolder } from './durable.ts'
import type { SinkPlaces } from './file-sink.ts'

const REHASHED = 4 * 1024 * 1024

/** Bytes after which what was written begins to be synced, so that little is left to wait for at the end. */
const SYNCED = 16 * 1024 * 1024

/** A {@link PartialBlob} in a file of its own, which becomes the blob's file. */
export class PartialFile implements PartialBlob {
  readonly id: string
  readonly #places: SinkPlaces
  readonly #file: FileHandle
  readonly #digester: Digester
  #size: number
  #unsynced = 0
  #syncing: Promise<void> | undefined
  #closed: Promise<void> | undefined

  private constructor(id: string, places: SinkPlaces, file: FileHandle, digester: Digester, size: number) {
    this.id = id
    this.#places = places
    this.#file = file
    this.#digester = digester
    this.#size = size
  }

  /** @throws SealiftError `FILE_WRONG_KIND` where the file is there already */
  static async begin(id: string, places: SinkPlaces): Promise<PartialFile> {
    try {
      return new PartialFile(id, places, await open(places.temporary, 'wx+', 0o600), createDigester(), 0)
    } catch (thrown) {
      throw toSealiftError(thrown, `beginning ${places.temporary}`)
    }
  }

  /** Hashes what is there already. Returns undefined where there is no such file. */
  static async resume(id: string, places: SinkPlaces): Promise<PartialFile | undefined> {
    let file: FileHandle
    try {
      file = await open(places.temporary, 'r+')
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw toSealiftError(thrown, `resuming ${places.temporary}`)
    }
    try {
      const digester = createDigester()
      const buffer = Buffer.allocUnsafeSlow(REHASHED)
      let size = 0
      for (;;) {
        const { bytesRead } = await file.read(buffer, 0, buffer.length, size)
        if (bytesRead === 0) break
        digester.update(buffer.subarray(0, bytesRead))
        size += bytesRead
      }
      return new PartialFile(id, places, file, digester, size)
    } catch (thrown) {
      await file.close()
      throw toSealiftError(thrown, `resuming ${places.temporary}`)
    }
  }

  get size(): number {
    return this.#size
  }

  async append(pieces: readonly Uint8Array[]): Promise<void> {
    if (this.#closed !== undefined) throw new SealiftError('INTERNAL', `the partial blob ${this.id} was used after its end`)
    const total = pieces.reduce((sum, { length }) => sum + length, 0)
    try {
      const writing = this.#write(pieces, total)
      // While the disk takes them. A failed write is undone below, and then nothing that was hashed is in the file.
      for (const piece of pieces) this.#digester.update(piece)
      await writing
      this.#size += total
      this.#unsynced += total
      if (this.#unsynced >= SYNCED) this.#syncAhead()
    } catch (thrown) {
      // The hash has run ahead of the file: only a resumed one knows again what is there.
      await this.#file.truncate(this.#size).catch(() => {})
      await this.close()
      throw toSealiftError(thrown, `writing ${this.#places.temporary}`)
    }
  }

  async commit(digest: Digest): Promise<BlobInfo> {
    if (this.#closed !== undefined) throw new SealiftError('INTERNAL', `the partial blob ${this.id} was used after its end`)
    const size = this.#size
    const found = this.#digester.digest()
    const info: BlobInfo = { digest, size, encoding: 'plain', encodedSize: size }
    if (found !== digest) {
      await this.abort()
      throw new SealiftError('CONTENT_CORRUPT', `blob ${digest}: the ${size} bytes that arrived have the digest ${found}`)
    }
    const path = this.#places.pathOf(digest, 'plain')
    try {
      if (await this.#places.isThere(digest)) {
        await this.abort()
        // Whoever brought it may not have come to this yet.
        await syncFolder(dirname(path))
        return info
      }
      // A sync that failed is told of once: a later one may say that all is well.
      await this.#syncing
      await this.#file.datasync()
      await this.#file.chmod(0o400)
      await this.close()
      await renameDurably(this.#places.temporary, path)
      return info
    } catch (thrown) {
      await this.close()
      throw toSealiftError(thrown, `storing blob ${digest}`)
    }
  }

  close(): Promise<void> {
    this.#closed ??= (async () => {
      await this.#syncing?.catch(() => {})
      await this.#file.close()
    })()
    return this.#closed
  }

  async abort(): Promise<void> {
    await this.close()
    await rm(this.#places.temporary, { force: true })
  }

  #syncAhead(): void {
    this.#unsynced = 0
    const before = this.#syncing
    this.#syncing = (async () => {
      await before
      await this.#file.datasync()
    })()
    this.#syncing.catch(() => {})
  }

  async #write(pieces: readonly Uint8Array[], total: number): Promise<void> {
    const { bytesWritten } = await this.#file.writev(pieces as Uint8Array[], this.#size)
    let written = bytesWritten
    if (written === total) return
    const whole = Buffer.concat(pieces)
    while (written < total) written += (await this.#file.write(whole, written, total - written, this.#size + written)).bytesWritten
  }
}

import { type FileHandle, open, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Digest } from '@sealift/oci/digest.ts'
import { toSealiftError } from '@sealift/oci/sealift-error.ts'
import type { BlockSink } from '../block-sink.ts'
import type { BlobInfo, Block, Encoding } from '../content-store.ts'
import { encodeTrailer } from './blob-file.ts'
import { renameDurably, syncFolder } from './durable.ts'
import { writeAt } from './write-at.ts'

/** What a {@link FileSink} must know of its store. */
export interface SinkPlaces {
  /** The file to write to until the blob is whole. */
  readonly temporary: string
  /** Where the blob belongs; its folder is there. */
  pathOf(digest: Digest, encoding: Encoding): string
  /** Whether the blob is there already, however encoded. */
  isThere(digest: Digest): Promise<boolean>
  /** Told when the temporary file is not needed any more. */
  ended(): void
}

/** Collects a blob in a temporary file; commit syncs it and gives it its name, unless the blob came by another way meanwhile. */
export class FileSink implements BlockSink {
  readonly #temporary: string
  readonly #places: SinkPlaces
  #file: FileHandle | undefined
  #position = 0
  #renamed = false

  constructor(places: SinkPlaces) {
    this.#temporary = places.temporary
    this.#places = places
  }

  async append(encoded: Buffer): Promise<void> {
    try {
      this.#file ??= await open(this.#temporary, 'wx', 0o400)
      await this.#writeAll(encoded)
    } catch (thrown) {
      throw toSealiftError(thrown, `writing ${this.#temporary}`)
    }
  }

  async commit({ digest, size, encoding }: BlobInfo, blocks: readonly Block[]): Promise<void> {
    const path = this.#places.pathOf(digest, encoding)
    try {
      if (await this.#places.isThere(digest)) {
        await this.abort()
        // Whoever brought it may not have come to this yet.
        return await syncFolder(dirname(path))
      }
      this.#file ??= await open(this.#temporary, 'wx', 0o400)
      if (encoding === 'zstd') await this.#writeAll(encodeTrailer(size, blocks))
      await this.#file.datasync()
      await this.#close()
      await renameDurably(this.#temporary, path)
      this.#renamed = true
      this.#places.ended()
    } catch (thrown) {
      throw toSealiftError(thrown, `storing blob ${digest}`)
    }
  }

  async abort(): Promise<void> {
    await this.#close()
    if (!this.#renamed) await rm(this.#temporary, { force: true })
    this.#places.ended()
  }

  async #writeAll(bytes: Buffer): Promise<void> {
    await writeAt(this.#file as FileHandle, bytes, this.#position)
    this.#position += bytes.length
  }

  async #close(): Promise<void> {
    const file = this.#file
    this.#file = undefined
    await file?.close()
  }
}

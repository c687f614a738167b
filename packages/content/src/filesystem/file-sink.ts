import { type FileHandle, open, rm } from 'node:fs/promises'
import type { Digest } from '@sealift/oci/digest.ts'
import { toSealiftError } from '@sealift/oci/sealift-error.ts'
import type { BlockSink } from '../block-sink.ts'
import type { BlobInfo, Block, Encoding } from '../content-store.ts'
import { encodeTrailer } from './blob-file.ts'
import { makeFolder, renameDurably } from './durable.ts'

/** Collects a blob in a temporary file; commit syncs it and gives it its name. */
export class FileSink implements BlockSink {
  readonly #temporary: string
  readonly #pathOf: (digest: Digest, encoding: Encoding) => string
  #file: FileHandle | undefined
  #position = 0
  #renamed = false

  constructor(temporary: string, pathOf: (digest: Digest, encoding: Encoding) => string) {
    this.#temporary = temporary
    this.#pathOf = pathOf
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
    const path = this.#pathOf(digest, encoding)
    try {
      this.#file ??= await open(this.#temporary, 'wx', 0o400)
      if (encoding === 'zstd') await this.#writeAll(encodeTrailer(size, blocks))
      await this.#file.datasync()
      await this.#close()
      await makeFolder(path.slice(0, path.lastIndexOf('/')))
      await renameDurably(this.#temporary, path)
      this.#renamed = true
    } catch (thrown) {
      throw toSealiftError(thrown, `storing blob ${digest}`)
    }
  }

  async abort(): Promise<void> {
    await this.#close()
    if (!this.#renamed) await rm(this.#temporary, { force: true })
  }

  async #writeAll(bytes: Buffer): Promise<void> {
    let written = 0
    while (written < bytes.length) {
      const { bytesWritten } = await (this.#file as FileHandle).write(bytes, written, bytes.length - written, this.#position)
      written += bytesWritten
      this.#position += bytesWritten
    }
  }

  async #close(): Promise<void> {
    const file = this.#file
    this.#file = undefined
    await file?.close()
  }
}

import { hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { OutputFile } from '@sealift/bundle/write/output-file.ts'
import type { EncodedBlob, EncodedClaim } from '@sealift/content/content-store.ts'
import { readAt } from '@sealift/content/filesystem/read-at.ts'
import { hexOf } from '@sealift/oci/digest.ts'
import { SealiftError, toSealiftError } from '@sealift/oci/sealift-error.ts'
import { encodeTarHeader, paddingOf, readTarSize, TAR_BLOCK, TAR_END, tarMemberSize } from '@sealift/oci/tar-header.ts'
import { MAX_MANIFEST, PARTS } from './backup-manifest.ts'
import type { BackupSource, BackupTarget } from './backup-places.ts'

const COPY_SIZE = 1024 * 1024

const encodedSize = ({ blocks }: EncodedClaim): number => blocks.reduce((sum, { size }) => sum + size, 0)
const memberName = ({ digest, encoding }: EncodedClaim): string => `blobs/sha256/${hexOf(digest)}${encoding === 'zstd' ? '.zst' : ''}`

/** A backup in one file: a tar of the parts and the content. */
export function backupFile(path: string): BackupTarget {
  const sizeOf = (parts: readonly number[], claims: readonly EncodedClaim[]): number =>
    parts.reduce((sum, size) => sum + tarMemberSize(size), 0) + claims.reduce((sum, claim) => sum + tarMemberSize(encodedSize(claim)), 0) + TAR_END
  return {
    // What the other parts need beside their bytes is little.
    needs: async (parts, claims) => sizeOf([parts], claims) + 4 * TAR_BLOCK,
    async write({ manifest, mac, blobs, database }, claims, openBlob, copied) {
      const { size: databaseSize } = await stat(database)
      const size = sizeOf([manifest.length, mac.length, databaseSize, blobs.length], claims)
      const output = await OutputFile.create(path, size, 0o600)
      try {
        const tar = new TarWriter(output)
        await tar.add(PARTS.manifest, manifest.length, [manifest])
        await tar.add(PARTS.mac, mac.length, [mac])
        await tar.add(PARTS.database, databaseSize, createReadStream(database, { highWaterMark: COPY_SIZE }))
        await tar.add(PARTS.blobs, blobs.length, [blobs])
        for (const claim of claims) {
          await using blob = await openBlob(claim)
          await tar.add(memberName(claim), encodedSize(claim), checkedBlocks(blob, claim))
          copied(encodedSize(claim))
        }
        await tar.end()
        await output.commit()
      } catch (thrown) {
        await output.abort()
        throw thrown
      }
      return { path, size }
    },
  }
}

/** The blocks of a blob, each compared with its hash. */
async function* checkedBlocks(blob: EncodedBlob, { digest, blocks }: EncodedClaim): AsyncGenerator<Buffer> {
  for (const [index, { sha256 }] of blocks.entries()) {
    const bytes = await blob.readBlock(index)
    if (hash('sha256', bytes, 'hex') !== sha256) throw new SealiftError('CONTENT_CORRUPT', `blob ${digest}: block ${index} was damaged in the store`)
    yield bytes
  }
}

class TarWriter {
  readonly #output: OutputFile
  #at = 0

  constructor(output: OutputFile) {
    this.#output = output
  }

  async add(name: string, size: number, pieces: Iterable<Buffer> | AsyncIterable<Buffer>): Promise<void> {
    await this.#write(encodeTarHeader(name, size))
    const end = this.#at + size
    for await (const piece of pieces) await this.#write(piece)
    if (this.#at !== end) throw new SealiftError('INTERNAL', `${name} had ${this.#at - end + size} bytes instead of ${size}`)
    await this.#write(Buffer.alloc(paddingOf(size)))
  }

  async end(): Promise<void> {
    await this.#write(Buffer.alloc(TAR_END))
  }

  async #write(bytes: Buffer): Promise<void> {
    await this.#output.write(bytes, this.#at)
    this.#at += bytes.length
  }
}

/**
 * Opens a backup in one file.
 * @throws SealiftError `BACKUP_INVALID`, `BACKUP_DAMAGED`, `FILE_NOT_FOUND`, `FILE_DENIED`
 */
export async function openBackupFile(path: string): Promise<BackupSource> {
  const file = await open(path, 'r').catch((thrown: unknown) => {
    throw toSealiftError(thrown, `reading ${path}`)
  })
  try {
    const reader = new TarReader(file, path)
    const manifest = await reader.part(PARTS.manifest, MAX_MANIFEST)
    const mac = await reader.part(PARTS.mac, 32)
    return {
      what: path,
      manifest,
      mac,
      readDatabase: (size) => reader.pieces(PARTS.database, size),
      readBlobs: (size) => reader.part(PARTS.blobs, size),
      openBlob: (claim) => reader.blob(claim),
      [Symbol.asyncDispose]: () => file.close(),
    }
  } catch (thrown) {
    await file.close()
    throw thrown
  }
}

/** Reads the members of a backup in their order. */
class TarReader {
  readonly #file: FileHandle
  readonly #path: string
  #at = 0

  constructor(file: FileHandle, path: string) {
    this.#file = file
    this.#path = path
  }

  /** A member whole. */
  async part(name: string, limit: number): Promise<Buffer> {
    const size = await this.#enter(name)
    if (size > limit) throw new SealiftError('BACKUP_INVALID', `${this.#path}: ${name} has ${size} bytes, more than ${limit}`)
    const bytes = await this.#read(this.#at, Buffer.allocUnsafeSlow(size))
    this.#at += size + paddingOf(size)
    return bytes
  }

  async *pieces(name: string, expected: number): AsyncGenerator<Buffer> {
    const size = await this.#enter(name)
    if (size !== expected) throw new SealiftError('BACKUP_DAMAGED', `${this.#path}: ${name} has ${size} bytes, expected ${expected}`)
    for (let done = 0; done < size; done += COPY_SIZE) yield await this.#read(this.#at + done, Buffer.allocUnsafeSlow(Math.min(COPY_SIZE, size - done)))
    this.#at += size + paddingOf(size)
  }

  async blob(claim: EncodedClaim): Promise<EncodedBlob> {
    const size = await this.#enter(memberName(claim))
    const start = this.#at
    this.#at += size + paddingOf(size)
    const offsets: number[] = []
    let end = start
    for (const block of claim.blocks) {
      offsets.push(end)
      end += block.size
    }
    if (end - start !== size) throw new SealiftError('BACKUP_DAMAGED', `${this.#path}: ${memberName(claim)} has ${size} bytes, expected ${end - start}`)
    const close = async (): Promise<void> => {}
    return {
      info: { ...claim, encodedSize: size },
      blocks: claim.blocks,
      readBlock: (index, into) => {
        const block = claim.blocks[index]?.size ?? 0
        return this.#read(offsets[index] ?? 0, into?.subarray(0, block) ?? Buffer.allocUnsafeSlow(block))
      },
      close,
      [Symbol.asyncDispose]: close,
    }
  }

  /** Goes past the header of the next member, which must have this name; returns its size. */
  async #enter(name: string): Promise<number> {
    const header = await this.#read(this.#at, Buffer.alloc(TAR_BLOCK))
    const size = readTarSize(header, name)
    if (size === undefined) {
      if (this.#at === 0) throw new SealiftError('BACKUP_INVALID', `${this.#path} is not a backup of Sealift`)
      throw new SealiftError('BACKUP_DAMAGED', `${this.#path}: at byte ${this.#at} ${name} should begin`)
    }
    this.#at += TAR_BLOCK
    return size
  }

  async #read(position: number, into: Buffer): Promise<Buffer> {
    let read: number
    try {
      read = await readAt(this.#file, into, position)
    } catch (thrown) {
      throw toSealiftError(thrown, `reading ${this.#path}`)
    }
    if (read < into.length) {
      if (position === 0) throw new SealiftError('BACKUP_INVALID', `${this.#path} is not a backup of Sealift`)
      throw new SealiftError('BACKUP_DAMAGED', `${this.#path} ends at byte ${position + read}, too early`)
    }
    return into
  }
}

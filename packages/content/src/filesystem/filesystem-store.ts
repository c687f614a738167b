import { randomUUID } from 'node:crypto'
import { type FileHandle, mkdir, open, readdir, rm, stat, utimes } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { createDigester, type Digest, hexOf } from '@sealift/oci/digest.ts'
import { isSealiftError, SealiftError, toSealiftError } from '@sealift/oci/sealift-error.ts'
import { plainBlockSize } from '../block-layout.ts'
import type { BlobInfo, Block, ByteRange, ContentStore, EncodedBlob, Encoding } from '../content-store.ts'
import { isPartialId, type PartialBlobs } from '../partial-blobs.ts'
import type { PlainFiles } from '../plain-files.ts'
import { PlainWriter } from '../plain-writer.ts'
import { readPlain } from '../read-plain.ts'
import { UsageLedger } from '../usage-ledger.ts'
import { VerifyingWriter } from '../verifying-writer.ts'
import { readTrailer } from './blob-file.ts'
import { blobOfFile, collectFiles, namesIn } from './collect-files.ts'
import { makeFolder, renameDurably, syncFolder } from './durable.ts'
import { FileSink, type SinkPlaces } from './file-sink.ts'
import { PartialFile } from './partial-file.ts'
import { hashPlainBlocks } from './plain-blocks.ts'
import { readAt } from './read-at.ts'

const SUFFIX: Readonly<Record<Encoding, string>> = { zstd: '.zst', plain: '' }
const ENCODINGS: readonly Encoding[] = ['zstd', 'plain']

/** The file in which a blob was found. */
interface OpenFile {
  readonly file: FileHandle
  readonly encoding: Encoding
}

/** A {@link ContentStore} in a folder, with what only files can do. */
export type FilesystemStore = ContentStore & PartialBlobs & PlainFiles

/**
 * Opens the {@link ContentStore} in a folder, making it where it is missing: blobs under
 * `blobs/sha256/<two digits>/<64 digits>[.zst]`, unfinished ones under `tmp/`, those that may be resumed under `partial/`. The folder must have
 * one owner at a time: what an earlier owner left in `tmp/` is removed. A blob that turns out to be
 * damaged is moved to `damaged/`, so that whatever brings it again finds its place free. Layout and
 * formats are in `docs/content-store.md`.
 * @param options `readOnly`: nothing is made, removed or moved; for reading from a medium that takes no writes
 */
export async function openFilesystemStore(folder: string, { readOnly = false }: { readonly readOnly?: boolean } = {}): Promise<FilesystemStore> {
  const blobs = join(folder, 'blobs', 'sha256')
  const temporary = join(folder, 'tmp')
  const partial = join(folder, 'partial')
  const damaged = join(folder, 'damaged')
  if (!readOnly) await makePlaces(blobs, temporary, partial)
  const writing = new Set<string>()
  const ledger = new UsageLedger()

  const pathOf = (digest: Digest, encoding: Encoding): string => join(blobs, hexOf(digest).slice(0, 2), hexOf(digest) + SUFFIX[encoding])

  const openFile = async (digest: Digest): Promise<OpenFile | undefined> => {
    for (const encoding of ENCODINGS) {
      try {
        return { file: await open(pathOf(digest, encoding), 'r'), encoding }
      } catch (thrown) {
        if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT') throw toSealiftError(thrown, `opening blob ${digest}`)
      }
    }
    return undefined
  }

  const describe = async (file: FileHandle, encoding: Encoding, digest: Digest): Promise<{ info: BlobInfo; blocks: readonly Block[] | undefined }> => {
    const { size: fileSize } = await file.stat()
    if (encoding === 'plain') return { info: { digest, size: fileSize, encoding, encodedSize: fileSize }, blocks: undefined }
    const { size, blocks, encodedSize } = await readTrailer(file, fileSize, `blob ${digest}`)
    return { info: { digest, size, encoding, encodedSize }, blocks }
  }

  /** Moves the file of a damaged blob out of the way, unless a sound one has taken its place. */
  const setAside = async (file: FileHandle, encoding: Encoding, digest: Digest): Promise<void> => {
    if (readOnly) return
    const path = pathOf(digest, encoding)
    const there = await stat(path).catch(() => undefined)
    if (there?.ino !== (await file.stat()).ino) return
    await makeFolder(damaged)
    await renameDurably(path, join(damaged, basename(path)))
  }

  /** The error to report for a blob that could not be read; where it is damaged, it is set aside. */
  const fault = async (thrown: unknown, { file, encoding }: OpenFile, digest: Digest): Promise<SealiftError> => {
    // Where it can't be moved, the damage is still what is to be reported.
    if (isSealiftError(thrown, 'CONTENT_CORRUPT')) await setAside(file, encoding, digest).catch(() => {})
    return toSealiftError(thrown, `reading blob ${digest}`)
  }

  const openBlob = async (digest: Digest): Promise<{ blob: EncodedBlob; found: OpenFile }> => {
    await ledger.use(digest)
    const found = await openFile(digest)
    if (found === undefined) throw new SealiftError('CONTENT_MISSING', `blob ${digest} is not in the store`)
    const { file, encoding } = found
    try {
      const described = await describe(file, encoding, digest)
      const blocks = described.blocks ?? (await hashPlainBlocks(file, digest, described.info.size))
      return { blob: new OpenBlob(file, described.info, blocks), found }
    } catch (thrown) {
      const error = await fault(thrown, found, digest)
      await file.close()
      throw error
    }
  }

  /** What is known of a blob, without using it. */
  const look = async (digest: Digest): Promise<BlobInfo | undefined> => {
    const found = await openFile(digest)
    if (found === undefined) return undefined
    try {
      return (await describe(found.file, found.encoding, digest)).info
    } catch (thrown) {
      const error = await fault(thrown, found, digest)
      // It is not there any more.
      if (error.code === 'CONTENT_CORRUPT') return undefined
      throw error
    } finally {
      await found.file.close()
    }
  }

  const isThere = async (digest: Digest): Promise<boolean> => (await look(digest)) !== undefined

  const places = (file: string, ended: () => void): SinkPlaces => ({
    temporary: file,
    pathOf,
    async isThere(digest) {
      await ledger.write(digest)
      return isThere(digest)
    },
    ended,
  })
  const sink = (): FileSink => {
    const path = join(temporary, randomUUID())
    writing.add(path)
    return new FileSink(places(path, () => void writing.delete(path)))
  }
  const partialPlaces = (id: string): SinkPlaces => {
    if (!isPartialId(id)) throw new SealiftError('INTERNAL', `${JSON.stringify(id)} can't name a partial blob`)
    return places(join(partial, id), () => {})
  }

  async function* read(digest: Digest, range?: ByteRange): AsyncGenerator<Buffer> {
    const { blob, found } = await openBlob(digest)
    try {
      yield* readPlain(blob, range)
    } catch (thrown) {
      throw await fault(thrown, found, digest)
    } finally {
      await blob.close()
    }
  }

  return {
    async info(digest) {
      await ledger.use(digest)
      return look(digest)
    },
    open: async (digest) => (await openBlob(digest)).blob,
    read,
    writer: async (expected = {}) => new PlainWriter(sink(), expected),
    encodedWriter: async (claim) => new VerifyingWriter(sink(), claim),
    async *list() {
      for (const prefix of await readdir(blobs)) {
        for (const name of await readdir(join(blobs, prefix))) {
          const digest = blobOfFile(name)
          if (digest === undefined) continue
          const found = await look(digest)
          if (found !== undefined) yield found
        }
      }
    },
    async delete(digest) {
      for (const encoding of ENCODINGS) {
        const path = pathOf(digest, encoding)
        if ((await stat(path).catch(() => undefined)) === undefined) continue
        await rm(path, { force: true })
        await syncFolder(dirname(path))
      }
    },
    beginPartial: async (id) => PartialFile.begin(id, partialPlaces(id)),
    resumePartial: async (id) => (isPartialId(id) ? PartialFile.resume(id, partialPlaces(id)) : undefined),
    async listPartials() {
      const found = await Promise.all(
        (await readdir(partial)).map(async (id) => {
          const there = await stat(join(partial, id)).catch(() => undefined)
          return there?.isFile() && isPartialId(id) ? [{ id, size: there.size, changedAt: there.mtime }] : []
        }),
      )
      return found.flat()
    },
    async openPlainFile(digest) {
      await ledger.use(digest)
      const found = await openFile(digest)
      if (found?.encoding === 'plain') {
        const { file, encoding } = found
        const close = (): Promise<void> => file.close()
        return { size: (await file.stat()).size, file, setAside: () => setAside(file, encoding, digest), close, [Symbol.asyncDispose]: close }
      }
      await found?.file.close()
      return undefined
    },
    async check(digest) {
      const { blob, found } = await openBlob(digest)
      try {
        const whole = createDigester()
        for await (const plain of readPlain(blob)) whole.update(plain)
        const actual = whole.digest()
        if (actual !== digest) throw new SealiftError('CONTENT_CORRUPT', `blob ${digest}: its bytes have the digest ${actual}`)
      } catch (thrown) {
        throw await fault(thrown, found, digest)
      } finally {
        await blob.close()
      }
    },
    async damaged() {
      const all = [...new Set((await namesIn(damaged)).map(blobOfFile))].filter((digest) => digest !== undefined)
      const missing = await Promise.all(all.map(async (digest) => !(await isThere(digest))))
      return all.filter((_, index) => missing[index])
    },
    lease: () => ledger.lease(),
    async touch(digest) {
      await ledger.write(digest)
      const found = await openFile(digest)
      if (found === undefined) return false
      await found.file.close()
      const now = new Date()
      await utimes(pathOf(digest, found.encoding), now, now)
      return true
    },
    collect: (options) => collectFiles({ places: { blobs, temporary, damaged }, ledger, writing, isThere }, options),
  }
}

async function makePlaces(blobs: string, temporary: string, partial: string): Promise<void> {
  await makeFolder(blobs)
  // All at once, so that no commit reports a blob durable in a folder that another commit has yet to make so.
  await Promise.all(Array.from({ length: 256 }, (_, prefix) => mkdir(join(blobs, prefix.toString(16).padStart(2, '0')), { recursive: true, mode: 0o700 })))
  await syncFolder(blobs)
  await rm(temporary, { recursive: true, force: true })
  await makeFolder(temporary)
  await makeFolder(partial)
}

class OpenBlob implements EncodedBlob {
  readonly info: BlobInfo
  readonly blocks: readonly Block[]
  readonly #file: FileHandle
  readonly #offsets: readonly number[]
  #closed: Promise<void> | undefined

  constructor(file: FileHandle, info: BlobInfo, blocks: readonly Block[]) {
    this.#file = file
    this.info = info
    this.blocks = blocks
    let offset = 0
    this.#offsets = blocks.map((block) => (offset += block.size) - block.size)
  }

  async readBlock(index: number, into?: Buffer): Promise<Buffer> {
    const block = this.blocks[index]
    const offset = this.#offsets[index]
    if (block === undefined || offset === undefined) throw new SealiftError('INTERNAL', `blob ${this.info.digest} has no block ${index}`)
    const buffer = into === undefined ? Buffer.allocUnsafeSlow(block.size) : into.subarray(0, block.size)
    if ((await readAt(this.#file, buffer, offset)) < block.size) {
      throw new SealiftError(
        'CONTENT_CORRUPT',
        `blob ${this.info.digest}: the file ends inside block ${index} of ${plainBlockSize(this.info.size, index)} bytes`,
      )
    }
    return buffer
  }

  close(): Promise<void> {
    this.#closed ??= this.#file.close()
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

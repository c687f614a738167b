import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { access, mkdtemp, open, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Digest, digestOf, hexOf } from '@sealift/oci/digest.ts'
import { isSealiftError } from '@sealift/oci/sealift-error.ts'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BLOCK_SIZE } from '../content-store.ts'
import { contentStoreSuite } from '../content-store-suite.ts'
import { readBlob, writeBlob } from '../read-blob.ts'
import { openFilesystemStore } from './filesystem-store.ts'

contentStoreSuite('filesystem', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sealift-content-'))
  return {
    store: await openFilesystemStore(folder),
    async dispose() {
      const left = await readdir(join(folder, 'tmp'))
      await rm(folder, { recursive: true })
      expect(left).toEqual([])
    },
  }
})

describe('filesystem store on disk', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sealift-content-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  const content = Buffer.alloc(9_000_000, 'words and more words ')
  const asideOf = (bytes: Buffer): string => join(folder, 'damaged', `${hexOf(digestOf(bytes))}.zst`)
  const collect = async (pieces: AsyncIterable<Buffer>): Promise<Buffer> => {
    const all: Buffer[] = []
    for await (const piece of pieces) all.push(piece)
    return Buffer.concat(all)
  }
  const fileOf = (bytes: Buffer): string => join(folder, 'blobs/sha256', hexOf(digestOf(bytes)).slice(0, 2), `${hexOf(digestOf(bytes))}.zst`)

  it('rests as frames that the zstd command decodes', async (context) => {
    const store = await openFilesystemStore(folder)
    await writeBlob(store, content)
    const { stdout, error } = spawnSync('zstd', ['-dc', fileOf(content)], { maxBuffer: 20_000_000 })
    context.skip(error !== undefined, `the zstd command can't be run: ${error?.message}`)
    expect(stdout.equals(content)).toBe(true)
  })

  it('keeps blobs over a new start and forgets unfinished ones', async () => {
    const first = await openFilesystemStore(folder)
    await writeBlob(first, content)
    await writeFile(join(folder, 'tmp', 'left-over'), 'from a killed process')
    const second = await openFilesystemStore(folder)
    expect(await readdir(join(folder, 'tmp'))).toEqual([])
    expect((await readBlob(second, digestOf(content))).equals(content)).toBe(true)
  })

  it('never hands out a damaged byte, wherever the damage is', async () => {
    const store = await openFilesystemStore(folder)
    await writeBlob(store, content)
    const path = fileOf(content)
    const file = await open(path, 'r+')
    const { size } = await file.stat()
    for (let position = 0; position < size; position += 41) {
      const original = Buffer.alloc(1)
      await file.read(original, 0, 1, position)
      await file.write(Buffer.from([(original[0] as number) ^ 0x10]), 0, 1, position)
      const outcome = await collect(store.read(digestOf(content))).catch((thrown: unknown) => thrown)
      if (Buffer.isBuffer(outcome)) expect(outcome.equals(content)).toBe(true)
      else {
        // A table of another version may be right, for a newer program.
        const isVersion = isSealiftError(outcome, 'DATABASE_NEWER')
        expect(outcome).toMatchObject({ code: isVersion ? 'DATABASE_NEWER' : 'CONTENT_CORRUPT' })
        if (!isVersion) await rename(asideOf(content), path)
      }
      await file.write(original, 0, 1, position)
    }
    await file.truncate(size - 1)
    await expect(collect(store.read(digestOf(content)))).rejects.toMatchObject({ code: 'CONTENT_CORRUPT' })
    await file.close()
  })

  it.each([
    { where: 'in a block', position: 10 },
    { where: 'in the tables', position: -30 },
  ])('sets a blob aside that is damaged $where, so that it can be brought anew', async ({ position }) => {
    const store = await openFilesystemStore(folder)
    await writeBlob(store, content)
    const file = await open(fileOf(content), 'r+')
    const { size } = await file.stat()
    await file.write(Buffer.from('x'), 0, 1, position < 0 ? size + position : position)
    await file.close()
    const reader = await store.open(digestOf(content)).catch(() => undefined)
    await expect(collect(store.read(digestOf(content)))).rejects.toMatchObject({ code: reader === undefined ? 'CONTENT_MISSING' : 'CONTENT_CORRUPT' })
    expect(await store.info(digestOf(content))).toBeUndefined()
    for await (const there of store.list()) expect(there).toBeUndefined()
    await access(asideOf(content))
    expect(await store.damaged()).toEqual([digestOf(content)])
    await writeBlob(store, content)
    expect(await store.damaged()).toEqual([])
    expect((await readBlob(store, digestOf(content))).equals(content)).toBe(true)
    await reader?.close()
  })

  it('finds by a check what the hashes of the blocks do not show', async () => {
    const store = await openFilesystemStore(folder)
    const other = Buffer.alloc(9_000_000, 'other words, just as sound ')
    await writeBlob(store, content)
    await writeBlob(store, other)
    await rename(fileOf(other), fileOf(content))
    await expect(store.check(digestOf(content))).rejects.toMatchObject({ code: 'CONTENT_CORRUPT', message: expect.stringContaining(digestOf(other)) })
    expect(await store.damaged()).toEqual([digestOf(content)])
  })

  it('collects temporary files that nobody writes, and damaged ones that nobody needs or that came anew', async () => {
    const store = await openFilesystemStore(folder)
    const gone = Buffer.from('needed by nobody')
    const again = Buffer.from('needed, and brought again')
    const lost = Buffer.from('needed, and not brought again')
    for (const bytes of [gone, again, lost]) {
      const path = join(folder, 'blobs/sha256', hexOf(digestOf(bytes)).slice(0, 2), hexOf(digestOf(bytes)))
      await writeFile(path, 'damaged')
      await expect(store.check(digestOf(bytes))).rejects.toMatchObject({ code: 'CONTENT_CORRUPT' })
    }
    await writeBlob(store, again)
    await writeFile(join(folder, 'tmp', 'left-over'), 'from work that was given up')
    const writer = await store.writer()
    await writer.write(randomBytes(BLOCK_SIZE * 3))
    const needed = async (): Promise<Set<Digest>> => new Set([again, lost].map((bytes) => digestOf(bytes)))
    const collection = await store.collect({ needed, isOld: () => true, minAge: 0, rest: 0 })
    expect(collection).toMatchObject({ temporary: { count: 1, bytes: 27 }, damaged: { count: 2, bytes: 14 } })
    expect(await readdir(join(folder, 'damaged'))).toEqual([hexOf(digestOf(lost))])
    await writer.commit()
    expect(await readdir(join(folder, 'tmp'))).toEqual([])
  })

  it('rests once, however it came', async () => {
    const store = await openFilesystemStore(folder)
    await writeBlob(store, content)
    const blocks = [0, BLOCK_SIZE, 2 * BLOCK_SIZE].map((at) => content.subarray(at, at + BLOCK_SIZE))
    const writer = await store.encodedWriter({
      digest: digestOf(content),
      size: content.length,
      encoding: 'plain',
      blocks: blocks.map((block) => ({ size: block.length, sha256: hexOf(digestOf(block)) })),
    })
    for (const block of blocks) await writer.writeBlock(Buffer.from(block))
    await writer.commit()
    const names = await readdir(join(folder, 'blobs/sha256', hexOf(digestOf(content)).slice(0, 2)))
    expect(names).toEqual([`${hexOf(digestOf(content))}.zst`])
    expect(await readdir(join(folder, 'tmp'))).toEqual([])
  })
})

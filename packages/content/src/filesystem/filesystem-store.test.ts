import { spawnSync } from 'node:child_process'
import { mkdtemp, open, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { digestOf, hexOf } from '@sealift/oci/digest.ts'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
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
      const outcome = await readBlob(store, digestOf(content)).catch((thrown: unknown) => thrown)
      if (Buffer.isBuffer(outcome)) expect(outcome.equals(content)).toBe(true)
      else expect(outcome).toMatchObject({ code: 'CONTENT_CORRUPT' })
      await file.write(original, 0, 1, position)
    }
    await file.truncate(size - 1)
    await expect(readBlob(store, digestOf(content))).rejects.toMatchObject({ code: 'CONTENT_CORRUPT' })
    await file.close()
  })
})

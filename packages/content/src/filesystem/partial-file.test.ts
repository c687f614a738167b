import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { digestOf, hexOf } from '@sealift/oci/digest.ts'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { partialBlobsSuite } from '../partial-blobs-suite.ts'
import { readBlob } from '../read-blob.ts'
import { openFilesystemStore } from './filesystem-store.ts'

const temporaryFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'sealift-partial-'))

partialBlobsSuite('filesystem', async () => {
  const folder = await temporaryFolder()
  return { store: await openFilesystemStore(folder), dispose: () => rm(folder, { recursive: true }) }
})

describe('partial blobs in files', () => {
  const bytes = Buffer.from('what is pushed rests as it came')
  const digest = digestOf(bytes)
  let folder: string
  beforeEach(async () => {
    folder = await temporaryFolder()
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  const blobFile = (): string => join(folder, 'blobs/sha256', hexOf(digest).slice(0, 2), hexOf(digest))

  it('survive a program that ended without closing them', async () => {
    const first = await openFilesystemStore(folder)
    const left = await first.beginPartial('one')
    await left.append([bytes.subarray(0, 10)])
    const second = await openFilesystemStore(folder)
    const resumed = await second.resumePartial('one')
    expect(resumed?.size).toBe(10)
    await resumed?.append([bytes.subarray(10)])
    await resumed?.commit(digest)
    expect((await readBlob(second, digest)).equals(bytes)).toBe(true)
    await left.close()
  })

  it('rest plain, read only, and are given out as files', async () => {
    const store = await openFilesystemStore(folder)
    const partial = await store.beginPartial('one')
    await partial.append([bytes])
    await partial.commit(digest)
    expect((await stat(blobFile())).mode & 0o777).toBe(0o400)
    expect(await readdir(join(folder, 'partial'))).toEqual([])
    await using plain = await store.openPlainFile(digest)
    expect(plain?.size).toBe(bytes.length)
    await store.delete(digest)
    expect((await plain?.file.readFile())?.equals(bytes)).toBe(true)
    expect(await store.openPlainFile(digest)).toBeUndefined()
  })

  it('are set aside where whoever took them found them damaged', async () => {
    const store = await openFilesystemStore(folder)
    const partial = await store.beginPartial('one')
    await partial.append([bytes])
    await partial.commit(digest)
    await chmod(blobFile(), 0o600)
    await writeFile(blobFile(), 'other bytes')
    await using plain = await store.openPlainFile(digest)
    await plain?.setAside()
    expect(await store.info(digest)).toBeUndefined()
    expect(await readdir(join(folder, 'damaged'))).toEqual([hexOf(digest)])
  })

  it('are named by nothing that leads out of their folder', async () => {
    const store = await openFilesystemStore(folder)
    await expect(store.beginPartial('../outside')).rejects.toMatchObject({ code: 'INTERNAL' })
    expect(await store.resumePartial('../blobs')).toBeUndefined()
  })
})

import { randomBytes } from 'node:crypto'
import { digestOf } from '@sealift/oci/digest.ts'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BLOCK_SIZE, type ContentStore } from './content-store.ts'
import type { PartialBlobs } from './partial-blobs.ts'
import { readBlob, writeBlob } from './read-blob.ts'

/** A store under test and how to take it away again. */
export interface PartialsUnderTest {
  readonly store: ContentStore & PartialBlobs
  dispose(): Promise<void>
}

/** What all {@link PartialBlobs} promise; run against each implementation. */
export function partialBlobsSuite(name: string, open: () => Promise<PartialsUnderTest>): void {
  describe(`partial blobs: ${name}`, () => {
    const bytes = randomBytes(2 * BLOCK_SIZE + 77)
    const digest = digestOf(bytes)
    let subject: PartialsUnderTest
    let store: PartialsUnderTest['store']
    beforeEach(async () => {
      subject = await open()
      store = subject.store
    })
    afterEach(() => subject.dispose())

    const ids = async (): Promise<string[]> => (await store.listPartials()).map(({ id }) => id)

    it('takes a blob in pieces and shows it once it is whole', async () => {
      const partial = await store.beginPartial('one')
      await partial.append([bytes.subarray(0, 1000), bytes.subarray(1000, 1001)])
      expect(partial.size).toBe(1001)
      expect(await store.info(digest)).toBeUndefined()
      await partial.append([bytes.subarray(1001)])
      expect(await partial.commit(digest)).toMatchObject({ digest, size: bytes.length })
      expect(await store.info(digest)).toMatchObject({ digest, size: bytes.length })
      expect((await readBlob(store, digest)).equals(bytes)).toBe(true)
      expect(await ids()).toEqual([])
    })

    it('copies what it is given', async () => {
      const partial = await store.beginPartial('one')
      const reused = Buffer.from(bytes.subarray(0, 100))
      await partial.append([reused])
      reused.fill(0)
      await partial.append([bytes.subarray(100)])
      await partial.commit(digest)
    })

    it('is resumed where it was left', async () => {
      const first = await store.beginPartial('one')
      await first.append([bytes.subarray(0, BLOCK_SIZE + 5)])
      await first.close()
      expect(await store.listPartials()).toMatchObject([{ id: 'one', size: BLOCK_SIZE + 5 }])
      const second = await store.resumePartial('one')
      expect(second?.size).toBe(BLOCK_SIZE + 5)
      await second?.append([bytes.subarray(BLOCK_SIZE + 5)])
      await second?.commit(digest)
      expect((await readBlob(store, digest)).equals(bytes)).toBe(true)
    })

    it('refuses bytes of another digest and leaves nothing', async () => {
      const partial = await store.beginPartial('one')
      await partial.append([bytes.subarray(1)])
      await expect(partial.commit(digest)).rejects.toMatchObject({ code: 'CONTENT_CORRUPT', message: expect.stringContaining(digest) })
      expect(await ids()).toEqual([])
      expect(await store.info(digest)).toBeUndefined()
    })

    it('leaves a blob that is there already', async () => {
      await writeBlob(store, bytes)
      const before = await store.info(digest)
      const partial = await store.beginPartial('one')
      await partial.append([bytes])
      await partial.commit(digest)
      expect(await store.info(digest)).toEqual(before)
      expect(await ids()).toEqual([])
    })

    it('takes an empty blob', async () => {
      const partial = await store.beginPartial('one')
      await partial.commit(digestOf(''))
      expect(await readBlob(store, digestOf(''))).toHaveLength(0)
    })

    it('is given up without a trace', async () => {
      const partial = await store.beginPartial('one')
      await partial.append([bytes])
      await partial.abort()
      await partial.abort()
      expect(await ids()).toEqual([])
      expect(await store.resumePartial('one')).toBeUndefined()
      await expect(partial.append([bytes])).rejects.toMatchObject({ code: 'INTERNAL' })
    })

    it('does not begin twice under one id, nor know what was not begun', async () => {
      await (await store.beginPartial('one')).close()
      await expect(store.beginPartial('one')).rejects.toMatchObject({ code: 'FILE_WRONG_KIND' })
      expect(await store.resumePartial('other')).toBeUndefined()
    })
  })
}

import { type Digest, digestOf } from '@sealift/oci/digest.ts'
import { MediaType } from '@sealift/oci/media-types.ts'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { PushedManifest } from './push/pushed-manifest.ts'
import type { PushedArea } from './pushed-area.ts'

/** An area under test and how to take it away again. */
export interface AreaUnderTest {
  readonly area: PushedArea
  /** Brings bytes into the store that the area shows content of. */
  readonly store: (bytes: string) => Promise<unknown>
  dispose(): Promise<void>
}

function manifestOf(text: string, parts: Partial<PushedManifest> = {}): PushedManifest {
  return { digest: digestOf(text), size: text.length, mediaType: MediaType.ociManifest, blobs: [], manifests: [], ...parts }
}

/** What every {@link PushedArea} promises; run against each implementation. */
export function pushedAreaSuite(name: string, open: () => Promise<AreaUnderTest>): void {
  describe(`pushed area: ${name}`, () => {
    let subject: AreaUnderTest
    let area: PushedArea
    beforeEach(async () => {
      subject = await open()
      area = subject.area
    })
    afterEach(() => subject.dispose())

    const addBlob = async (repository: string, text: string): Promise<Digest> => {
      await area.addBlob(repository, digestOf(text), () => subject.store(text))
      return digestOf(text)
    }
    const put = async (repository: string, text: string, tag?: string, parts: Partial<PushedManifest> = {}): Promise<Digest> => {
      await area.putManifest(repository, manifestOf(text, parts), tag, () => subject.store(text))
      return digestOf(text)
    }

    it('begins empty', async () => {
      expect(await area.repositories()).toEqual([])
      expect(await area.tags('a')).toBeUndefined()
      expect(await area.resolve('a', 'x')).toBeUndefined()
      expect(await area.referrers('a', digestOf('x'))).toEqual([])
    })

    it('shows a blob in the repository that it was added to, and in no other', async () => {
      const digest = await addBlob('a', 'blob')
      await addBlob('b', 'other')
      expect(await area.hasBlob('a', digest)).toBe(true)
      expect(await area.hasBlob('b', digest)).toBe(false)
      expect(await area.repositoriesWith(digest)).toEqual(['a'])
      expect((await area.repositories()).toSorted()).toEqual(['a', 'b'])
      expect(await area.tags('a')).toEqual([])
    })

    it('shows nothing where the content did not get into the store', async () => {
      await expect(area.addBlob('a', digestOf('x'), () => Promise.reject(new Error('full')))).rejects.toThrow('full')
      expect(await area.hasBlob('a', digestOf('x'))).toBe(false)
      await expect(area.putManifest('a', manifestOf('m'), 't', () => Promise.reject(new Error('full')))).rejects.toThrow('full')
      expect(await area.resolve('a', 't')).toBeUndefined()
      expect(await area.repositories()).toEqual([])
    })

    it('leads from tag and digest to the manifest, and moves tags', async () => {
      const one = await put('a', 'one', 'latest')
      expect(await area.resolve('a', 'latest')).toEqual({ digest: one, mediaType: MediaType.ociManifest })
      expect(await area.resolve('a', one)).toEqual({ digest: one, mediaType: MediaType.ociManifest })
      const two = await put('a', 'two', 'latest')
      expect((await area.resolve('a', 'latest'))?.digest).toBe(two)
      expect((await area.resolve('a', one))?.digest).toBe(one)
      expect(await area.tags('a')).toEqual(['latest'])
      expect(await area.resolve('b', one)).toBeUndefined()
      await put('a', 'one', 'latest')
      expect((await area.resolve('a', 'latest'))?.digest).toBe(one)
    })

    it('refuses a manifest of which a part is missing', async () => {
      const blob = await addBlob('a', 'blob')
      const missing = digestOf('missing')
      for (const parts of [{ blobs: [blob, missing] }, { manifests: [missing] }]) {
        await expect(put('a', 'one', 't', parts)).rejects.toMatchObject({ code: 'MANIFEST_BLOB_UNKNOWN', message: expect.stringContaining(missing) })
      }
      expect(await area.tags('a')).toEqual([])
      await expect(put('b', 'one', 't', { blobs: [blob] })).rejects.toMatchObject({ code: 'MANIFEST_BLOB_UNKNOWN' })
      await put('a', 'one', 't', { blobs: [blob] })
    })

    it('deletes a tag and leaves the manifest', async () => {
      const one = await put('a', 'one', 'x')
      expect(await area.deleteTag('a', 'x')).toBe(true)
      expect(await area.deleteTag('a', 'x')).toBe(false)
      expect(await area.resolve('a', 'x')).toBeUndefined()
      expect((await area.resolve('a', one))?.digest).toBe(one)
      expect(await area.tags('a')).toEqual([])
    })

    it('deletes a manifest with its tags', async () => {
      const one = await put('a', 'one', 'x')
      await put('a', 'one', 'y')
      await put('a', 'two', 'z')
      expect(await area.deleteManifest('a', one)).toBe('deleted')
      expect(await area.deleteManifest('a', one)).toBe('unknown')
      expect(await area.tags('a')).toEqual(['z'])
      expect(await area.resolve('a', one)).toBeUndefined()
    })

    it('deletes nothing that is part of something else', async () => {
      const blob = await addBlob('a', 'blob')
      const child = await put('a', 'child', undefined, { blobs: [blob] })
      const index = await put('a', 'index', 'x', { mediaType: MediaType.ociIndex, manifests: [child] })
      expect(await area.deleteBlob('a', blob)).toEqual({ neededBy: child })
      expect(await area.deleteManifest('a', child)).toEqual({ neededBy: index })
      expect(await area.deleteManifest('a', index)).toBe('deleted')
      expect(await area.deleteManifest('a', child)).toBe('deleted')
      expect(await area.deleteBlob('a', blob)).toBe('deleted')
      expect(await area.deleteBlob('a', blob)).toBe('unknown')
      expect(await area.repositories()).toEqual([])
      expect(await area.tags('a')).toBeUndefined()
    })

    it('finds what is about a subject, there or not', async () => {
      const subject = digestOf('subject')
      const signature = await put('a', 'signature', undefined, { subject, artifactType: 'application/signature', annotations: { by: 'me' } })
      await put('a', 'plain', undefined, { subject })
      await put('b', 'elsewhere', undefined, { subject })
      const found = await area.referrers('a', subject)
      expect(found).toHaveLength(2)
      expect(found.find(({ digest }) => digest === signature)).toEqual({
        mediaType: MediaType.ociManifest,
        digest: signature,
        size: 'signature'.length,
        artifactType: 'application/signature',
        annotations: { by: 'me' },
      })
      await area.deleteManifest('a', signature)
      expect(await area.referrers('a', subject)).toHaveLength(1)
    })
  })
}

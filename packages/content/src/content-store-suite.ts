import { randomBytes } from 'node:crypto'
import { digestOf } from '@sealift/oci/digest.ts'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BLOCK_SIZE, type ContentStore, type EncodedClaim } from './content-store.ts'
import { readBlob, writeBlob } from './read-blob.ts'

/** A store under test and how to take it away again. */
export interface StoreUnderTest {
  readonly store: ContentStore
  /** Ends the test; fails where the store left anything behind that is no blob. */
  dispose(): Promise<void>
}

const repetitive = (size: number): Buffer => Buffer.alloc(size, 'the same words again and again. ')

async function write(store: ContentStore, bytes: Buffer, pieceSize = 100_000): Promise<void> {
  const writer = await store.writer()
  for (let at = 0; at < bytes.length; at += pieceSize) await writer.write(bytes.subarray(at, at + pieceSize))
  await writer.commit()
}

async function readAll(pieces: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = []
  for await (const piece of pieces) all.push(piece)
  return Buffer.concat(all)
}

async function claimOf(store: ContentStore, bytes: Buffer): Promise<{ claim: EncodedClaim; encoded: Buffer[] }> {
  await using blob = await store.open(digestOf(bytes))
  const encoded: Buffer[] = []
  for (let index = 0; index < blob.blocks.length; index++) encoded.push(await blob.readBlock(index))
  return { claim: { ...blob.info, blocks: blob.blocks }, encoded }
}

/** What every {@link ContentStore} promises; run against each implementation. */
export function contentStoreSuite(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`content store: ${name}`, () => {
    let subject: StoreUnderTest
    let store: ContentStore
    beforeEach(async () => {
      subject = await open()
      store = subject.store
    })
    afterEach(() => subject.dispose())

    const sizes = [0, 1, 1000, BLOCK_SIZE - 1, BLOCK_SIZE, BLOCK_SIZE + 1, 3 * BLOCK_SIZE + 77]
    it.each(sizes.flatMap((size) => [repetitive(size), randomBytes(size)].map((bytes, kind) => ({ size, kind: kind === 0 ? 'repetitive' : 'random', bytes }))))(
      'gives back $size $kind bytes, whole and in ranges',
      async ({ bytes, size }) => {
        await write(store, bytes)
        const digest = digestOf(bytes)
        expect(await store.info(digest)).toMatchObject({ digest, size })
        expect((await readAll(store.read(digest))).equals(bytes)).toBe(true)
        for (const [start, end] of [
          [0, 1],
          [size - 1, size],
          [BLOCK_SIZE - 3, BLOCK_SIZE + 3],
          [10, size + 1000],
        ] as const) {
          const range = await readAll(store.read(digest, { start, end }))
          expect(range.equals(bytes.subarray(Math.max(0, start), end))).toBe(true)
        }
      },
    )

    it('compresses what can be compressed and never grows by more than the frames need', async () => {
      await write(store, repetitive(BLOCK_SIZE * 2))
      await write(store, randomBytes(2000))
      for await (const info of store.list()) {
        if (info.size > 10_000) expect(info.encodedSize).toBeLessThan(info.size / 100)
        else expect(info).toMatchObject({ encoding: 'plain', encodedSize: 2000 })
      }
    })

    it('shows nothing before commit, and nothing after abort', async () => {
      const bytes = randomBytes(5000)
      const writer = await store.writer()
      await writer.write(bytes)
      expect(await store.info(digestOf(bytes))).toBeUndefined()
      await writer.abort()
      await writer.abort()
      expect(await store.info(digestOf(bytes))).toBeUndefined()
      expect(await readAll(toBuffers(store.list()))).toHaveLength(0)
    })

    it.each([
      { what: 'digest', expected: { digest: digestOf('other') } },
      { what: 'size', expected: { size: 7 } },
    ])('refuses bytes that are not of the expected $what', async ({ expected }) => {
      const writer = await store.writer(expected)
      await writer.write(Buffer.from('something'))
      await expect(writer.commit()).rejects.toMatchObject({ code: 'CONTENT_CORRUPT' })
      expect(await store.info(digestOf('something'))).toBeUndefined()
    })

    it('takes the same content twice and at once', async () => {
      const bytes = repetitive(BLOCK_SIZE + 5)
      await Promise.all([write(store, bytes), write(store, bytes)])
      await write(store, bytes)
      expect((await readBlob(store, digestOf(bytes))).equals(bytes)).toBe(true)
    })

    it('says what is missing', async () => {
      await expect(readBlob(store, digestOf('nothing'))).rejects.toMatchObject({
        code: 'CONTENT_MISSING',
        message: expect.stringContaining(digestOf('nothing')),
      })
      await expect(store.open(digestOf('nothing'))).rejects.toMatchObject({ code: 'CONTENT_MISSING' })
    })

    it('deletes, while a reader that is open reads on', async () => {
      const digest = await writeBlob(store, repetitive(200_000))
      const blob = await store.open(digest)
      await store.delete(digest)
      await store.delete(digest)
      expect(await store.info(digest)).toBeUndefined()
      expect((await blob.readBlock(0)).length).toBe(blob.blocks[0]?.size)
      await blob.close()
    })

    it('takes encoded blocks and gives the same plain bytes', async () => {
      for (const bytes of [repetitive(3 * BLOCK_SIZE + 5), randomBytes(900)]) {
        await write(store, bytes)
        const { claim, encoded } = await claimOf(store, bytes)
        await store.delete(claim.digest)
        const writer = await store.encodedWriter(claim)
        for (const block of encoded) await writer.writeBlock(block)
        expect(await writer.commit()).toEqual({
          digest: claim.digest,
          size: claim.size,
          encoding: claim.encoding,
          encodedSize: claim.blocks.reduce((sum, { size }) => sum + size, 0),
        })
        expect((await readBlob(store, claim.digest)).equals(bytes)).toBe(true)
      }
    })

    it('refuses encoded blocks that are damaged, missing, too many, or right but of another blob', async () => {
      const bytes = repetitive(2 * BLOCK_SIZE)
      await write(store, bytes)
      const { claim, encoded } = await claimOf(store, bytes)
      await store.delete(claim.digest)
      const attempt = async (changed: EncodedClaim, blocks: readonly Buffer[]): Promise<void> => {
        const writer = await store.encodedWriter(changed)
        try {
          for (const block of blocks) await writer.writeBlock(Buffer.from(block))
          await writer.commit()
        } finally {
          await writer.abort()
        }
      }
      const flipped = Buffer.from(encoded[1] as Buffer)
      flipped[flipped.length - 1] = (flipped.at(-1) as number) ^ 1
      const bad: [EncodedClaim, readonly Buffer[]][] = [
        [claim, [encoded[0] as Buffer, flipped]],
        [claim, encoded.slice(0, 1)],
        [claim, [...encoded, encoded[0] as Buffer]],
        [{ ...claim, digest: digestOf('another') }, encoded],
        [{ ...claim, size: claim.size + 1 }, encoded],
        [{ ...claim, size: claim.size - 1 }, encoded],
        [{ ...claim, encoding: 'plain' }, encoded],
      ]
      for (const [changed, blocks] of bad) await expect(attempt(changed, blocks)).rejects.toMatchObject({ code: 'CONTENT_CORRUPT' })
      expect(await store.info(claim.digest)).toBeUndefined()
    })
  })
}

async function* toBuffers(infos: AsyncIterable<{ digest: string }>): AsyncGenerator<Buffer> {
  for await (const info of infos) yield Buffer.from(info.digest)
}

import { randomBytes } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Digest, digestOf } from '@sealift/oci/digest.ts'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BLOCK_SIZE, type Collection, type CollectOptions, type ContentStore, type EncodedClaim } from './content-store.ts'
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

/** Collects all but some blobs, whatever their age unless something else is asked for. */
function collectAllBut(store: ContentStore, needed: readonly Digest[], more: Partial<CollectOptions> = {}): Promise<Collection> {
  return store.collect({ needed: async () => new Set(needed), isOld: () => true, minAge: 0, rest: 0, ...more })
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

    it('collects what nothing needs and nothing else, and says how much', async () => {
      const needed = await writeBlob(store, randomBytes(3000))
      const over = [await writeBlob(store, randomBytes(1000)), await writeBlob(store, randomBytes(2000))]
      const expected = { blobs: { count: 2, bytes: 3000 }, needed: { count: 1, bytes: 3000 }, waiting: { count: 0, bytes: 0 } }
      expect(await collectAllBut(store, [needed], { dryRun: true })).toMatchObject(expected)
      for (const digest of [needed, ...over]) expect(await store.info(digest)).toBeDefined()
      expect(await collectAllBut(store, [needed])).toMatchObject(expected)
      for (const digest of over) expect(await store.info(digest)).toBeUndefined()
      expect(await readBlob(store, needed)).toHaveLength(3000)
      expect(await collectAllBut(store, [needed])).toMatchObject({ blobs: { count: 0 }, needed: { count: 1 } })
    })

    it('collects nothing young, whoever wrote it', async () => {
      const digest = await writeBlob(store, randomBytes(10))
      const before = Date.now() - 1000
      const asked: number[] = []
      const isOld = (changedAt: number): boolean => asked.push(changedAt) < 0
      expect(await collectAllBut(store, [], { isOld })).toMatchObject({ blobs: { count: 0 }, waiting: { count: 1, bytes: 10 } })
      expect(asked).toHaveLength(1)
      expect(asked[0]).toBeGreaterThan(before)
      expect(await collectAllBut(store, [], { minAge: 60_000 })).toMatchObject({ waiting: { count: 1 } })
      expect(await collectAllBut(store, [], { rest: 60_000 })).toMatchObject({ waiting: { count: 1 } })
      expect(await store.info(digest)).toBeDefined()
    })

    it('makes a blob young by touching it, and says where there is none', async () => {
      const digest = await writeBlob(store, randomBytes(10))
      await collectAllBut(store, [digest])
      expect(await store.touch(digest)).toBe(true)
      expect(await store.touch(digestOf('nothing'))).toBe(false)
      expect(await collectAllBut(store, [], { minAge: 60_000 })).toMatchObject({ waiting: { count: 1 } })
      const changed: number[] = []
      await collectAllBut(store, [], { isOld: (changedAt) => changed.push(changedAt) < 0 })
      expect(Date.now() - (changed[0] as number)).toBeLessThan(60_000)
    })

    it.each(['info', 'touch', 'read', 'open', 'check', 'write'] as const)('collects nothing that was used under a lease by %s', async (use) => {
      const bytes = randomBytes(100)
      const digest = await writeBlob(store, bytes)
      const lease = store.lease()
      if (use === 'read') await readBlob(store, digest)
      else if (use === 'open') await (await store.open(digest)).close()
      else if (use === 'write') await write(store, bytes)
      else await store[use](digest)
      expect(await collectAllBut(store, [])).toMatchObject({ blobs: { count: 0 }, waiting: { count: 1 } })
      // Another lease, and its end, change nothing.
      store.lease().release()
      expect(await collectAllBut(store, [])).toMatchObject({ blobs: { count: 0 } })
      lease.release()
      lease.release()
      expect(await collectAllBut(store, [])).toMatchObject({ blobs: { count: 1 } })
    })

    it('leaves alone what a lease covered that ended while the collection looked for what is needed', async () => {
      const early = await writeBlob(store, randomBytes(100))
      const late = await writeBlob(store, randomBytes(100))
      const lease = store.lease()
      await store.info(early)
      const collection = await collectAllBut(store, [], {
        needed: async () => {
          // Begun, done and committed after the look: what it refers to must still be there.
          const other = store.lease()
          await store.info(late)
          other.release()
          lease.release()
          return new Set()
        },
      })
      expect(collection).toMatchObject({ blobs: { count: 0 }, waiting: { count: 2 } })
    })

    it('leaves everything alone where what is needed can not be told', async () => {
      const digest = await writeBlob(store, randomBytes(100))
      await expect(collectAllBut(store, [], { needed: () => Promise.reject(new Error('unknown')) })).rejects.toThrow('unknown')
      expect(await store.info(digest)).toBeDefined()
    })

    it('takes nothing from work that finds a blob there and commits, however often it collects meanwhile', async () => {
      const blobs = Array.from({ length: 20 }, () => randomBytes(200))
      const committed = new Set<Digest>()
      const collector = { stop: false, taken: 0 }
      const collecting = (async () => {
        while (!collector.stop) {
          collector.taken += (await collectAllBut(store, [], { needed: async () => new Set(committed) })).blobs.count
          await nextTurn()
        }
      })()
      const work = async (start: number): Promise<void> => {
        for (let round = 0; round < 40; round++) {
          using lease = store.lease()
          const mine = [0, 1, 2].map((offset) => blobs[(start + round + offset) % blobs.length] as Buffer)
          const digests: Digest[] = []
          for (const bytes of mine) digests.push(await writeBlob(store, bytes))
          for (const digest of digests) committed.add(digest)
          for (const [index, digest] of digests.entries()) expect((await readBlob(store, digest)).equals(mine[index] as Buffer)).toBe(true)
          expect(lease).toBeDefined()
          // Given up again: from now on it may go, unless another one needs it too.
          for (const digest of digests) committed.delete(digest)
        }
      }
      try {
        await Promise.all([work(0), work(3), work(11)])
      } finally {
        collector.stop = true
        await collecting
      }
      expect(collector.taken).toBeGreaterThan(0)
    })

    it('finds no fault in sound blobs', async () => {
      const digest = await writeBlob(store, repetitive(BLOCK_SIZE + 5))
      await store.check(digest)
      expect(await store.damaged()).toEqual([])
      await expect(store.check(digestOf('nothing'))).rejects.toMatchObject({ code: 'CONTENT_MISSING' })
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

import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { zstdCompress } from 'node:zlib'
import { BLOCK_SIZE, type ContentStore } from '@sealift/content/content-store.ts'
import { createMemoryStore } from '@sealift/content/memory/memory-store.ts'
import { digestOf, hexOf } from '@sealift/oci/digest.ts'
import { isSealiftError } from '@sealift/oci/sealift-error.ts'
import { encodeTarHeader, paddingOf, TAR_END, tarMemberSize } from '@sealift/oci/tar-header.ts'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { contentsOf, createVendor, forge, publish, putTogether, type RawIndex, type RawMember, siteOptions, takeApart, type Vendor } from './bundle-fixture.ts'
import { importBundle } from './import-bundle.ts'
import { Bundle } from './read/bundle.ts'
import { generateKeyPair } from './signature/key-pair.ts'
import { PayloadType } from './signature/payload-type.ts'
import { sign } from './signature/signature.ts'
import { verifyBundle } from './verify-bundle.ts'
import { writeBundle } from './write/write-bundle.ts'

const compress = promisify(zstdCompress)

const firstOf = <Item>(items: readonly Item[]): Item => items[0] as Item
const secondOf = (index: RawIndex): RawMember => index.entries[1] as RawMember

describe('a bundle that is not as it should be', () => {
  let vendor: Vendor
  let site: ContentStore
  let good: Buffer
  beforeEach(async () => {
    vendor = await createVendor()
    site = createMemoryStore()
    const release = await publish(vendor, '1.0.0', [Buffer.from('small'), randomBytes(70_000), Buffer.alloc(70_001, 'words ')])
    await writeBundle({ store: vendor.store, releases: [release], out: vendor.file, key: vendor.key, creator: 'test' })
    good = await readFile(vendor.file)
  })
  afterEach(() => vendor[Symbol.asyncDispose]())

  // What the smuggled members below replace is not missed.
  const contentOf = () => []
  const importIt = () => importBundle(vendor.file, siteOptions(site, vendor.key, { contentOf }))

  /** Neither verified nor imported, with one of the codes; nothing of it is in the store. */
  async function expectRefused(...codes: string[]): Promise<void> {
    const code = expect.toBeOneOf(codes)
    await expect(verifyBundle(vendor.file)).rejects.toMatchObject({ name: 'SealiftError', code })
    await expect(importIt()).rejects.toMatchObject({ name: 'SealiftError', code })
    expect((await contentsOf(site)).size).toBe(0)
  }

  describe('truncated', () => {
    it('is refused wherever it ends', async () => {
      await using bundle = await Bundle.open(vendor.file)
      const { members, head } = bundle
      const places = members.flatMap(({ offset, encodedSize }) => {
        const start = head.size + offset
        return [start - 512, start - 100, start, start + 10, start + encodedSize, start + encodedSize + paddingOf(encodedSize)]
      })
      for (const place of [0, 1, 11, 12, 13, 511, 512, 513, head.size - 513, head.size - 1, head.size, ...places, good.length - TAR_END, good.length - 1]) {
        if (place >= good.length) continue
        await writeFile(vendor.file, good.subarray(0, place))
        await expectRefused('BUNDLE_TRUNCATED')
      }
    })

    it('says what was found and expected, and what is missing', async () => {
      await writeFile(vendor.file, good.subarray(0, good.length - 2000))
      await expect(verifyBundle(vendor.file)).rejects.toThrow(`the file has ${good.length - 2000} bytes, expected ${good.length}`)
      await using bundle = await Bundle.open(vendor.file)
      expect(bundle).toMatchObject({ fileSize: good.length - 2000, expectedSize: good.length })
    })
  })

  it('never brings a wrong byte into the store, whichever bit is flipped', async () => {
    const wanted = await contentsOf(vendor.store)
    const { index } = await takeApart(vendor.file)
    const places: number[] = []
    // The head, whose signature covers every bit alike, by a sample; around headers and padding every byte.
    for (let place = 0; place < good.length; place += place < 512 || (place > 512 + index.length && place < index.length + 3000) ? 3 : 331) places.push(place)
    for (let place = good.length - TAR_END; place < good.length; place += 37) places.push(place)
    const bytes = Buffer.from(good)
    for (const place of places) {
      bytes[place] = (good[place] ?? 0) ^ (1 << (place % 8))
      await writeFile(vendor.file, bytes)
      bytes[place] = good[place] ?? 0
      await expect(verifyBundle(vendor.file), `byte ${place}`).rejects.toMatchObject({ name: 'SealiftError', code: expect.not.stringMatching('INTERNAL') })
      const store = createMemoryStore()
      try {
        await importBundle(vendor.file, siteOptions(store, vendor.key))
      } catch (thrown) {
        expect(isSealiftError(thrown) && thrown.code !== 'INTERNAL', `byte ${place}: ${String(thrown)}`).toBe(true)
      }
      for (const digest of await contentsOf(store)) expect(wanted.has(digest)).toBe(true)
    }
  }, 240_000)

  it('lists every fault, not only the first', async () => {
    const bytes = Buffer.from(good)
    await using bundle = await Bundle.open(vendor.file)
    const starts = bundle.members.map(({ offset }) => bundle.head.size + offset)
    for (const start of starts) bytes[start + 20] = (bytes[start + 20] ?? 0) ^ 1
    await writeFile(vendor.file, bytes)
    const faults = bundle.members.map(({ name, blocks }, position) => {
      const start = starts[position] ?? 0
      return expect.objectContaining({ member: name, block: 0, start, end: start + (blocks[0]?.size ?? 0) })
    })
    await expect(verifyBundle(vendor.file)).rejects.toMatchObject({ code: 'BUNDLE_DAMAGED', details: { faults } })
  })

  it('is refused with bytes after its end', async () => {
    await writeFile(vendor.file, Buffer.concat([good, Buffer.alloc(1)]))
    await expectRefused('BUNDLE_DAMAGED')
  })

  it.each([
    ['a text', Buffer.from('hello '.repeat(200))],
    ['zeros', Buffer.alloc(5000)],
    ['another tar', encodeTarHeader('etc/passwd', 0)],
  ])('is no bundle: %s', async (_, bytes) => {
    await writeFile(vendor.file, bytes)
    await expectRefused('BUNDLE_NOT_A_BUNDLE')
  })

  it('is no bundle: a folder', async () => {
    await expect(Bundle.open(vendor.folder)).rejects.toMatchObject({ code: 'BUNDLE_NOT_A_BUNDLE' })
  })

  it('is a volume of a later version', async () => {
    await writeFile(vendor.file, encodeTarHeader('sealift-volume.json', 0))
    await expectRefused('BUNDLE_UNSUPPORTED')
  })

  describe('in its signature', () => {
    it('is refused with a right signature over other bytes', async () => {
      const parts = await takeApart(vendor.file)
      await putTogether(vendor.file, { ...parts, signature: sign(vendor.key, PayloadType.bundleIndex, Buffer.from('{}')) })
      await expectRefused('BUNDLE_SIGNATURE_INVALID')
    })

    it('is refused with a signature over a release of the same bytes', async () => {
      const parts = await takeApart(vendor.file)
      await putTogether(vendor.file, { ...parts, signature: sign(vendor.key, PayloadType.release, parts.index) })
      await expectRefused('BUNDLE_SIGNATURE_INVALID')
    })

    it('does not become unsigned by losing it', async () => {
      await putTogether(vendor.file, { ...(await takeApart(vendor.file)), signature: Buffer.alloc(0) })
      await expect(importIt()).rejects.toMatchObject({ code: 'BUNDLE_UNSIGNED' })
    })

    it('is not parsed before the signature is checked', async () => {
      await putTogether(vendor.file, { ...(await takeApart(vendor.file)), index: Buffer.from('no JSON at all') })
      await expectRefused('BUNDLE_SIGNATURE_INVALID')
    })

    it('is refused where the signature of a release is another’s', async () => {
      const document = Buffer.from('{"content":[]}')
      const signature = sign(generateKeyPair(), PayloadType.release, Buffer.from('other'))
      await replaceByPack([document, signature])
      await forge(vendor.file, vendor.key, (index) => {
        Object.assign(firstOf(index.releases), { digest: digestOf(document), documentSize: document.length, signature: digestOf(signature) })
      })
      await expectRefused('SIGNATURE_INVALID')
    })
  })

  /** Replaces the pack by one of these blobs, and the body by that pack alone. */
  async function replaceByPack(blobs: readonly Buffer[]): Promise<void> {
    const plain = Buffer.concat(blobs)
    await replaceBody([{ name: 'packs/0', encoded: plain }], (index) => {
      index.packs = [
        {
          encoding: 'plain',
          size: plain.length,
          encodedSize: plain.length,
          offset: 512,
          blocks: [[plain.length, hexOf(digestOf(plain))]],
          contents: blobs.map((bytes) => ({ digest: digestOf(bytes), size: bytes.length })),
        },
      ]
      index.entries = []
    })
  }

  async function replaceBody(members: readonly { name: string; encoded: Buffer }[], change: (index: RawIndex) => void): Promise<void> {
    const parts = await takeApart(vendor.file)
    const pieces = members.flatMap(({ name, encoded }) => [encodeTarHeader(name, encoded.length), encoded, Buffer.alloc(paddingOf(encoded.length))])
    await putTogether(vendor.file, { ...parts, body: Buffer.concat([...pieces, Buffer.alloc(TAR_END)]) })
    await forge(vendor.file, vendor.key, change)
  }

  describe('in an index that its signer made so', () => {
    it.each<[string, string, (index: RawIndex) => void]>([
      ['an unknown format', 'BUNDLE_INVALID', (index) => Object.assign(index, { format: 'other' })],
      ['a newer version', 'BUNDLE_UNSUPPORTED', (index) => Object.assign(index, { version: 2 })],
      ['a feature that is not known', 'BUNDLE_UNSUPPORTED', (index) => Object.assign(index, { features: ['parity'] })],
      ['a delta', 'BUNDLE_UNSUPPORTED', (index) => Object.assign(firstOf(index.entries), { encoding: 'delta' })],
      ['an unknown encoding', 'BUNDLE_UNSUPPORTED', (index) => Object.assign(firstOf(index.entries), { encoding: '__proto__' })],
      ['swapped entries', 'BUNDLE_INVALID', (index) => Object.assign(index, { entries: index.entries.toReversed() })],
      ['an entry twice', 'BUNDLE_INVALID', (index) => void index.entries.push(firstOf(index.entries))],
      ['the same blob in two places', 'BUNDLE_INVALID', (index) => Object.assign(secondOf(index), { digest: firstOf(index.entries).digest })],
      ['overlapping entries', 'BUNDLE_INVALID', (index) => Object.assign(secondOf(index), { offset: firstOf(index.entries).offset })],
      ['a gap', 'BUNDLE_INVALID', (index) => Object.assign(secondOf(index), { offset: secondOf(index).offset + 512 })],
      ['an offset below zero', 'BUNDLE_INVALID', (index) => Object.assign(firstOf(index.entries), { offset: -512 })],
      ['a size that is no integer', 'BUNDLE_INVALID', (index) => Object.assign(firstOf(index.entries), { size: 1.5 })],
      ['a huge size', 'BUNDLE_INVALID', (index) => Object.assign(firstOf(index.entries), { size: Number.MAX_SAFE_INTEGER })],
      ['a huge encoded size', 'BUNDLE_INVALID', (index) => Object.assign(firstOf(index.entries), { encodedSize: Number.MAX_SAFE_INTEGER })],
      ['a size beyond integers', 'BUNDLE_INVALID', (index) => Object.assign(firstOf(index.entries), { size: 1e300 })],
      ['a path for a digest', 'BUNDLE_INVALID', (index) => Object.assign(firstOf(index.entries), { digest: 'sha256:../../../../etc/passwd' })],
      ['a digest in capitals', 'BUNDLE_INVALID', (index) => Object.assign(firstOf(index.entries), { digest: `sha256:${'A'.repeat(64)}` })],
      ['a block too many', 'BUNDLE_INVALID', (index) => void firstOf(index.entries).blocks.push([0, '0'.repeat(64)])],
      ['blocks that are no pairs', 'BUNDLE_INVALID', (index) => Object.assign(firstOf(index.entries), { blocks: [7] })],
      ['no entries', 'BUNDLE_INVALID', (index) => Object.assign(index, { entries: {} })],
      ['a null for an entry', 'BUNDLE_INVALID', (index) => Object.assign(index, { entries: [null] })],
      ['a release that it does not carry', 'BUNDLE_INVALID', (index) => Object.assign(firstOf(index.releases), { digest: digestOf('absent') })],
      ['a signature that it does not carry', 'BUNDLE_INVALID', (index) => Object.assign(firstOf(index.releases), { signature: digestOf('absent') })],
      ['a huge release document', 'BUNDLE_INVALID', (index) => Object.assign(firstOf(index.releases), { documentSize: 1e9 })],
      ['a release twice', 'BUNDLE_INVALID', (index) => void index.releases.push(firstOf(index.releases))],
      ['an application’s name with control characters', 'BUNDLE_INVALID', (index) => Object.assign(firstOf(index.releases), { application: 'a\u001b[2J' })],
      ['a version with a path', 'BUNDLE_INVALID', (index) => Object.assign(firstOf(index.releases), { version: '../1' })],
      ['a creator with control characters', 'BUNDLE_INVALID', (index) => Object.assign(index, { creator: '\u001b]0;x\u0007' })],
      ['a time that is none', 'BUNDLE_INVALID', (index) => Object.assign(index, { createdAt: 'yesterday' })],
      ['pack contents that do not fill the pack', 'BUNDLE_INVALID', (index) => void firstOf(index.packs).contents?.pop()],
    ])('is refused: %s', async (_, code, change) => {
      await forge(vendor.file, vendor.key, change)
      await expectRefused(code)
    })

    it('is refused with 100,001 entries', async () => {
      await forge(vendor.file, vendor.key, (index) => {
        const entries = Array.from({ length: 100_001 }, (_, number) => ({
          digest: digestOf(`${number}`),
          size: 0,
          encoding: 'plain',
          encodedSize: 0,
          offset: 512,
          blocks: [],
        }))
        Object.assign(index, { entries })
      })
      await expect(Bundle.open(vendor.file)).rejects.toThrow('has 100001 items, more than 100000')
    })

    it('is refused where packs hide more than 100,000 blobs', async () => {
      await forge(vendor.file, vendor.key, (index) => {
        const contents = firstOf(index.packs).contents ?? []
        for (let number = 0; number < 100_000; number++) contents.push({ digest: digestOf(`${number}`), size: 0 })
      })
      await expectRefused('BUNDLE_INVALID')
    })

    it('is refused before an index of more than 64 MiB is read', async () => {
      await writeFile(vendor.file, encodeTarHeader('sealift.json', 64 * 1024 * 1024 + 1))
      await expect(Bundle.open(vendor.file)).rejects.toThrow('more than the limit of 67108864')
      await writeFile(vendor.file, encodeTarHeader('sealift.json', Number.MAX_SAFE_INTEGER))
      await expect(Bundle.open(vendor.file)).rejects.toMatchObject({ code: 'BUNDLE_INVALID' })
    })

    it.each([
      ['that no stack could hold', '['.repeat(5_000_000)],
      ['that a stack could hold', `{"format":${'['.repeat(900)}${']'.repeat(900)}}`],
      ['deep and thin', `{"format":${`[${' '.repeat(40)}`.repeat(50_000)}${']'.repeat(50_000)}}`],
    ])('is refused with nested JSON %s', async (_, json) => {
      const parts = await takeApart(vendor.file)
      const index = Buffer.from(json)
      await putTogether(vendor.file, { ...parts, index, signature: sign(vendor.key, PayloadType.bundleIndex, index) })
      await expectRefused('BUNDLE_INVALID')
    })

    it('is refused before values that would fill the memory are made of it', async () => {
      const parts = await takeApart(vendor.file)
      const index = Buffer.from(`{"format":"sealift-bundle","version":1,"packs":[${'[],'.repeat(20_000)}[]]}`)
      await putTogether(vendor.file, { ...parts, index, signature: sign(vendor.key, PayloadType.bundleIndex, index) })
      await expect(Bundle.open(vendor.file)).rejects.toMatchObject({ code: 'BUNDLE_INVALID', message: expect.stringContaining('characters') })
    })

    it('is refused where a frame holds more than its block', async () => {
      const bomb = await compress(Buffer.alloc(64 * BLOCK_SIZE))
      await smuggle(bomb, BLOCK_SIZE)
      await expectRefused('BUNDLE_DAMAGED')
    })

    it('is refused where a frame holds less than its block', async () => {
      await smuggle(await compress(Buffer.alloc(100)), BLOCK_SIZE)
      await expectRefused('BUNDLE_DAMAGED')
    })

    it('is refused where blocks and content do not agree', async () => {
      await smuggle(await compress(Buffer.alloc(100_000, 1)), 100_000)
      await expectRefused('BUNDLE_DAMAGED')
    })

    it('is refused where a tar header says something else than the index', async () => {
      const bytes = Buffer.from(good)
      await using bundle = await Bundle.open(vendor.file)
      const member = bundle.members.at(-1)
      const start = bundle.head.size + (member?.offset ?? 0) - 512
      encodeTarHeader('../../etc/cron.d/evil', member?.encodedSize ?? 0).copy(bytes, start)
      await writeFile(vendor.file, bytes)
      await expect(verifyBundle(vendor.file)).rejects.toMatchObject({ code: 'BUNDLE_DAMAGED', details: { faults: [{ start, end: start + 512 }] } })
      await expect(importIt()).rejects.toMatchObject({ code: 'BUNDLE_DAMAGED' })
    })
  })

  /** Makes the bundle's only entry one of a single zstd block, under a digest that its content does not have. */
  async function smuggle(encoded: Buffer, size: number): Promise<void> {
    const { body, index } = await takeApart(vendor.file)
    const first = firstOf((JSON.parse(index.toString()) as RawIndex).packs)
    const packEncoded = body.subarray(512, 512 + first.encodedSize)
    const digest = digestOf('something else')
    await replaceBody(
      [
        { name: 'packs/0', encoded: packEncoded },
        { name: `blobs/sha256/${hexOf(digest)}`, encoded },
      ],
      (changed) => {
        const offset = tarMemberSize(packEncoded.length) + 512
        const blocks = [[encoded.length, hexOf(digestOf(encoded))]]
        changed.entries = [{ digest, size, encoding: 'zstd', encodedSize: encoded.length, offset, blocks }]
      },
    )
    site = emptyOf(site, digest)
  }

  /** The packs of a damaged bundle may have been stored by then; the smuggled blob must not. */
  function emptyOf(store: ContentStore, digest: string): ContentStore {
    return {
      ...store,
      async *list() {
        for await (const info of store.list()) if (info.digest === digest) yield info
      },
    }
  }
})

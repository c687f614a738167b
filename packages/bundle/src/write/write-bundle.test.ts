import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, open, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { BLOCK_SIZE, type ContentStore } from '@sealift/content/content-store.ts'
import { openFilesystemStore } from '@sealift/content/filesystem/filesystem-store.ts'
import { writeBlob } from '@sealift/content/read-blob.ts'
import { digestOf, hexOf } from '@sealift/oci/digest.ts'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createVendor, mixedContent, publish, type Vendor } from '../bundle-fixture.ts'
import { generateKeyPair } from '../signature/key-pair.ts'
import { PayloadType } from '../signature/payload-type.ts'
import { sign } from '../signature/signature.ts'
import { verifyBundle } from '../verify-bundle.ts'
import type { ReleaseToBundle } from './bundle-contents.ts'
import { type WriteBundleOptions, writeBundle } from './write-bundle.ts'

describe('writing a bundle', () => {
  let vendor: Vendor
  beforeEach(async () => {
    vendor = await createVendor()
  })
  afterEach(() => vendor[Symbol.asyncDispose]())

  const write = (release: ReleaseToBundle, more: Partial<WriteBundleOptions> = {}) =>
    writeBundle({ store: vendor.store, releases: [release], out: vendor.file, key: vendor.key, creator: 'test', ...more })
  const leftOver = () => readdir(vendor.folder)

  it('puts several members of many blocks and many packs in their places', async () => {
    const small = Array.from({ length: 150 }, () => randomBytes(60_000))
    const release = await publish(vendor, '1.0.0', [...small, randomBytes(5 * BLOCK_SIZE + 1), randomBytes(65_537), randomBytes(3 * BLOCK_SIZE)])
    const { index } = await write(release)
    expect(index.packs.length).toBeGreaterThan(2)
    await expect(verifyBundle(vendor.file)).resolves.toMatchObject({ index })
  })

  it('writes packs again that were too many to keep', async () => {
    const release = await publish(
      vendor,
      '1.0.0',
      Array.from({ length: 700 }, () => randomBytes(60_000)),
    )
    const { index } = await write(release)
    expect(index.packs.reduce((sum, { encodedSize }) => sum + encodedSize, 0)).toBeGreaterThan(40_000_000)
    await verifyBundle(vendor.file)
  })

  it('writes the same members in the same order for the same releases', async () => {
    const release = await publish(vendor, '1.0.0', mixedContent())
    const first = await write(release)
    const second = await write(release)
    expect({ packs: second.index.packs, entries: second.index.entries }).toEqual({ packs: first.index.packs, entries: first.index.entries })
    expect(second.index.bundleId).not.toBe(first.index.bundleId)
  })

  it('replaces a file only by a whole one', async () => {
    await writeFile(vendor.file, 'older')
    const release = await publish(vendor, '1.0.0', mixedContent())
    await expect(write({ ...release, content: [...release.content, digestOf('absent')] })).rejects.toMatchObject({ code: 'CONTENT_MISSING' })
    expect(await leftOver()).toEqual(['shop.sealift'])
    expect(execFileSync('cat', [vendor.file]).toString()).toBe('older')
    await write(release)
    await verifyBundle(vendor.file)
    expect(await leftOver()).toEqual(['shop.sealift'])
  })

  it('stops at a block that was damaged in the store, and leaves nothing', async () => {
    const layer = randomBytes(3 * BLOCK_SIZE)
    const release = await publish(vendor, '1.0.0', [layer])
    const store: ContentStore = {
      ...vendor.store,
      open: async (digest) => {
        const blob = await vendor.store.open(digest)
        const readBlock = async (index: number, into?: Buffer): Promise<Buffer> => {
          const bytes = await blob.readBlock(index, into)
          if (digest === digestOf(layer) && index === 2) bytes[17] = (bytes[17] ?? 0) ^ 1
          return bytes
        }
        return { info: blob.info, blocks: blob.blocks, readBlock, close: () => blob.close(), [Symbol.asyncDispose]: () => blob.close() }
      },
    }
    await expect(write(release, { store })).rejects.toMatchObject({ code: 'CONTENT_CORRUPT', message: expect.stringContaining('block 2') })
    expect(await leftOver()).toEqual([])
  })

  it('lets what was damaged in the store be published anew', async () => {
    const store = await openFilesystemStore(join(vendor.folder, 'content'))
    const layer = randomBytes(2 * BLOCK_SIZE)
    const release = await publish({ ...vendor, store }, '1.0.0', [layer])
    const hex = hexOf(digestOf(layer))
    const file = await open(join(vendor.folder, 'content/blobs/sha256', hex.slice(0, 2), `${hex}.zst`), 'r+')
    await file.write(Buffer.from('damage'), 0, 6, BLOCK_SIZE)
    await file.close()
    await expect(write(release, { store })).rejects.toMatchObject({ code: 'CONTENT_CORRUPT' })
    await publish({ ...vendor, store }, '1.0.0', [layer])
    await write(release, { store })
    await verifyBundle(vendor.file)
  })

  it('ends when it is told to, and leaves nothing', async () => {
    const release = await publish(vendor, '1.0.0', mixedContent())
    const stop = new AbortController()
    const progress = ({ stage }: { stage: string }): void => {
      if (stage === 'copy') stop.abort()
    }
    await expect(write(release, { progress, signal: stop.signal })).rejects.toThrow('aborted')
    expect(await leftOver()).toEqual([])
  })

  it('does not ship a release whose signature does not fit', async () => {
    const release = await publish(vendor, '1.0.0', mixedContent())
    const signature = await writeBlob(vendor.store, sign(generateKeyPair(), PayloadType.release, Buffer.from('other')))
    await expect(write({ ...release, signature })).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' })
  })

  it('names a folder that is not there', async () => {
    const release = await publish(vendor, '1.0.0', mixedContent())
    const out = join(vendor.folder, 'absent', 'x.sealift')
    await expect(write(release, { out })).rejects.toMatchObject({ code: 'FILE_NOT_FOUND', message: expect.stringContaining(out) })
  })

  it('says beforehand that the disk is too small, and by how much', async (ctx) => {
    const small = join(vendor.folder, 'small')
    await mkdir(small)
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', small], { stdio: 'ignore' })
    } catch {
      ctx.skip('a small tmpfs cannot be mounted here')
    }
    try {
      const release = await publish(vendor, '1.0.0', [randomBytes(3_000_000)])
      const failure = await write(release, { out: join(small, 'x.sealift') }).catch((thrown: unknown) => thrown)
      expect(failure).toMatchObject({ code: 'DISK_FULL', details: { needed: expect.any(Number), free: 1024 * 1024 } })
      expect((failure as { details: { needed: number } }).details.needed).toBeGreaterThan(3_000_000)
      expect(await readdir(small)).toEqual([])
    } finally {
      execFileSync('umount', [small])
    }
  })
})

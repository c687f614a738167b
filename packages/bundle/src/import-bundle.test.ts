import { randomBytes } from 'node:crypto'
import { chmod, open, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ContentStore } from '@sealift/content/content-store.ts'
import { BLOCK_SIZE } from '@sealift/content/content-store.ts'
import { openFilesystemStore } from '@sealift/content/filesystem/filesystem-store.ts'
import { createMemoryStore } from '@sealift/content/memory/memory-store.ts'
import { writeBlob } from '@sealift/content/read-blob.ts'
import { type Digest, digestOf, hexOf } from '@sealift/oci/digest.ts'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { asBase, contentsOf, createVendor, forge, mixedContent, publish, siteOptions, type Vendor } from './bundle-fixture.ts'
import { importBundle } from './import-bundle.ts'
import { Bundle } from './read/bundle.ts'
import { formatFingerprint } from './signature/fingerprint.ts'
import { generateKeyPair } from './signature/key-pair.ts'
import { writeBundle } from './write/write-bundle.ts'

/** A store that notes what is written to it. */
function noting(store: ContentStore): { readonly store: ContentStore; readonly written: Digest[] } {
  const written: Digest[] = []
  return {
    written,
    store: {
      ...store,
      writer: async (expected) => {
        if (expected?.digest !== undefined) written.push(expected.digest)
        return store.writer(expected)
      },
      encodedWriter: async (claim) => {
        written.push(claim.digest)
        return store.encodedWriter(claim)
      },
    },
  }
}

describe('importing', () => {
  let vendor: Vendor
  let site: ContentStore
  beforeEach(async () => {
    vendor = await createVendor()
    site = createMemoryStore()
  })
  afterEach(() => vendor[Symbol.asyncDispose]())

  const write = (more: Partial<Parameters<typeof writeBundle>[0]> & Pick<Parameters<typeof writeBundle>[0], 'releases'>) =>
    writeBundle({ store: vendor.store, out: vendor.file, key: vendor.key, creator: 'test', ...more })

  it('brings every blob of several releases, and hands out documents and signatures', async () => {
    const shared = randomBytes(200_000)
    const first = await publish(vendor, '1.0.0', [...mixedContent(), shared])
    const second = await publish(vendor, '2.0.0', [shared, randomBytes(70_000)])
    const { index } = await write({ releases: [first, second] })
    expect(index.entries.filter(({ digest }) => digest === digestOf(shared))).toHaveLength(1)
    const result = await importBundle(vendor.file, siteOptions(site, vendor.key))
    expect(await contentsOf(site)).toEqual(await contentsOf(vendor.store))
    expect(result.releases.map(({ version, digest }) => ({ version, digest }))).toEqual([
      { version: '1.0.0', digest: first.digest },
      { version: '2.0.0', digest: second.digest },
    ])
    for (const release of result.releases) {
      expect(digestOf(release.document)).toBe(release.digest)
      expect(digestOf(release.signatureFile)).toBe(release.signature)
      expect(release.publisher.fingerprint).toBe(vendor.key.fingerprint)
    }
    expect(result.signer?.fingerprint).toBe(vendor.key.fingerprint)
    expect(result.present.blobs).toBe(0)
  })

  it('goes from one filesystem store to another', async () => {
    const from = await openFilesystemStore(join(vendor.folder, 'from'))
    const to = await openFilesystemStore(join(vendor.folder, 'to'))
    const release = await publish({ ...vendor, store: from }, '1.0.0', mixedContent())
    await write({ store: from, releases: [release] })
    await importBundle(vendor.file, siteOptions(to, vendor.key))
    expect(await contentsOf(to)).toEqual(await contentsOf(from))
  })

  it('reads a release document that is too large for a pack', async () => {
    const release = await publish(
      vendor,
      '1.0.0',
      Array.from({ length: 1200 }, (_, number) => Buffer.from(`content ${number}`)),
    )
    const { index } = await write({ releases: [release] })
    expect(index.entries.map(({ digest }) => digest)).toEqual([release.digest])
    const { releases } = await importBundle(vendor.file, siteOptions(site, vendor.key))
    expect(digestOf(releases[0]?.document ?? '')).toBe(release.digest)
    expect(await contentsOf(site)).toEqual(await contentsOf(vendor.store))
  })

  it('writes nothing again that is there', async () => {
    const release = await publish(vendor, '1.0.0', mixedContent())
    await write({ releases: [release] })
    await importBundle(vendor.file, siteOptions(site, vendor.key))
    const again = noting(site)
    const result = await importBundle(vendor.file, siteOptions(again.store, vendor.key))
    expect(again.written).toEqual([])
    expect(result.stored).toEqual({ blobs: 0, bytes: 0 })
    expect(result.present.blobs).toBe((await contentsOf(vendor.store)).size)
  })

  it('keeps what was verified before an interruption and goes on from there', async () => {
    const release = await publish(vendor, '1.0.0', [...mixedContent(), ...Array.from({ length: 20 }, () => randomBytes(100_000))])
    await write({ releases: [release] })
    const stop = new AbortController()
    const progress = ({ done, total }: { done: number; total: number }): void => {
      if (done > total / 2) stop.abort()
    }
    await expect(importBundle(vendor.file, siteOptions(site, vendor.key, { signal: stop.signal, progress }))).rejects.toThrow('aborted')
    const before = await contentsOf(site)
    expect(before.size).toBeGreaterThan(0)
    expect(before.size).toBeLessThan((await contentsOf(vendor.store)).size)
    const rest = noting(site)
    await importBundle(vendor.file, siteOptions(rest.store, vendor.key))
    expect(rest.written.filter((digest) => before.has(digest))).toEqual([])
    expect(await contentsOf(site)).toEqual(await contentsOf(vendor.store))
  })

  it('refuses an unknown key and prints all of its fingerprint', async () => {
    await write({ releases: [await publish(vendor, '1.0.0', mixedContent())] })
    const failure = importBundle(vendor.file, siteOptions(site, generateKeyPair()))
    await expect(failure).rejects.toMatchObject({
      code: 'KEY_UNTRUSTED',
      exitCode: 3,
      message: expect.stringContaining(formatFingerprint(vendor.key.fingerprint)),
      hint: expect.stringContaining(`--trust ${formatFingerprint(vendor.key.fingerprint)}`),
    })
    expect((await contentsOf(site)).size).toBe(0)
  })

  it('refuses a release of an unknown publisher in a bundle of a trusted key', async () => {
    const stranger = generateKeyPair()
    await write({ releases: [await publish(vendor, '1.0.0', mixedContent(), stranger)] })
    await expect(importBundle(vendor.file, siteOptions(site, vendor.key))).rejects.toMatchObject({
      code: 'KEY_UNTRUSTED',
      message: expect.stringContaining(formatFingerprint(stranger.fingerprint)),
    })
    expect((await contentsOf(site)).size).toBe(0)
  })

  it('takes an unsigned bundle only where that is asked for', async () => {
    await write({ releases: [await publish(vendor, '1.0.0', mixedContent())], key: 'unsigned' })
    await expect(importBundle(vendor.file, siteOptions(site, vendor.key))).rejects.toMatchObject({ code: 'BUNDLE_UNSIGNED', exitCode: 3 })
    const result = await importBundle(vendor.file, siteOptions(site, vendor.key, { allowUnsigned: true }))
    expect(result.signer).toBeUndefined()
    expect(await contentsOf(site)).toEqual(await contentsOf(vendor.store))
  })

  it('writes nothing when the caller refuses a release', async () => {
    await write({ releases: [await publish(vendor, '1.0.0', mixedContent())] })
    const contentOf = (): never => {
      throw new Error('older than what is here')
    }
    await expect(importBundle(vendor.file, siteOptions(site, vendor.key, { contentOf }))).rejects.toThrow('older than what is here')
    expect((await contentsOf(site)).size).toBe(0)
  })

  it('refuses a bundle that lacks content of its release', async () => {
    const absent = digestOf('absent')
    await write({ releases: [await publish(vendor, '1.0.0', mixedContent())] })
    await expect(importBundle(vendor.file, siteOptions(site, vendor.key, { contentOf: () => [absent] }))).rejects.toMatchObject({
      code: 'BUNDLE_INCOMPLETE',
      details: { missing: [absent] },
    })
    expect((await contentsOf(site)).size).toBe(0)
  })

  it('checks the free space before it writes', async () => {
    await write({ releases: [await publish(vendor, '1.0.0', mixedContent())] })
    const options = siteOptions(site, vendor.key, { freeBytes: async () => 1000 })
    await expect(importBundle(vendor.file, options)).rejects.toMatchObject({ code: 'DISK_FULL', details: { free: 1000 } })
    expect((await contentsOf(site)).size).toBe(0)
  })

  describe('an increment', () => {
    it('travels without what the receiver has, and is refused where that is missing', async () => {
      const layers = [randomBytes(300_000), randomBytes(BLOCK_SIZE + 5)]
      const first = await publish(vendor, '1.0.0', layers)
      const second = await publish(vendor, '2.0.0', [...layers, randomBytes(80_000)])
      const have = new Set([first.digest, first.signature, ...first.content])
      const { index } = await write({ releases: [second], base: [asBase(first)], omit: (digest) => have.has(digest) })
      expect(index.entries).toHaveLength(1)
      expect(index.requires.map(({ digest }) => digest)).toEqual(first.content)

      await expect(importBundle(vendor.file, siteOptions(site, vendor.key))).rejects.toMatchObject({
        code: 'BUNDLE_BASE_MISSING',
        exitCode: 3,
        message: expect.stringContaining(`shop 1.0.0 (${first.digest}) is not here`),
        hint: expect.stringContaining('Import shop 1.0.0'),
        details: { base: [{ digest: first.digest, here: false }], missing: 2, damaged: 0, blobs: first.content },
      })
      expect((await contentsOf(site)).size).toBe(0)

      const whole = join(vendor.folder, 'first.sealift')
      await write({ releases: [first], out: whole })
      await importBundle(whole, siteOptions(site, vendor.key))
      await importBundle(vendor.file, siteOptions(site, vendor.key, { hasRelease: (digest) => digest === first.digest }))
      expect(await contentsOf(site)).toEqual(await contentsOf(vendor.store))
    })

    it('needs the blobs, whichever release brought them', async () => {
      const layer = randomBytes(100_000)
      const first = await publish(vendor, '1.0.0', [layer])
      const second = await publish(vendor, '2.0.0', [layer, randomBytes(70_000)])
      await write({ releases: [second], base: [asBase(first)], omit: (digest) => first.content.includes(digest) })
      await writeBlob(site, layer)
      await importBundle(vendor.file, siteOptions(site, vendor.key, { hasRelease: () => false }))
      expect(await contentsOf(site)).toContain(second.digest)
    })

    it('tells of a base that is there and damaged before it writes, and comes in once that is mended', async () => {
      const folder = join(vendor.folder, 'content')
      const disk = await openFilesystemStore(folder)
      const layers = [randomBytes(3 * BLOCK_SIZE), Buffer.alloc(300_000, 'words ')]
      const first = await publish(vendor, '1.0.0', layers)
      const second = await publish(vendor, '2.0.0', [...layers, randomBytes(70_000)])
      const whole = join(vendor.folder, 'first.sealift')
      await write({ releases: [first], out: whole })
      await importBundle(whole, siteOptions(disk, vendor.key))
      const before = await contentsOf(disk)
      const blobs = join(folder, 'blobs/sha256', hexOf(first.content[0] as Digest).slice(0, 2))
      const name = (await readdir(blobs)).find((file) => file.startsWith(hexOf(first.content[0] as Digest))) ?? ''
      const path = join(blobs, name)
      await chmod(path, 0o600)
      const bytes = await readFile(path)
      bytes[BLOCK_SIZE + 77] = (bytes[BLOCK_SIZE + 77] ?? 0) ^ 1
      await writeFile(path, bytes)

      await write({ releases: [second], base: [asBase(first)], omit: (digest) => first.content.includes(digest) })
      const options = siteOptions(disk, vendor.key, { hasRelease: (digest) => digest === first.digest })
      await expect(importBundle(vendor.file, options)).rejects.toMatchObject({
        code: 'BUNDLE_BASE_MISSING',
        message: expect.stringContaining('not whole'),
        hint: expect.stringContaining('once more'),
        details: { base: [{ here: true }], missing: 0, damaged: 1, blobs: [first.content[0]] },
      })
      await expect(importBundle(vendor.file, options)).rejects.toMatchObject({ details: { missing: 1, damaged: 0 } })
      expect((await contentsOf(disk)).size).toBe(before.size - 1)
      await importBundle(whole, options)
      await importBundle(vendor.file, options)
      expect(await contentsOf(disk)).toEqual(await contentsOf(vendor.store))
    })

    it('is refused where it states a wrong size for what it leaves out', async () => {
      const layer = randomBytes(100_000)
      const first = await publish(vendor, '1.0.0', [layer])
      await write({ releases: [first], omit: (digest) => first.content.includes(digest) })
      await forge(vendor.file, vendor.key, (index) => Object.assign((index.requires as object[])[0] as object, { size: 5 }))
      await writeBlob(site, layer)
      await expect(importBundle(vendor.file, siteOptions(site, vendor.key))).rejects.toMatchObject({ code: 'BUNDLE_INVALID' })
    })
  })

  it('carries the platforms that a release comes with', async () => {
    const release = await publish(vendor, '1.0.0', [randomBytes(70_000)])
    await write({ releases: [{ ...release, platforms: ['linux/amd64'] }] })
    const { releases } = await importBundle(vendor.file, siteOptions(site, vendor.key))
    expect(releases).toMatchObject([{ platforms: ['linux/amd64'] }])
    await forge(vendor.file, vendor.key, (index) => delete index.features)
    await expect(importBundle(vendor.file, siteOptions(site, vendor.key))).rejects.toMatchObject({ code: 'BUNDLE_INVALID' })
  })

  it('names blob, block and byte range of a damaged block, and stores nothing of it', async () => {
    const layer = randomBytes(3 * BLOCK_SIZE)
    await write({ releases: [await publish(vendor, '1.0.0', [layer])] })
    await using bundle = await Bundle.open(vendor.file)
    const member = bundle.members.find(({ name }) => name.startsWith('blobs/'))
    const start = bundle.head.size + (member?.places[1] ?? 0)
    const end = start + (member?.blocks[1]?.size ?? 0)
    const bytes = await readFile(vendor.file)
    bytes[start + 99] = (bytes[start + 99] ?? 0) ^ 4
    await writeFile(vendor.file, bytes)
    await expect(importBundle(vendor.file, siteOptions(site, vendor.key))).rejects.toMatchObject({
      code: 'BUNDLE_DAMAGED',
      details: { faults: [{ blob: digestOf(layer), block: 1, start, end }] },
    })
    expect((await contentsOf(site)).has(digestOf(layer))).toBe(false)
  })

  it('refuses a truncated file before it writes anything', async () => {
    const { size } = await write({ releases: [await publish(vendor, '1.0.0', mixedContent())] })
    const file = await open(vendor.file, 'r+')
    await file.truncate(size - 1)
    await file.close()
    await expect(importBundle(vendor.file, siteOptions(site, vendor.key))).rejects.toMatchObject({ code: 'BUNDLE_TRUNCATED' })
    expect((await contentsOf(site)).size).toBe(0)
  })
})

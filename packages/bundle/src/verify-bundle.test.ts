import { execFileSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { hexOf } from '@sealift/oci/digest.ts'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createVendor, mixedContent, publish, type Vendor } from './bundle-fixture.ts'
import type { Progress } from './progress.ts'
import { Bundle } from './read/bundle.ts'
import { verifyBundle } from './verify-bundle.ts'
import { type WrittenBundle, writeBundle } from './write/write-bundle.ts'

describe('a written bundle', () => {
  let vendor: Vendor
  let written: WrittenBundle
  beforeEach(async () => {
    vendor = await createVendor()
    const release = await publish(vendor, '1.0.0', mixedContent())
    written = await writeBundle({ store: vendor.store, releases: [release], out: vendor.file, key: vendor.key, creator: 'test 1.0' })
  })
  afterEach(() => vendor[Symbol.asyncDispose]())

  it('is sound, and says who made and published it', async () => {
    const steps: Progress[] = []
    const { signer, releases, index } = await verifyBundle(vendor.file, { progress: (step) => steps.push(step) })
    expect(index).toEqual(written.index)
    expect(signer?.fingerprint).toBe(vendor.key.fingerprint)
    expect(releases.map(({ application, version, publisher }) => [application, version, publisher.fingerprint])).toEqual([
      ['shop', '1.0.0', vendor.key.fingerprint],
    ])
    expect(steps.at(-1)).toMatchObject({ stage: 'verify', done: steps.at(-1)?.total })
  })

  it('is an ordinary tar with one file for each pack and large blob, in the order of the index', async () => {
    const listed = execFileSync('tar', ['tvf', vendor.file]).toString().trim().split('\n')
    const { packs, entries } = written.index
    expect(
      listed
        .map((line) => line.split(/\s+/))
        .map(([, , size, , , name]) => [name, Number(size)])
        .slice(2),
    ).toEqual([
      ...packs.map(({ encodedSize }, position) => [`packs/${position}`, encodedSize]),
      ...entries.map(({ digest, encodedSize }) => [`blobs/sha256/${hexOf(digest)}`, encodedSize]),
    ])
    expect(listed[0]).toMatch(/ sealift\.json$/)
    expect(listed[1]).toMatch(/ sealift\.sig\.json$/)
    const signed = execFileSync('tar', ['xOf', vendor.file, 'sealift.json'])
    expect(JSON.parse(signed.toString())).toMatchObject({ format: 'sealift-bundle', version: 1, bundleId: written.index.bundleId })
    expect(written.size).toBe((await readFile(vendor.file)).length)
  })

  it('packs what is small and gives a member to what is not', () => {
    const { packs, entries } = written.index
    for (const { size } of packs.flatMap(({ contents }) => contents)) expect(size).toBeLessThanOrEqual(64 * 1024)
    for (const { size } of entries) expect(size).toBeGreaterThan(64 * 1024)
    expect(packs[0]?.contents[0]?.digest).toBe(written.index.releases[0]?.digest)
  })

  it('is opened without its content being read', async () => {
    const bytes = await readFile(vendor.file)
    await using whole = await Bundle.open(vendor.file)
    await writeFile(vendor.file, bytes.subarray(0, whole.head.size))
    await using bundle = await Bundle.open(vendor.file)
    expect(bundle.head.index).toEqual(written.index)
    expect(bundle.fileSize).toBe(whole.head.size)
    expect(bundle.expectedSize).toBe(bytes.length)
  })
})

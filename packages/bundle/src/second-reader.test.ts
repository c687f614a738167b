import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Digest } from '@sealift/oci/digest.ts'
import { afterEach, beforeEach, describe, expect, it, type TestContext } from 'vitest'
import { asBase, contentsOf, createVendor, mixedContent, publish, storeRoots, type Vendor } from './bundle-fixture.ts'
import { Bundle } from './read/bundle.ts'
import { generateKeyPair } from './signature/key-pair.ts'
import { firstRoot, nextRoot } from './trust/make-root.ts'
import type { SignedRoot } from './trust/root-chain.ts'
import { verifyBundle } from './verify-bundle.ts'
import { writeBundle } from './write/write-bundle.ts'

const READER = fileURLToPath(new URL('../second-reader/read_bundle.py', import.meta.url))

function skipWithout(ctx: TestContext, ...tools: string[]): void {
  for (const tool of tools) if (spawnSync(tool, ['--version']).error !== undefined) ctx.skip(`${tool} is not installed`)
}

/** The reader in Python, which was written from `docs/bundle-format.md` alone. */
describe('a second reader', () => {
  let vendor: Vendor
  beforeEach(async () => {
    vendor = await createVendor()
    const release = await publish(vendor, '1.0.0', mixedContent())
    await writeBundle({ store: vendor.store, releases: [release], out: vendor.file, key: vendor.key, creator: 'test' })
  })
  afterEach(() => vendor[Symbol.asyncDispose]())

  const read = () => spawnSync('python3', [READER, vendor.file], { encoding: 'utf8' })

  it('finds every blob, and the same signers', async (ctx) => {
    skipWithout(ctx, 'python3', 'zstd')
    const { status, stdout, stderr } = read()
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    const found = JSON.parse(stdout) as { signer: string; releases: object[]; blobs: Record<Digest, number> }
    expect(found.signer).toBe(vendor.key.fingerprint)
    expect(found.releases).toEqual([{ application: 'shop', version: '1.0.0', publisher: vendor.key.fingerprint }])
    expect(new Set(Object.keys(found.blobs).toSorted())).toEqual(await contentsOf(vendor.store))
  })

  it('finds what an increment builds on', async (ctx) => {
    skipWithout(ctx, 'python3', 'zstd')
    const layer = randomBytes(100_000)
    const first = await publish(vendor, '1.0.0', [layer])
    const second = await publish(vendor, '2.0.0', [layer, randomBytes(70_000)])
    await writeBundle({
      store: vendor.store,
      releases: [{ ...second, platforms: ['linux/amd64'] }],
      out: vendor.file,
      key: vendor.key,
      creator: 'test',
      base: [asBase(first)],
      omit: (digest) => first.content.includes(digest),
    })
    const { status, stdout, stderr } = read()
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(JSON.parse(stdout)).toMatchObject({ base: ['shop 1.0.0'], requires: first.content })
  })

  it('follows the trust roots', async (ctx) => {
    skipWithout(ctx, 'python3', 'zstd')
    const first = firstRoot([vendor.key], { name: 'Ümläut "& Söhne" 😀' })
    const other = generateKeyPair()
    const second = nextRoot(first, { add: [other], states: new Map([[vendor.key.fingerprint, 'retired']]), expires: '2031-01-01T00:00:00.000Z' }, [vendor.key])
    const release = await publish(vendor, '1.0.0', [randomBytes(100)])
    const write = async (...roots: readonly SignedRoot[]) =>
      writeBundle({ store: vendor.store, releases: [release], roots: [await storeRoots(vendor, roots)], out: vendor.file, key: vendor.key, creator: 'test' })
    await write(first, second)
    const { status, stdout, stderr } = read()
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(JSON.parse(stdout)).toMatchObject({ vendors: [{ vendor: first.digest, number: 2 }] })
    expect(await verifyBundle(vendor.file)).toBeDefined()
    const unsigned = { ...second, signatures: second.signatures.slice(0, 1) }
    for (const roots of [[second], [first, unsigned], [first, first]]) {
      await write(...roots)
      expect(read()).toMatchObject({ status: 1, stderr: expect.stringContaining('refused: root') })
      await expect(verifyBundle(vendor.file)).rejects.toMatchObject({ code: 'TRUST_ROOT_INVALID' })
    }
  })

  it('refuses what was changed, in head and body', async (ctx) => {
    skipWithout(ctx, 'python3', 'zstd')
    const good = await readFile(vendor.file)
    await using bundle = await Bundle.open(vendor.file)
    for (const place of [100, 600, bundle.head.size - 600, bundle.head.size + 10, bundle.head.size + 600, good.length - 5_000_000, good.length - 10]) {
      const bytes = Buffer.from(good)
      bytes[place] = (bytes[place] ?? 0) ^ 8
      await writeFile(vendor.file, bytes)
      const { status, stderr } = read()
      expect({ place, status }).toEqual({ place, status: 1 })
      expect(stderr).toContain('refused:')
    }
  })
})

import { copyFileSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { headSize, INDEX_NAME, SIGNATURE_NAME } from '@sealift/bundle/format/layout.ts'
import type { ErrorCode } from '@sealift/oci/error-catalogue.ts'
import { readTarSize, TAR_BLOCK } from '@sealift/oci/tar-header.ts'
import { beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { blobsOf } from './fixtures/data-folder.ts'
import { type KioskVendor, kioskMissing, kiosks, kioskVendor, kioskVendorCopy, writeKiosk } from './fixtures/kiosk.ts'
import { expectRefused, releasesOf } from './fixtures/refusal.ts'
import type { Sealift } from './fixtures/sealift.ts'
import { openSite, type Site } from './fixtures/site.ts'

const missing = await kioskMissing()

describe.skipIf(missing !== undefined)(`a bad bundle${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  let from: KioskVendor
  let site: Site
  let sealift: Sealift
  let file: string
  /** Where things are in the good bundle. */
  let place: { index: number; signature: number; head: number; end: number }

  beforeAll(async () => {
    from = await kiosks()
    site = await openSite()
    place = placesIn(from.bundles['1.0.0'])
    mkdirSync(join(inject('runFolder'), 'stick'), { recursive: true })
  })

  beforeEach(() => {
    sealift = site.sealift('bad-bundle')
    file = join(inject('runFolder'), 'stick/kiosk.sealift')
    copyFileSync(from.bundles['1.0.0'], file)
  })

  const importIt = (): string[] => ['import', file, '--trust', from.fingerprint]

  /** What was refused comes in when the stick is copied anew. */
  async function expectRetryWorks(): Promise<void> {
    copyFileSync(from.bundles['1.0.0'], file)
    await sealift.json(...importIt())
    expect(await releasesOf(sealift)).toHaveLength(1)
  }

  it('that ends too early is refused wherever it ends, and nothing of it is stored', async () => {
    const { index, signature, head, end } = place
    const ends = { index: index + 100, signature: signature + 10, head, content: Math.floor((head + end) / 2), last: end - 1 }
    for (const size of Object.values(ends)) {
      copyFileSync(from.bundles['1.0.0'], file)
      truncateSync(file, size)
      await expectRefused(sealift, importIt(), { code: 'BUNDLE_TRUNCATED', names: [file, String(size)], hint: /Copy the bundle again/ })
    }
    await expectRefused(sealift, ['verify', file], { code: 'BUNDLE_TRUNCATED', names: [file, String(ends.last), String(end)], hint: /Copy the bundle again/ })
    expect(blobsOf(sealift.data)).toEqual([])
    await expectRetryWorks()
  })

  it('with a wrong bit is refused wherever it is', async () => {
    const { index, head, end } = place
    const bits: [number, ErrorCode][] = [
      [index + 40, 'BUNDLE_SIGNATURE_INVALID'],
      [Math.floor((head + end) / 2), 'BUNDLE_DAMAGED'],
      [end - 1100, 'BUNDLE_DAMAGED'],
    ]
    for (const [at, code] of bits) {
      copyFileSync(from.bundles['1.0.0'], file)
      flipBit(file, at)
      await expectRefused(sealift, importIt(), { code, names: [file], hint: /Copy the bundle again/ })
    }
    await expectRefused(sealift, ['verify', file], { code: 'BUNDLE_DAMAGED', names: [file], hint: /Copy the bundle again/ })
    await expectRetryWorks()
  })

  it('with a wrong bit in the signature is refused', async () => {
    const bytes = readFileSync(file)
    const signature = bytes.subarray(place.signature + TAR_BLOCK)
    // Where the digits of the signature itself stand, so that the file still reads well.
    const at = place.signature + TAR_BLOCK + signature.indexOf('"sig":"') + 20
    bytes[at] = bytes[at] === 65 ? 66 : 65
    writeFileSync(file, bytes)
    await expectRefused(sealift, importIt(), { code: 'BUNDLE_SIGNATURE_INVALID', names: [file], hint: /Copy the bundle again.*ask the vendor/ })
    await expectRetryWorks()
  })

  it('names the bytes that are damaged', async () => {
    const at = Math.floor((place.head + place.end) / 2)
    flipBit(file, at)
    const { error } = await sealift.failure('verify', file)
    const [, first, last] = /bytes (\d+)\D+(\d+)/.exec(error.message) ?? []
    expect(Number(first)).toBeLessThanOrEqual(at)
    expect(Number(last)).toBeGreaterThanOrEqual(at)
  })

  it('that is none is refused', async () => {
    writeFileSync(file, 'a shopping list\n'.repeat(1000))
    await expectRefused(sealift, importIt(), { code: 'BUNDLE_NOT_A_BUNDLE', names: [file], hint: /sealift export/ })
    await expectRefused(sealift, ['inspect', file], { code: 'BUNDLE_NOT_A_BUNDLE', names: [file], hint: /sealift export/ })
  })

  it.each(['import', 'inspect', 'verify'])('that is not there, or a folder, is refused by %s', async (command) => {
    await expectRefused(sealift, [command, '/media/nothing.sealift'], { code: 'FILE_NOT_FOUND', names: ['/media/nothing.sealift'], hint: 'Check the path' })
    const folder = join(file, '..')
    await expectRefused(sealift, [command, folder], { code: 'BUNDLE_NOT_A_BUNDLE', names: [folder, 'no regular file'], hint: /sealift export/ })
  })

  describe('signed by whom is not known', () => {
    it('is refused without a signature, unless that is allowed and the releases are trusted', async () => {
      const vendor = await kioskVendorCopy('unsigned')
      await vendor.json('export', 'kiosk@1.0.0', '--out', file, '--unsigned', '--overwrite')
      await expectRefused(sealift, importIt(), { code: 'BUNDLE_UNSIGNED', names: [file], hint: '--allow-unsigned' })
      await expectRefused(sealift, ['import', file, '--allow-unsigned'], { code: 'KEY_UNTRUSTED', names: [from.fingerprint, 'kiosk@1.0.0'], hint: '--trust' })
      await sealift.json(...importIt(), '--allow-unsigned')
      expect(await releasesOf(sealift)).toHaveLength(1)
    })

    it('is refused with an unknown key, and with the fingerprint of another one', async () => {
      const unknown = { code: 'KEY_UNTRUSTED', names: [file, from.fingerprint], hint: new RegExp(`another way.*--trust ${from.fingerprint}`) } as const
      await expectRefused(sealift, ['import', file], unknown)
      const other = from.fingerprint.replace(/^./, (digit) => (digit === '0' ? '1' : '0'))
      await expectRefused(sealift, ['import', file, '--trust', other], unknown)
      // Nothing is trusted that did not sign what came in.
      expect(await sealift.json('keys', 'list')).toEqual([])
      await expectRefused(sealift, ['import', file, '--trust', from.fingerprint.slice(0, 20)], {
        code: 'KEY_FINGERPRINT_INVALID',
        names: ['64 hexadecimal digits', 'found 18'],
        hint: /all 64/,
      })
      await expectRetryWorks()
    })

    it('is refused with a key that was revoked, also when it is to be trusted again', async () => {
      await sealift.json(...importIt())
      await sealift.json('keys', 'revoke', from.fingerprint)
      file = from.bundles['1.1.0']
      const revoked = { code: 'KEY_REVOKED', names: [from.fingerprint], hint: 'new key' } as const
      await expectRefused(sealift, ['import', file], revoked)
      await expectRefused(sealift, importIt(), revoked)
      await expectRefused(sealift, ['keys', 'trust', from.fingerprint], revoked)
    })
  })

  it('with an older release is refused unless that is allowed', async () => {
    await sealift.json('import', from.bundles['1.1.0'], '--trust', from.fingerprint)
    await expectRefused(sealift, importIt(), {
      code: 'RELEASE_OLDER',
      names: ['kiosk 1.0.0', 'sequence number 1', 'newest release here has 2'],
      hint: '--allow-older',
    })
    await sealift.json(...importIt(), '--allow-older')
    expect(await releasesOf(sealift)).toHaveLength(2)
    expect(await sealift.json('install', 'kiosk', '--set', 'port=8090', '--dry-run')).toMatchObject({ toVersion: '1.1.0' })
  })

  it("with an application under another vendor's key is refused unless that is asked for by name", async () => {
    await sealift.json(...importIt())
    const other = await kioskVendor('other')
    await other.json('publish', writeKiosk('other', { version: '5.0.0' }))
    const { signer } = await other.json<{ signer: string }>('export', 'kiosk@5.0.0', '--out', file, '--overwrite')
    const both = ['import', file, '--trust', signer]
    const bound = { code: 'APPLICATION_BOUND', names: ['kiosk', from.fingerprint, signer], hint: `--rebind kiosk=${signer}` } as const
    await expectRefused(sealift, both, bound)
    await expectRefused(sealift, [...both, '--rebind', `kiosk=${from.fingerprint}`], bound)
    await sealift.json(...both, '--rebind', `kiosk=${signer}`)
    expect(await releasesOf(sealift)).toHaveLength(2)
    await expectRefused(sealift, ['import', from.bundles['1.1.0']], { code: 'APPLICATION_BOUND', names: [signer, from.fingerprint], hint: '--rebind' })
  })
})

function placesIn(path: string): { index: number; signature: number; head: number; end: number } {
  const bytes = readFileSync(path)
  const indexSize = readTarSize(bytes.subarray(0, TAR_BLOCK), INDEX_NAME) ?? 0
  const signature = TAR_BLOCK + Math.ceil(indexSize / TAR_BLOCK) * TAR_BLOCK
  const signatureSize = readTarSize(bytes.subarray(signature, signature + TAR_BLOCK), SIGNATURE_NAME) ?? 0
  return { index: TAR_BLOCK, signature, head: headSize(indexSize, signatureSize), end: bytes.length }
}

function flipBit(path: string, at: number): void {
  const bytes = readFileSync(path)
  bytes[at] = (bytes[at] ?? 0) ^ 1
  writeFileSync(path, bytes)
}

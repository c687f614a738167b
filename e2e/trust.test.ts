import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { InspectedBundle } from '@sealift/api/bundle.ts'
import type { Exported } from '@sealift/api/exported.ts'
import type { Imported } from '@sealift/api/imported.ts'
import type { Key, TrustRoot } from '@sealift/api/routes/keys.ts'
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { blobsOf } from './fixtures/data-folder.ts'
import { type KioskVendor, kioskMissing, kiosks, kioskVendor, kioskVendorCopy, writeKiosk } from './fixtures/kiosk.ts'
import { expectRefused, releasesOf } from './fixtures/refusal.ts'
import type { Sealift } from './fixtures/sealift.ts'
import { openSite, type Site } from './fixtures/site.ts'

const missing = await kioskMissing()

describe.skipIf(missing !== undefined)(`increments and trust${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  let from: KioskVendor
  let site: Site
  const stick = (name: string): string => join(inject('runFolder'), `${name}.sealift`)
  const usesOf = async (sealift: Sealift): Promise<Record<string, string>> =>
    Object.fromEntries((await sealift.json<Key[]>('keys', 'list')).map(({ fingerprint, use }) => [fingerprint, use]))

  beforeAll(async () => {
    from = await kiosks()
    site = await openSite()
  })

  it('carries only what is new, and is refused before anything is written where the rest is missing or damaged', async () => {
    const vendor = await kioskVendorCopy('increment')
    const file = stick('increment')
    const exported = await vendor.json<Exported>('export', 'kiosk@1.1.0', '--since', '1.0.0', '--out', file, '--overwrite')
    expect(exported).toMatchObject({ base: [{ application: 'kiosk', version: '1.0.0' }] })
    expect(exported.omitted.bytes).toBeGreaterThan(0)
    expect(statSync(file).size).toBeLessThan(statSync(from.bundles['1.1.0']).size / 10)
    const sealift = site.sealift('increment')
    expect(await sealift.json<InspectedBundle>('inspect', file)).toMatchObject({ base: [{ version: '1.0.0', here: false }] })
    const increment = ['import', file, '--trust', from.fingerprint]
    await expectRefused(sealift, increment, {
      code: 'BUNDLE_BASE_MISSING',
      names: [file, 'kiosk 1.0.0', exported.base[0]?.digest ?? '', 'missing'],
      hint: /Import kiosk 1\.0\.0.*first, or ask the vendor for a whole bundle/,
    })
    expect(blobsOf(sealift.data)).toEqual([])

    await sealift.json('import', from.bundles['1.0.0'], '--trust', from.fingerprint)
    const before = blobsOf(sealift.data)
    const [largest = ''] = before.map((name) => join(sealift.data, 'content/blobs', name)).toSorted((a, b) => statSync(b).size - statSync(a).size)
    const bytes = readFileSync(largest)
    bytes[1000] = (bytes[1000] ?? 0) ^ 1
    chmodSync(largest, 0o600)
    writeFileSync(largest, bytes)
    await expectRefused(sealift, increment, { code: 'BUNDLE_BASE_MISSING', names: ['damaged', 'not whole'], hint: /once more/ })
    await sealift.json('import', from.bundles['1.0.0'])
    expect(await sealift.json<Imported>(...increment)).toMatchObject({ releases: [{ version: '1.1.0' }] })
    expect(await sealift.json('install', 'kiosk@1.1.0', '--set', 'port=8090', '--dry-run')).toMatchObject({ toVersion: '1.1.0' })
  })

  it('follows a vendor that changes and revokes its keys, without a call', async () => {
    const vendor = await kioskVendorCopy('rotating')
    const sealift = site.sealift('rotating')
    await sealift.json('import', from.bundles['1.0.0'], '--trust', from.fingerprint)
    const [root] = await sealift.json<TrustRoot[]>('keys', 'roots')
    expect(root).toMatchObject({ number: 1, own: false })

    const { fingerprint: next } = await vendor.json<Key>('keys', 'rotate')
    const file = stick('rotated')
    const exported = await vendor.json<Exported>('export', 'kiosk@1.1.0', '--out', file, '--overwrite')
    expect(exported).toMatchObject({ signer: next, vendor: root?.vendor })
    // The release was signed by the key before, which is retired and still good.
    await sealift.json('import', file)
    expect(await usesOf(sealift)).toEqual({ [from.fingerprint]: 'retired', [next]: 'trusted' })

    await vendor.json('keys', 'revoke', from.fingerprint)
    await vendor.json('publish', writeKiosk('rotating', { version: '1.2.0' }))
    await vendor.json('export', 'kiosk@1.2.0', '--out', file, '--overwrite')
    await sealift.json('import', file)
    expect(await usesOf(sealift)).toEqual({ [from.fingerprint]: 'revoked', [next]: 'trusted' })
    expect(await sealift.json('keys', 'roots')).toMatchObject([{ vendor: root?.vendor, number: 3 }])
    await expectRefused(sealift, ['import', from.bundles['1.1.0'], '--trust', from.fingerprint, '--allow-older'], {
      code: 'KEY_REVOKED',
      names: [from.fingerprint, `by its vendor ${root?.vendor}`],
      hint: /new key/,
    })
    expect(await releasesOf(sealift)).toHaveLength(3)
    expect(await sealift.json('install', 'kiosk@1.0.0', '--set', 'port=8090', '--dry-run')).toMatchObject({ toVersion: '1.0.0' })
  })

  it('refuses the other one of two successors of a root', async () => {
    const [one, other] = [await kioskVendorCopy('fork-one'), await kioskVendorCopy('fork-other')]
    const sealift = site.sealift('fork')
    const file = stick('fork')
    await one.json('keys', 'rotate')
    await one.json('export', 'kiosk@1.0.0', '--out', file, '--overwrite')
    await sealift.json('import', file, '--trust', from.fingerprint)
    const { fingerprint } = await other.json<Key>('keys', 'rotate')
    await other.json('export', 'kiosk@1.1.0', '--out', file, '--overwrite')
    await expectRefused(sealift, ['import', file, '--trust', fingerprint], { code: 'TRUST_ROOT_FORKED', names: ['two different roots 2'], hint: /phone/ })
  })

  it('counts the numbers of another vendor by themselves once an application is bound to it by name', async () => {
    const sealift = site.sealift('rebound')
    await sealift.json('import', from.bundles['1.1.0'], '--trust', from.fingerprint)
    const other = await kioskVendor('taker')
    const file = stick('taker')
    await other.json('publish', writeKiosk('taker', { version: '5.0.0' }))
    const { signer } = await other.json<Exported>('export', 'kiosk@5.0.0', '--out', file, '--overwrite')
    await sealift.json('import', file, '--trust', signer, '--rebind', `kiosk=${signer}`)
    expect(await sealift.json('install', 'kiosk', '--set', 'port=8090', '--dry-run')).toMatchObject({ toVersion: '5.0.0' })
    const keys = await sealift.json<Key[]>('keys', 'list')
    expect(keys.filter(({ applications }) => applications.includes('kiosk')).map(({ fingerprint }) => fingerprint)).toEqual([signer])
    await expectRefused(sealift, ['import', from.bundles['1.0.0'], '--allow-older'], {
      code: 'APPLICATION_BOUND',
      names: [signer, from.fingerprint],
      hint: '--rebind',
    })
  })

  it('says that a version has other content than before, and how to see what changed', async () => {
    const vendor = await kioskVendorCopy('again')
    const sealift = site.sealift('again')
    await sealift.json('import', from.bundles['1.0.0'], '--trust', from.fingerprint)
    const [before = ''] = await releasesOf(sealift)
    await vendor.json('publish', writeKiosk('again', { version: '1.0.0', text: 'changed' }))
    const file = stick('again')
    const { digest } = await vendor.json<Exported>('export', 'kiosk@1.0.0', '--out', file, '--overwrite')
    const text = await sealift.text('import', file)
    expect(text).toContain('the same version with changed content')
    expect(text).toContain(`kiosk@${before.split(' ')[1]} kiosk@${digest}`)
    expect(await releasesOf(sealift)).toEqual([`kiosk@1.0.0 ${digest}`])
  })

  it('tells what came in of several files before one was refused', async () => {
    const sealift = site.sealift('several')
    const files = [from.bundles['1.1.0'], from.bundles['1.0.0'], from.bundles['1.1.0']]
    const { error, stderr } = await sealift.failure('import', ...files, '--trust', from.fingerprint)
    expect(error).toMatchObject({ code: 'RELEASE_OLDER', details: { imported: [{ releases: [{ version: '1.1.0' }] }] } })
    expect(stderr).toContain('Not tried any more')
    const ended = await sealift.run('import', ...files)
    expect(ended).toMatchObject({ code: 3, stdout: expect.stringContaining('kiosk 1.1.0 is in the library') })
  })
})

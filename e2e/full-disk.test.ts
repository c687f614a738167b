import { copyFileSync, existsSync, mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { must } from '@sealift/testbed/command.ts'
import { bookshopTemplate } from '@sealift/testbed/images.ts'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { copyDataFolder, leftOversOf, siblingsOf } from './fixtures/data-folder.ts'
import { kioskMissing, kiosks, kioskVendor, kioskVendorCopy } from './fixtures/kiosk.ts'
import { releasesOf } from './fixtures/refusal.ts'
import { type Failure, Sealift } from './fixtures/sealift.ts'
import { openSite } from './fixtures/site.ts'
import { published } from './fixtures/vendor.ts'

const missing = await kioskMissing()

describe.skipIf(missing !== undefined)(`a full disk${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  let disk: string

  beforeEach(async () => {
    disk = join(inject('runFolder'), 'disk')
    mkdirSync(disk, { recursive: true })
    await must(['mount', '-t', 'tmpfs', '-o', 'size=48m', 'tmpfs', disk])
  })
  afterEach(async () => {
    await must(['umount', '--lazy', disk])
    rmSync(disk, { recursive: true })
  })

  const enlarge = (size: string): Promise<string> => must(['mount', '-o', `remount,size=${size}`, disk])

  function expectFull({ code, error, stderr }: Failure, path: string): void {
    expect(error.code, error.message).toBe('DISK_FULL')
    expect(code).toBe(1)
    expect(error.message).toContain(path)
    expect(error.hint).toMatch(/Free space.*again/)
    expect(stderr).toContain('[DISK_FULL]')
  }

  it('ends an import before it begins, saying how much is needed, and it works when there is room', async () => {
    const { bundles, fingerprint } = await published()
    const site = await openSite()
    const sealift = new Sealift({ ...site.sealift('full').place, data: join(disk, 'data') })
    const importIt = ['import', bundles['2.9'], '--trust', fingerprint]
    const failure = await sealift.failure(...importIt)
    expectFull(failure, bundles['2.9'])
    expect(failure.error.message).toMatch(/needs \d+ bytes, \d+ are free/)
    expect(await releasesOf(sealift)).toEqual([])
    expect(await sealift.json('keys', 'list')).toEqual([])
    await enlarge('400m')
    await sealift.json(...importIt)
    expect(await releasesOf(sealift)).toHaveLength(1)
  })

  it('in the middle of an import leaves nothing visible', async () => {
    const { bundles, fingerprint } = await kiosks()
    const site = await openSite()
    const sealift = new Sealift({ ...site.sealift('full').place, data: join(disk, 'data') })
    expect(await releasesOf(sealift)).toEqual([])
    const importIt = ['import', bundles['1.0.0'], '--trust', fingerprint]
    // Whatever is short of room first, blobs or the database: from none to almost enough.
    for (const left of [0, 64, 256, 512]) {
      fill(left * 1024)
      const { code, stdout } = await sealift.run(...importIt, '--json')
      rmSync(join(disk, 'ballast'))
      if (code === 0) break
      expect(JSON.parse(stdout), stdout).toMatchObject({ error: { code: 'DISK_FULL' } })
      expect(code).toBe(1)
      expect(await releasesOf(sealift)).toEqual([])
      expect(leftOversOf(sealift.data)).toEqual([])
    }
    await sealift.json(...importIt)
    expect(await releasesOf(sealift)).toHaveLength(1)
  })

  it('ends an export, and leaves nothing on the stick', async () => {
    const { vendor } = await published()
    const out = join(disk, 'bookshop.sealift')
    expectFull(await vendor.failure('export', 'bookshop@2.9.0', '--out', out), out)
    expect(siblingsOf(out)).toEqual([])
    await enlarge('400m')
    await vendor.json('export', 'bookshop@2.9.0', '--out', out)
    expect(siblingsOf(out)).toEqual(['bookshop.sealift'])
  })

  it('ends a publication, and leaves nothing visible', async () => {
    const vendor = new Sealift({ ...(await kioskVendor('full')).place, data: join(disk, 'data') })
    const publish = ['publish', bookshopTemplate('2.9')]
    const failure = await vendor.failure(...publish)
    expect(failure.error.code, failure.error.message).toBe('DISK_FULL')
    expect(failure.code).toBe(1)
    expect(leftOversOf(vendor.data)).toEqual([])
    await enlarge('400m')
    expect(await releasesOf(vendor)).toEqual([])
    expect(await vendor.json(...publish)).toMatchObject({ sequence: 1 })
    expect(existsSync(`${vendor.data}.key`)).toBe(true)
  })

  it('is made room on by a collection, though it is full to the last byte', async () => {
    await enlarge('96m')
    const vendor = await kioskVendorCopy('full-gc')
    const sealift = new Sealift({ ...vendor.place, data: join(disk, 'data') })
    copyDataFolder(vendor.data, sealift.data, { link: false })
    const before = await releasesOf(sealift)
    await sealift.json('releases', 'remove', 'kiosk@1.2.0')
    fill(0)
    expect(await releasesOf(sealift)).toHaveLength(before.length - 1)
    const { freed } = await sealift.json<{ freed: number }>('gc', '--min-age', '0s')
    expect(freed).toBeGreaterThan(0)
    rmSync(join(disk, 'ballast'))
    expect((await sealift.json<{ lacking: unknown[] }>('store', 'check')).lacking).toEqual([])
  })

  it('ends a backup, and leaves nothing on the stick; ends a restore, which goes on when there is room', async () => {
    const { vendor } = await kiosks()
    const passphrase = join(inject('runFolder'), 'full-passphrase')
    writeFileSync(passphrase, 'long enough\n')
    const words = (...more: string[]): string[] => [...more, '--passphrase-file', passphrase]
    const out = join(disk, 'site.backup')
    for (const left of [0, 64, 1024]) {
      fill(left * 1024)
      expectFull(await vendor.failure(...words('backup', '--out', out)), out)
      const failure = await vendor.failure(...words('backup', '--folder', '--out', join(disk, 'backups')))
      expect(failure.error.code, failure.error.message).toBe('DISK_FULL')
      rmSync(join(disk, 'ballast'))
      rmSync(join(disk, 'backups'), { recursive: true, force: true })
      expect(siblingsOf(out)).toEqual([])
    }
    await vendor.json(...words('backup', '--out', out))
    const elsewhere = join(inject('runFolder'), 'full.backup')
    copyFileSync(out, elsewhere)
    rmSync(out)
    const restored = new Sealift({ ...vendor.place, data: join(disk, 'data') })
    for (const left of [0, 128, 600]) {
      fill(left * 1024)
      const failure = await restored.failure(...words('restore', elsewhere))
      expect(failure.error.code, failure.error.message).toBe('DISK_FULL')
      expect((await restored.failure('releases')).error.code).toMatch(/DATA_UNFINISHED|DISK_FULL/)
      rmSync(join(disk, 'ballast'))
    }
    await restored.json(...words('restore', elsewhere))
    expect(await releasesOf(restored)).toEqual(await releasesOf(vendor))
  })

  it('in the middle of an installation leaves it to be gone on with', async () => {
    const { bundles, fingerprint } = await kiosks()
    const site = await openSite()
    await site.clear()
    const sealift = new Sealift({ ...site.sealift('full').place, data: join(disk, 'data') })
    await sealift.json('import', bundles['1.0.0'], '--trust', fingerprint)
    const install = sealift.start('install', 'kiosk@1.0.0', '--set', 'port=8094', '--json')
    await install.seen('till')
    fill(0)
    const { code, stdout } = await install.ended
    rmSync(join(disk, 'ballast'))
    if (code !== 0) {
      const { error } = JSON.parse(stdout) as { error: { code: string; hint: string } }
      expect(error.code, stdout).toMatch(/DISK_FULL|JOB_INTERRUPTED/)
      expect(error.hint).toContain('jobs resume')
      const [job] = await sealift.json<{ id: number }[]>('jobs', 'list', '--limit', '1')
      await sealift.json('jobs', 'resume', String(job?.id))
    }
    expect(await sealift.json('status', 'kiosk')).toMatchObject({ health: 'healthy', revision: 1 })
    await sealift.json('uninstall', 'kiosk', '--delete-data')
  })

  /** Leaves so many bytes. */
  function fill(left: number): void {
    const { bavail, bsize } = statfsSync(disk)
    writeFileSync(join(disk, 'ballast'), Buffer.alloc(Math.max(0, bavail * bsize - left)))
  }
})

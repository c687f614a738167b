import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Checked } from '@sealift/api/checked.ts'
import type { Collected } from '@sealift/api/collected.ts'
import type { InstallationStatus, RevisionSummary } from '@sealift/api/installation.ts'
import type { Job } from '@sealift/api/job.ts'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { type KioskVendor, kioskMissing, kiosks, kioskVendorCopy, writeKiosk } from './fixtures/kiosk.ts'
import { releasesOf } from './fixtures/refusal.ts'
import { Sealift } from './fixtures/sealift.ts'
import { openSite, type Site } from './fixtures/site.ts'

const missing = await kioskMissing()

describe.skipIf(missing !== undefined)(`a data folder over the years${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  let site: Site
  let made: KioskVendor
  let folder: string
  let passphrase: readonly string[]

  beforeAll(async () => {
    site = await openSite()
    await site.clear()
    made = await kiosks()
    folder = inject('runFolder')
    writeFileSync(join(folder, 'passphrase'), 'long enough\n')
    passphrase = ['--passphrase-file', join(folder, 'passphrase')]
  })
  afterAll(() => site.clear())

  const at = (name: string): string => join(folder, name)
  const sign = async (port: number): Promise<string> => (await site.request(`http://127.0.0.1:${port}/`)).body

  it('is collected while work goes on, and loses nothing that is needed', async () => {
    const vendor = await kioskVendorCopy('collected')
    const server = vendor.start('up', '--listen', '127.0.0.1:0', '--json')
    await server.seen('"registry"')
    const state = { stop: false, runs: 0, taken: 0 }
    const collecting = (async () => {
      while (!state.stop) {
        const { removed } = await vendor.json<Collected>('gc', '--min-age', '0s')
        state.runs++
        state.taken += removed.find(({ kind }) => kind === 'content')?.count ?? 0
      }
    })()
    try {
      for (const version of ['1.3.0', '1.4.0']) {
        await vendor.json('publish', writeKiosk(`collected-${version}`, { version, text: `version ${version}` }))
        await vendor.json('export', `kiosk@${version}`, '--out', at(`collected-${version}.sealift`), '--overwrite')
        await vendor.json('verify', at(`collected-${version}.sealift`))
        await vendor.json('releases', 'remove', `kiosk@${version}`)
        await vendor.json('import', at(`collected-${version}.sealift`), '--allow-older')
      }
    } finally {
      state.stop = true
      await collecting
    }
    expect(state.runs).toBeGreaterThan(1)
    expect((await vendor.json<Checked>('store', 'check')).lacking).toEqual([])
    expect(await releasesOf(vendor)).toHaveLength(5)
    // What a release had alone goes with it; what others share stays.
    for (const version of ['1.3.0', '1.4.0']) await vendor.json('releases', 'remove', `kiosk@${version}`)
    const { removed } = await vendor.json<Collected>('gc', '--min-age', '0s')
    expect(removed).toContainEqual(expect.objectContaining({ kind: 'content' }))
    expect((await vendor.json<Checked>('store', 'check')).lacking).toEqual([])
    await server.kill('SIGTERM')
  })

  it('is backed up in the middle of an upgrade, restored elsewhere, and goes on from there with the same engine', async () => {
    const sealift = site.sealift('backed-up')
    const backup = at('kiosk.backup')
    rmSync(backup, { force: true })
    await sealift.json('import', made.bundles['1.0.0'], made.bundles['1.1.0'], '--trust', made.fingerprint)
    const server = sealift.start('up', '--listen', '127.0.0.1:0', '--json')
    await server.seen('"registry"')
    await sealift.json('install', 'kiosk@1.0.0', '--set', 'port=8093')
    const upgrade = sealift.start('upgrade', 'kiosk', '--to', '1.1.0')
    await upgrade.seen('sign: Starting')
    await sealift.json('backup', '--out', backup, ...passphrase)
    await upgrade.ended
    // The machine is lost; its engine remains, and went on by itself after the backup was made.
    await server.kill()
    const restored = new Sealift({ ...sealift.place, data: at('site-restored') })
    for (const path of [restored.data, `${restored.data}.key`]) rmSync(path, { recursive: true, force: true })
    expect(await restored.json('restore', backup, ...passphrase)).toMatchObject({ installations: [{ name: 'kiosk', target: 'local' }] })
    const open = (await restored.json<Job[]>('jobs', 'list')).find(({ kind }) => kind === 'upgrade')
    if (open?.state === 'interrupted') await restored.json('jobs', 'resume', String(open.id))
    expect(await restored.json<InstallationStatus>('status', 'kiosk')).toMatchObject({ health: 'healthy', version: '1.1.0', revision: 2 })
    expect(await sign(8093)).toBe('open until late\n')
    await restored.json('rollback', 'kiosk')
    expect(await sign(8093)).toBe('open\n')
    const history = await restored.json<RevisionSummary[]>('history', 'kiosk')
    expect(history.map(({ number, outcome }) => [number, outcome])).toEqual([
      [3, 'done'],
      [2, 'done'],
      [1, 'done'],
    ])
    expect((await restored.json<Checked>('store', 'check')).lacking).toEqual([])
  })

  it('brings everything back to an engine that has lost it all', async () => {
    const restored = new Sealift({ ...site.sealift('unused').place, data: at('site-restored') })
    await site.clear({ images: true })
    await restored.json('rollback', 'kiosk', '--to', '1')
    expect(await restored.json<InstallationStatus>('status', 'kiosk')).toMatchObject({ health: 'healthy', version: '1.0.0' })
    expect(await sign(8093)).toBe('open\n')
    await restored.json('uninstall', 'kiosk', '--delete-data')
  })

  it('tells what was damaged and who needs it, and takes it from a bundle', async () => {
    const sealift = site.sealift('damaged')
    await sealift.json('import', made.bundles['1.0.0'], '--trust', made.fingerprint)
    const { stdout } = await sealift.run('store', 'check')
    expect(stdout).toContain('All that is needed is there and sound.')
    const largest = (await site.run('sh', '-c', `find ${sealift.data}/content/blobs -type f -size +100k | head -1`)).trim()
    await site.run('sh', '-c', `printf x | dd of=${largest} bs=1 seek=5000 conv=notrunc status=none`)
    const check = await sealift.run('store', 'check')
    expect(check.code).toBe(1)
    expect(check.stdout).toMatch(/1 blobs are lacking:[^]*was damaged; needed by release kiosk 1\.0\.0[^]*--from FILE/)
    expect(await sealift.json<Checked>('store', 'check', '--from', made.bundles['1.0.0'])).toMatchObject({ lacking: [], repaired: [expect.any(String)] })
  })
})

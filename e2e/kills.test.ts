import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { InstallationStatus } from '@sealift/api/installation.ts'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { copyDataFolder } from './fixtures/data-folder.ts'
import { type DatabaseLook, lookIntoDatabase } from './fixtures/database-look.ts'
import { Killer } from './fixtures/killer.ts'
import { kioskMissing } from './fixtures/kiosk.ts'
import { Sealift } from './fixtures/sealift.ts'
import { chosenSeed, seededRandom } from './fixtures/seeded-random.ts'
import { BROKEN_SHELF, SHELF_VERSIONS, type ShelfVersion, writeShelf } from './fixtures/shelf.ts'
import { openSite, type Site } from './fixtures/site.ts'
import { missingOf, wrongBlobs } from './fixtures/store-scan.ts'
import { vendorHost } from './fixtures/vendor.ts'

const missing = await kioskMissing()
const seed = chosenSeed('SEALIFT_KILL_SEED')
/** How many a whole run kills at least; a larger number by the environment. */
const KILLS = Number(process.env.SEALIFT_KILLS || 200)

/** What share of the kills each kind of work gets. */
const SHARES = { publish: 0.2, export: 0.15, import: 0.2, gc: 0.1, backup: 0.15, change: 0.2 } as const

describe.skipIf(missing !== undefined)(`killed again and again, seed ${seed}${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  const killer = new Killer(seededRandom(seed))
  const folder = join(inject('runFolder'), 'kills')
  const templates = new Map<ShelfVersion, string>()
  let site: Site
  let vendor: Sealift
  let fingerprint = ''

  const total = (): number => Object.values(killer.kills).reduce((sum, count) => sum + count, 0)
  const killed = (kinds: readonly string[]): number => kinds.reduce((sum, kind) => sum + (killer.kills[kind] ?? 0), 0)
  const bundleOf = (version: string): string => join(folder, `shelf-${version}.sealift`)

  /** What must be so whenever a program has died: what is visible is whole, and what is there is right. */
  function assertWhole(data: string): DatabaseLook {
    const look = lookIntoDatabase(data)
    expect(look.integrity).toBe('ok')
    for (const { digest, version } of look.releases) expect(missingOf(data, digest), `of release ${version}`).toEqual([])
    expect(wrongBlobs(data)).toEqual([])
    return look
  }

  const versionsOf = (data: string): string[] => lookIntoDatabase(data).releases.map(({ version }) => version)

  /** A place of its own for a vendor or a site, with nothing in it. */
  function fresh(name: string, where: { readonly engine: string; readonly netns?: string }): Sealift {
    const data = join(folder, name)
    for (const path of [data, `${data}.key`]) rmSync(path, { recursive: true, force: true })
    return new Sealift({ ...where, data })
  }

  beforeAll(async () => {
    console.log(`kills: SEALIFT_KILL_SEED=${seed} repeats the choice of points`)
    mkdirSync(folder, { recursive: true })
    for (const version of SHELF_VERSIONS) templates.set(version, await writeShelf(version))
    site = await openSite()
    await site.clear()
    const engine = await vendorHost()
    vendor = fresh('vendor', { engine })
    for (const [version, path] of templates) {
      await vendor.json('publish', path)
      await vendor.json('export', `shelf@${version}`, '--out', bundleOf(version))
    }
    fingerprint = (await vendor.json<{ fingerprint: string }[]>('keys', 'list'))[0]?.fingerprint ?? ''
  })

  afterAll(async () => {
    console.log(`kills: ${total()}: ${JSON.stringify(killer.kills)}`)
    await site?.clear()
  })

  it('publishes: a release is there wholly or not at all', async () => {
    for (let round = 0; killed(['publish']) < KILLS * SHARES.publish; round++) {
      const sealift = fresh('publisher', vendor.place)
      const acknowledged: string[] = []
      for (const [version, path] of templates) {
        await killer.run({
          kind: 'publish',
          sealift,
          argv: () => ['publish', path],
          reached: () => versionsOf(sealift.data).includes(version),
          check: () => expect([acknowledged, [...acknowledged, version]]).toContainEqual(assertWhole(sealift.data).releases.map((release) => release.version)),
        })
        acknowledged.push(version)
      }
      // The folder is as good as one in which nothing was killed.
      if (round === 0) await sealift.json('export', 'shelf@1.1.0', '--out', join(folder, 'after-kills.sealift'), '--overwrite')
    }
  })

  it('exports: a file is there whole or not at all', async () => {
    while (killed(['export']) < KILLS * SHARES.export) {
      const out = join(folder, 'killed.sealift')
      rmSync(out, { force: true })
      await killer.run({
        kind: 'export',
        sealift: vendor,
        argv: () => ['export', 'shelf@1.0.0', '--out', out],
        reached: () => existsSync(out),
        check: () => void assertWhole(vendor.data),
      })
      await vendor.json('verify', out)
    }
  })

  it('imports: releases are there wholly or not at all, and those that were stay', async () => {
    while (killed(['import']) < KILLS * SHARES.import) {
      const sealift = fresh('importer', site.sealift('nobody').place)
      const acknowledged: string[] = []
      for (const version of SHELF_VERSIONS) {
        await killer.run({
          kind: 'import',
          sealift,
          argv: () => ['import', bundleOf(version), '--trust', fingerprint],
          reached: () => versionsOf(sealift.data).includes(version),
          check: () => expect([acknowledged, [...acknowledged, version]]).toContainEqual(assertWhole(sealift.data).releases.map((release) => release.version)),
        })
        acknowledged.push(version)
      }
    }
  })

  it('collects: what is needed stays, and what is not goes in the end', async () => {
    const keep = '1.1.0'
    const full = fresh('full', site.sealift('nobody').place)
    await full.json('import', ...SHELF_VERSIONS.map(bundleOf), '--trust', fingerprint)
    const digests = lookIntoDatabase(full.data).releases.filter(({ version }) => version !== keep)
    for (const { version } of digests) await full.json('releases', 'remove', `shelf@${version}`)
    while (killed(['gc']) < KILLS * SHARES.gc) {
      const sealift = fresh('collector', full.place)
      copyDataFolder(full.data, sealift.data)
      await killer.run({
        kind: 'gc',
        sealift,
        argv: () => ['gc', '--min-age', '0s'],
        reached: () => digests.every(({ digest }) => missingOf(sealift.data, digest)[0] === digest),
        check: () => expect(assertWhole(sealift.data).releases.map(({ version }) => version)).toEqual([keep]),
      })
      await sealift.json('export', `shelf@${keep}`, '--out', join(folder, 'after-gc.sealift'), '--overwrite')
    }
  })

  it('backs up and restores: a backup is whole or not there, and so is what is restored from it', async () => {
    const full = fresh('backed-up', site.sealift('nobody').place)
    await full.json('import', ...SHELF_VERSIONS.map(bundleOf), '--trust', fingerprint)
    const wanted = assertWhole(full.data).releases
    const passphrase = join(folder, 'passphrase')
    writeFileSync(passphrase, 'correct horse battery staple\n')
    const backup = join(folder, 'site.backup')
    while (killed(['backup', 'restore']) < KILLS * SHARES.backup) {
      rmSync(backup, { force: true })
      await killer.run({
        kind: 'backup',
        sealift: full,
        argv: () => ['backup', '--out', backup, '--passphrase-file', passphrase],
        reached: () => existsSync(backup),
        check: () => expect(assertWhole(full.data).releases).toEqual(wanted),
      })
      const sealift = fresh('restored', full.place)
      await killer.run({
        kind: 'restore',
        sealift,
        argv: () => ['restore', backup, '--passphrase-file', passphrase],
        reached: () => lookIntoDatabase(sealift.data).releases.length > 0,
        check: () => expect([[], wanted]).toContainEqual(assertWhole(sealift.data).releases),
      })
      await sealift.json('export', 'shelf@1.0.0', '--out', join(folder, 'after-restore.sealift'), '--overwrite')
    }
  })

  it('changes an installation: every change can be finished, and no revision is lost', async () => {
    const library = fresh('library', site.sealift('nobody').place)
    await library.json('import', ...SHELF_VERSIONS.map(bundleOf), '--trust', fingerprint)
    const kinds = ['install', 'upgrade', 'failing upgrade', 'rollback', 'uninstall']
    while (killed(kinds) < KILLS * SHARES.change) {
      const sealift = fresh('changer', library.place)
      copyDataFolder(library.data, sealift.data)
      let recorded: DatabaseLook['revisions'] = []

      const run = async (kind: string, argv: readonly string[], isDone: (look: DatabaseLook) => boolean, code = 0): Promise<void> => {
        const before = recorded
        const reached = (look = lookIntoDatabase(sealift.data)): boolean => look.openRun === undefined && isDone(look)
        await killer.run({
          kind,
          sealift,
          argv: () => {
            const { openRun } = lookIntoDatabase(sealift.data)
            return openRun === undefined ? argv : ['jobs', 'resume', openRun]
          },
          reached,
          code,
          check: () => {
            const look = assertWhole(sealift.data)
            if (kind !== 'uninstall' || !reached(look)) expect(look.revisions.slice(0, before.length)).toEqual(before)
          },
        })
        recorded = lookIntoDatabase(sealift.data).revisions
      }

      /** A change that ends with a revision of its own. */
      const change = (kind: string, argv: readonly string[], last: { readonly kind: string; readonly outcome: string }, code?: number): Promise<void> => {
        const before = recorded.length
        return run(
          kind,
          argv,
          ({ revisions }) => revisions.length > before && revisions.at(-1)?.kind === last.kind && revisions.at(-1)?.outcome === last.outcome,
          code,
        )
      }

      await change('install', ['install', 'shelf@1.0.0'], { kind: 'install', outcome: 'done' })
      await change('upgrade', ['upgrade', 'shelf', '--to', '1.1.0'], { kind: 'upgrade', outcome: 'done' })
      await change('failing upgrade', ['upgrade', 'shelf', '--to', BROKEN_SHELF], { kind: 'return', outcome: 'done' }, 1)
      expect(await sealift.json<InstallationStatus>('status', 'shelf')).toMatchObject({ version: '1.1.0', health: 'healthy' })
      await change('rollback', ['rollback', 'shelf', '--to', '1'], { kind: 'rollback', outcome: 'done' })
      expect(await sealift.json<InstallationStatus>('status', 'shelf')).toMatchObject({ version: '1.0.0', health: 'healthy' })
      await run('uninstall', ['uninstall', 'shelf', '--delete-data'], ({ revisions }) => revisions.length === 0)
      for (const list of [
        ['ps', '--all'],
        ['volume', 'ls'],
      ])
        expect(await site.engine.docker(...list, '--quiet')).toBe('')
    }
  })

  it(`was killed ${KILLS} times or more`, () => {
    expect(total()).toBeGreaterThanOrEqual(KILLS)
  })
})

import { cp, open, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { BackedUp } from '@sealift/api/backed-up.ts'
import { readBlob } from '@sealift/content/read-blob.ts'
import { contentOf } from '@sealift/template/release.ts'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openDataFolder } from '../../data/data-folder.ts'
import { createSide, createWorkplace, publishFrom, type Side, type Workplace } from '../../library/library-fixture.ts'
import { createServices } from '../../services.ts'
import { type Restored, type RestoreOptions, restoreBackup } from './restore-backup.ts'

const PASSPHRASE = 'correct horse battery'

describe('backup and restore', () => {
  let workplace: Workplace
  let side: Side
  let fingerprint: string
  beforeEach(async () => {
    workplace = await createWorkplace()
    side = await createSide()
    await publishFrom(workplace, side, await workplace.template({ version: '1.0.0' }))
    await side.services.targets.ensureDefaults({ driver: 'memory', address: 'here' })
    fingerprint = (await side.services.keys.signingKey()).fingerprint
  })
  afterEach(async () => {
    await side[Symbol.asyncDispose]()
    await workplace[Symbol.asyncDispose]()
  })

  const at = (name: string): string => join(workplace.folder, name)
  const backUp = async (out: string, more: { folder?: true; withoutContent?: true; keep?: number; overwrite?: true } = {}): Promise<BackedUp> =>
    (await side.done(side.services.backups.start({ out, passphrase: PASSPHRASE, ...more }))).result as BackedUp
  const restore = (from: string, more: Partial<RestoreOptions> = {}): Promise<Restored> =>
    restoreBackup({ from, data: at('restored'), passphrase: PASSPHRASE, ...more })

  /** Opens a restored data folder, and expects that it has the release with so much of its content, and the signing key. */
  async function expectRestored(data: string, versions: readonly string[], content: 'all' | 'small' = 'all'): Promise<void> {
    const folder = await openDataFolder(data)
    if (folder === undefined) throw new Error('it has an owner')
    try {
      const { library, keys } = createServices(folder, { drivers: {}, registryAddress: '127.0.0.1:7070', supervised: false })
      expect((await library.list()).map(({ version }) => version).toSorted()).toEqual(versions.toSorted())
      expect((await keys.signingKey()).fingerprint).toBe(fingerprint)
      for (const { release } of await library.all()) {
        for (const { digest, size } of contentOf(release)) if (content === 'all') expect(await readBlob(folder.store, digest)).toHaveLength(size)
      }
      expect(await folder.db.selectFrom('job').select('kind').where('kind', '=', 'backup').where('state', '!=', 'done').execute()).toEqual([])
    } finally {
      await folder.close()
    }
  }

  it('brings everything back from one file, with the key that only the passphrase opens', async () => {
    const made = await backUp(at('b.backup'))
    expect(made).toMatchObject({ path: at('b.backup'), content: 'all', lacking: 0, written: (await stat(at('b.backup'))).size })
    expect((await readFile(at('b.backup'))).includes((await readFile(`${side.folder.path}.key`, 'utf8')).trim())).toBe(false)
    const restored = await restore(at('b.backup'))
    expect(restored).toMatchObject({
      was: side.folder.path,
      releases: 1,
      blobs: made.blobs,
      targets: [{ name: 'local', driver: 'memory', address: 'here' }],
      installations: [],
    })
    await expectRestored(at('restored'), ['1.0.0'])
  })

  it('writes into a folder only what is new, restores each backup in it, and keeps as many as asked', async () => {
    const first = await backUp(at('backups'), { folder: true })
    await publishFrom(workplace, side, await workplace.template({ version: '2.0.0', content: 'other' }))
    const second = await backUp(at('backups'))
    expect(second.blobs).toBe(first.blobs + 3)
    expect(second.written).toBeLessThan(first.written + 20_000)
    const again = await backUp(at('backups'))
    expect(again.blobs).toBe(second.blobs)
    const names = await readdir(at('backups/snapshots'))
    expect(names).toHaveLength(3)
    await restore(at('backups'), { data: at('newest') })
    await expectRestored(at('newest'), ['1.0.0', '2.0.0'])
    await restore(at('backups'), { data: at('oldest'), snapshot: names.toSorted()[0] as string })
    await expectRestored(at('oldest'), ['1.0.0'])
    await expect(restore(at('backups'), { snapshot: 'none' })).rejects.toMatchObject({
      code: 'FILE_NOT_FOUND',
      hint: expect.stringContaining(names[0] as string),
    })
    await side.services.releaseRemover.remove('shop', '2.0.0')
    await backUp(at('backups'), { keep: 1 })
    expect(await readdir(at('backups/snapshots'))).toHaveLength(1)
    const blobs = (await readdir(at('backups/content/blobs'), { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())
    expect(blobs).toHaveLength(first.blobs)
    await restore(at('backups'), { data: at('thinned') })
    await expectRestored(at('thinned'), ['1.0.0'])
  })

  it('leaves the large content out where that is asked for, and says what is lacking', async () => {
    // No layer of the fixture is large: what counts as small is tried with a blob of the database's.
    await expect(backUp(at('small.backup'), { withoutContent: true })).resolves.toMatchObject({ content: 'small', lacking: 0 })
    await restore(at('small.backup'))
    await expectRestored(at('restored'), ['1.0.0'], 'small')
    const { release } = await side.services.library.find('shop', '1.0.0')
    await side.folder.store.delete(release.files['./site.conf']?.digest as never)
    expect(await backUp(at('lacking.backup'))).toMatchObject({ lacking: 1 })
  })

  it('is as it was at one moment, whatever is committed while it is made', async () => {
    const making = backUp(at('b.backup'))
    const publishing = publishFrom(workplace, side, await workplace.template({ version: '2.0.0', content: 'other' }))
    await Promise.all([making, publishing])
    await restore(at('b.backup'))
    const folder = await openDataFolder(at('restored'))
    const { library } = createServices(folder as NonNullable<typeof folder>, { drivers: {}, registryAddress: '', supervised: false })
    const all = await library.all()
    for (const { release } of all) for (const { digest, size } of contentOf(release)) expect(await readBlob(folder?.store as never, digest)).toHaveLength(size)
    expect(all.length).toBeGreaterThan(0)
    await folder?.close()
  })

  it('gives targets new addresses', async () => {
    await backUp(at('b.backup'))
    await expect(restore(at('b.backup'), { targets: new Map([['remote', 'there']]) })).rejects.toMatchObject({
      code: 'TARGET_NOT_FOUND',
      message: expect.stringContaining('local'),
    })
    expect((await restore(at('b.backup'), { targets: new Map([['local', 'there']]) })).targets).toEqual([{ name: 'local', driver: 'memory', address: 'there' }])
  })

  it('refuses a wrong passphrase, a folder that holds something, the key of another folder, and what is no backup', async () => {
    await backUp(at('b.backup'))
    await expect(restore(at('b.backup'), { passphrase: 'wrong passphrase' })).rejects.toMatchObject({ code: 'BACKUP_PASSPHRASE_WRONG' })
    expect(await stat(at('restored')).catch(() => undefined)).toBeUndefined()
    await expect(restore(at('b.backup'), { data: side.folder.path })).rejects.toMatchObject({ code: 'DATA_NOT_EMPTY' })
    await writeFile(at('restored.key'), `${Buffer.alloc(32, 7).toString('base64')}\n`)
    await expect(restore(at('b.backup'))).rejects.toMatchObject({ code: 'FILE_EXISTS', message: expect.stringContaining('restored.key') })
    await rm(at('restored.key'))
    for (const bytes of ['', 'no tar', Buffer.alloc(5000)]) {
      await writeFile(at('other'), bytes)
      await expect(restore(at('other'))).rejects.toMatchObject({ code: 'BACKUP_INVALID' })
    }
    await expect(restore(at('none'))).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
    await expect(backUp(at('short'), {}).then(() => side.services.backups.start({ out: at('x'), passphrase: 'short' }))).rejects.toMatchObject({
      code: 'USAGE',
    })
    await expect(backUp(at('b.backup'))).rejects.toMatchObject({ code: 'FILE_EXISTS' })
    await expect(backUp(workplace.folder)).rejects.toMatchObject({ code: 'BACKUP_INVALID' })
  })

  it('makes no data folder out of a file that is damaged anywhere', async () => {
    await backUp(at('b.backup'))
    const { size } = await stat(at('b.backup'))
    const accepted: number[] = []
    for (let position = 100; position < size; position += Math.floor(size / 15)) {
      await cp(at('b.backup'), at('damaged'))
      const file = await open(at('damaged'), 'r+')
      const byte = Buffer.alloc(1)
      await file.read(byte, 0, 1, position)
      await file.write(Buffer.from([(byte[0] as number) ^ 0x20]), 0, 1, position)
      await file.close()
      await rm(at('restored'), { recursive: true, force: true })
      await rm(at('restored.key'), { force: true })
      const outcome = await restore(at('damaged')).catch((thrown: { code?: string }) => thrown.code)
      if (typeof outcome === 'string') {
        expect(outcome, `a byte at ${position}`).toMatch(/^(BACKUP_(DAMAGED|INVALID|PASSPHRASE_WRONG)|DATABASE_NEWER)$/)
        // Not even another command takes what was begun for a data folder.
        if (await stat(at('restored')).catch(() => undefined)) await expect(openDataFolder(at('restored'))).rejects.toMatchObject({ code: 'DATA_UNFINISHED' })
      } else accepted.push(position)
    }
    // Only zeros between the members may be others.
    for (const position of accepted) expect((await readFile(at('b.backup')))[position]).toBe(0)
    await truncate(at('damaged'), Math.floor(size / 2))
    await rm(at('restored'), { recursive: true, force: true })
    await expect(restore(at('damaged'))).rejects.toMatchObject({ code: 'BACKUP_DAMAGED' })
  })

  it('goes on with a restore that was cut off', async () => {
    await backUp(at('b.backup'))
    const cut = new AbortController()
    const progress = (stage: string): void => {
      if (stage === 'Restoring content') cut.abort(new Error('cut off'))
    }
    await expect(restore(at('b.backup'), { progress, signal: cut.signal })).rejects.toThrow('cut off')
    await expect(openDataFolder(at('restored'))).rejects.toMatchObject({ code: 'DATA_UNFINISHED' })
    await restore(at('b.backup'))
    await expectRestored(at('restored'), ['1.0.0'])
    await expect(restore(at('b.backup'))).rejects.toMatchObject({ code: 'DATA_NOT_EMPTY' })
  })
})

import { mkdirSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { InstallationStatus, RevisionSummary } from '@sealift/api/installation.ts'
import type { Job } from '@sealift/api/job.ts'
import { bookshopTemplate } from '@sealift/testbed/images.ts'
import { afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { blobsOf, leftOversOf, siblingsOf } from './fixtures/data-folder.ts'
import { kioskMissing, kiosks, kioskVendor } from './fixtures/kiosk.ts'
import { expectRefused, releasesOf } from './fixtures/refusal.ts'
import type { Running, Sealift } from './fixtures/sealift.ts'
import { openSite, type Site } from './fixtures/site.ts'
import { published, vendorCopy } from './fixtures/vendor.ts'

const missing = await kioskMissing()

describe.skipIf(missing !== undefined)(`a program that is killed${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  /** Kills a command as soon as something is so; it must not have ended by itself. */
  async function killWhen(running: Running, isSo: () => boolean): Promise<void> {
    let ended = false
    void running.ended.then(() => (ended = true))
    while (!isSo()) {
      if (ended) throw new Error(`the command ended before it could be killed: ${(await running.ended).stderr}`)
      await sleep(2)
    }
    expect((await running.kill()).code).toBeNull()
  }

  /** What tells a blob's file from one that was written anew. */
  const identities = (data: string): Map<string, string> =>
    new Map(
      blobsOf(data).map((name) => {
        const { ino, mtimeMs } = statSync(join(data, 'content/blobs', name))
        return [name, `${ino} ${mtimeMs}`]
      }),
    )

  function expectKept(data: string, before: ReadonlyMap<string, string>): void {
    const after = identities(data)
    for (const [name, identity] of before) expect(after.get(name)).toBe(identity)
  }

  it('while it imports leaves nothing visible, and does not store again what it had', async () => {
    const { bundles, fingerprint } = await published()
    const site = await openSite()
    const sealift = site.sealift('killed-import')
    const importIt = ['import', bundles['2.9'], '--trust', fingerprint]
    await killWhen(sealift.start(...importIt), () => blobsOf(sealift.data).length >= 20)
    expect(await releasesOf(sealift)).toEqual([])
    expect(leftOversOf(sealift.data)).toEqual([])
    expect(await sealift.json('jobs', 'list')).toMatchObject([{ kind: 'import', state: 'interrupted' }])
    const kept = identities(sealift.data)
    const { stored, present } = await sealift.json<{ stored: { blobs: number }; present: { blobs: number } }>(...importIt)
    expect(present.blobs).toBe(kept.size)
    expect(stored.blobs).toBeGreaterThan(0)
    expectKept(sealift.data, kept)
    expect(await releasesOf(sealift)).toHaveLength(1)
  })

  it('while it exports leaves no file under the name, and nothing beside it after the next try', async () => {
    const vendor = await vendorCopy(join(inject('runFolder'), 'vendor-killed-export'))
    const out = join(inject('runFolder'), 'killed-export/bookshop.sealift')
    mkdirSync(dirname(out), { recursive: true })
    const running = vendor.start('export', 'bookshop@2.9.0', '--out', out)
    await running.seen('Copying content')
    await killWhen(running, () => siblingsOf(out).some((name) => statSync(join(dirname(out), name)).size > 0))
    expect(siblingsOf(out)).not.toContain('bookshop.sealift')
    await vendor.json('export', 'bookshop@2.9.0', '--out', out)
    expect(siblingsOf(out)).toEqual(['bookshop.sealift'])
    await vendor.json('verify', out)
    rmSync(dirname(out), { recursive: true })
  })

  it('while it publishes leaves nothing visible, and the next try uses what is there', async () => {
    const vendor = await kioskVendor('killed-publish')
    const publish = ['publish', bookshopTemplate('2.9')]
    await killWhen(vendor.start(...publish), () => blobsOf(vendor.data).length >= 8)
    expect(await releasesOf(vendor)).toEqual([])
    expect(leftOversOf(vendor.data)).toEqual([])
    const kept = blobsOf(vendor.data)
    expect(await vendor.json(...publish)).toMatchObject({ sequence: 1, unchanged: false })
    // What was whole belongs to the release: nothing of it lies there without use.
    const { vendor: whole } = await published()
    const wanted = new Set(blobsOf(whole.data))
    expect(kept.filter((name) => !wanted.has(name))).toEqual([])
    expect(leftOversOf(vendor.data)).toEqual([])
    expect(await vendor.json(...publish)).toMatchObject({ sequence: 1, unchanged: true })
  })

  describe('while it changes an installation', () => {
    let site: Site
    let library: string

    beforeAll(async () => {
      site = await openSite()
      await site.clear()
      const { bundles, fingerprint } = await kiosks()
      const sealift = site.sealift('kill-library')
      await sealift.json('import', ...Object.values(bundles), '--trust', fingerprint)
      library = sealift.data
    })

    const sign = async (): Promise<string> => (await site.request('http://127.0.0.1:8087/')).body
    const install = ['install', 'kiosk@1.0.0', '--set', 'port=8087']
    const jobOf = async (sealift: Sealift): Promise<Job> => {
      const [job] = await sealift.json<Job[]>('jobs', 'list', '--limit', '1')
      if (job === undefined) throw new Error('there is no job')
      return job
    }

    async function killAt(sealift: Sealift, argv: readonly string[], text: string): Promise<Job> {
      const running = sealift.start(...argv)
      await running.seen(text)
      expect((await running.kill()).code).toBeNull()
      const job = await jobOf(sealift)
      expect(job).toMatchObject({ kind: argv[0], state: 'interrupted' })
      return job
    }

    afterEach(() => site.clear())

    it.each(['Generated a secret', 'Transferring images', 'counter: Starting'])(
      'goes on from "%s" in an installation when it is told to, and lets nothing else begin before',
      async (text) => {
        const sealift = site.sealift('killed-install', { copyOf: library })
        const images = (await site.engine.docker('image', 'ls', '--quiet', '--filter', 'reference=sealift.local/*/sealift-e2e/busybox'))
          .split('\n')
          .filter(Boolean)
        if (images.length > 0) await site.engine.docker('image', 'rm', '--force', ...new Set(images))
        const { id } = await killAt(sealift, install, text)
        const open = { code: 'RUN_OPEN', names: ['kiosk', `job ${id}`], hint: `sealift jobs resume ${id}` } as const
        await expectRefused(sealift, install, open)
        const resumed = await sealift.json<Job>('jobs', 'resume', String(id))
        expect(resumed).toMatchObject({ id, state: 'done', result: { version: '1.0.0', revision: 1 } })
        expect(await sealift.json<InstallationStatus>('status', 'kiosk')).toMatchObject({ health: 'healthy', revision: 1 })
        expect(await sign()).toBe('open\n')
        await expectRefused(sealift, ['jobs', 'resume', String(id)], { code: 'JOB_NOT_INTERRUPTED', names: [`job ${id}`, 'done'], hint: /./ })
        await sealift.json('uninstall', 'kiosk', '--delete-data')
        expect(await site.engine.docker('ps', '--all', '--quiet')).toBe('')
        expect(await site.engine.docker('volume', 'ls', '--quiet')).toBe('')
      },
    )

    it('has changed nothing where it was killed before it began, and can be told anew', async () => {
      const sealift = site.sealift('killed-early', { copyOf: library })
      const running = sealift.start(...install)
      await running.seen('Looking at the target')
      await running.kill()
      const { id } = await jobOf(sealift)
      const resumed = await sealift.run('jobs', 'resume', String(id), '--json')
      if (resumed.code !== 0) {
        expect(JSON.parse(resumed.stdout)).toMatchObject({ error: { code: 'RUN_NOT_FOUND', hint: 'Start it again.' } })
        await sealift.json(...install)
      }
      expect(await sign()).toBe('open\n')
      await sealift.json('uninstall', 'kiosk', '--delete-data')
    })

    it('goes on with an upgrade, forward and on the way back', async () => {
      const sealift = site.sealift('killed-upgrade', { copyOf: library })
      await sealift.json(...install)
      const forward = await killAt(sealift, ['upgrade', 'kiosk', '--to', '1.1.0'], 'sign: Starting')
      await expectRefused(sealift, ['rollback', 'kiosk', '--to', '1'], { code: 'RUN_OPEN', names: ['kiosk'], hint: `sealift jobs resume ${forward.id}` })
      await expectRefused(sealift, ['uninstall', 'kiosk'], { code: 'RUN_OPEN', names: ['kiosk'], hint: `sealift jobs resume ${forward.id}` })
      expect(await sealift.json('jobs', 'resume', String(forward.id))).toMatchObject({ state: 'done', result: { version: '1.1.0', revision: 2 } })
      expect(await sign()).toBe('open until late\n')

      const back = await killAt(sealift, ['upgrade', 'kiosk', '--to', '1.2.0'], 'Returning to revision 2')
      const failure = await sealift.failure('jobs', 'resume', String(back.id))
      expect(failure.error).toMatchObject({ message: expect.stringContaining('counter'), details: { outcome: 'returned', returned: 4 } })
      const history = await sealift.json<RevisionSummary[]>('history', 'kiosk')
      expect(history.map(({ number, kind, outcome, version }) => [number, kind, outcome, version])).toEqual([
        [4, 'return', 'done', '1.1.0'],
        [3, 'upgrade', 'failed', '1.2.0'],
        [2, 'upgrade', 'done', '1.1.0'],
        [1, 'install', 'done', '1.0.0'],
      ])
      expect(await sign()).toBe('open until late\n')
      await sealift.json('uninstall', 'kiosk', '--delete-data')
    })

    it('goes on by itself where a server runs', async () => {
      const sealift = site.sealift('killed-server', { copyOf: library })
      const up = ['up', '--listen', '127.0.0.1:0', '--json']
      const server = sealift.start(...up)
      await server.seen('"registry"')
      const client = sealift.start(...install, '--json')
      await client.seen('counter: Starting')
      await server.kill()
      const ended = await client.ended
      expect(ended.code).toBe(1)
      expect(JSON.parse(ended.stdout)).toMatchObject({
        error: { code: expect.stringMatching(/^(JOB_INTERRUPTED|SERVER_UNREACHABLE)$/), hint: expect.stringContaining('jobs resume') },
      })

      const next = sealift.start(...up)
      await next.seen('"registry"')
      const { id } = await jobOf(sealift)
      expect(await sealift.json('jobs', 'show', String(id), '--follow')).toMatchObject({ state: 'done', result: { version: '1.0.0' } })
      expect(await sign()).toBe('open\n')
      await sealift.json('uninstall', 'kiosk', '--delete-data')
      expect((await next.kill('SIGTERM')).code).toBe(0)
    })
  })
})

import { setTimeout as sleep } from 'node:timers/promises'
import type { InstallationStatus, RevisionSummary } from '@sealift/api/installation.ts'
import type { Job } from '@sealift/api/job.ts'
import { startEngine } from '@sealift/testbed/engine.ts'
import { afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { kioskMissing, kiosks } from './fixtures/kiosk.ts'
import { engineOptions } from './fixtures/run-folder.ts'
import { openSite, type Site } from './fixtures/site.ts'

const missing = await kioskMissing()

describe.skipIf(missing !== undefined)(`an engine that dies in the middle${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  let site: Site
  let library: string

  /** Kills the engine with all its containers, and gives a way to start it again. */
  async function killEngine(): Promise<() => Promise<void>> {
    await site.engine.stop({ now: true })
    return async () => void (await startEngine(engineOptions(inject('runFolder'))))
  }

  beforeAll(async () => {
    site = await openSite()
    await site.clear()
    const { bundles, fingerprint } = await kiosks()
    const sealift = site.sealift('engine-library')
    await sealift.json('import', ...Object.values(bundles), '--trust', fingerprint)
    library = sealift.data
  })

  afterEach(() => site.clear())

  const install = ['install', 'kiosk@1.0.0', '--set', 'port=8087']

  it('is waited for by an installation, which then comes through', async () => {
    const sealift = site.sealift('engine-install', { copyOf: library })
    const running = sealift.start(...install, '--json')
    await running.seen('counter: Starting')
    const startAgain = await killEngine()
    await running.seen('waiting for it')
    await sleep(500)
    await startAgain()
    expect((await running.ended).code).toBe(0)
    expect(await sealift.json<InstallationStatus>('status', 'kiosk')).toMatchObject({ health: 'healthy', revision: 1 })
  })

  it('and a program that is stopped meanwhile leave an upgrade that can be gone on with', async () => {
    const sealift = site.sealift('engine-upgrade', { copyOf: library })
    await sealift.json(...install)
    const running = sealift.start('upgrade', 'kiosk', '--to', '1.1.0')
    await running.seen('sign: Starting')
    const startAgain = await killEngine()
    await running.seen('waiting for it')
    await running.kill('SIGTERM')
    const [job] = await sealift.json<Job[]>('jobs', 'list', '--limit', '1')
    expect(job).toMatchObject({ kind: 'upgrade', state: 'interrupted' })
    await startAgain()
    expect(await sealift.json('jobs', 'resume', String(job?.id))).toMatchObject({ state: 'done', result: { version: '1.1.0', revision: 2 } })
    expect(await sealift.json<InstallationStatus>('status', 'kiosk')).toMatchObject({ health: 'healthy' })
    expect((await sealift.json<RevisionSummary[]>('history', 'kiosk')).map(({ outcome }) => outcome)).toEqual(['done', 'done'])
  })

  it('before anything was changed is named, and nothing is left open', async () => {
    const sealift = site.sealift('engine-before', { copyOf: library })
    const startAgain = await killEngine()
    const { error } = await sealift.failure(...install)
    expect(error).toMatchObject({ code: 'ENGINE_UNREACHABLE', hint: expect.stringContaining('Start the engine') })
    await startAgain()
    expect(await sealift.json<Job>(...install)).toMatchObject({ revision: 1 })
  })
})

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Job } from '@sealift/api/job.ts'
import type { Plan } from '@sealift/api/plan.ts'
import type { SignedReport } from '@sealift/api/report.ts'
import type { Snapshot } from '@sealift/api/snapshot.ts'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { kioskMissing, kioskVendor, writeKiosk } from './fixtures/kiosk.ts'
import type { Sealift } from './fixtures/sealift.ts'
import { openSite, type Site } from './fixtures/site.ts'

const missing = await kioskMissing()

const PORT = 8093

/** A kiosk whose till notes in its data which version started, and cannot go back. */
const ledger = (version: string) => (yaml: string) =>
  yaml
    .replace(
      /(workload: stateful\n(?: {4}.*\n)*? {4}command: ).*\n/,
      `$1["sh", "-c", "busybox echo ${version} >>/cash/ledger; exec busybox sleep 1000000"]\n    data: forwardOnly\n`,
    )
    .replace(/$/, `checks: [{name: ledger, title: The ledger is there, image: sealift-e2e/busybox:1, command: [busybox, "true"]}]\n`)

/** The counter with a hook that notes each of its runs in a volume of the counter. */
const withHook = (yaml: string): string =>
  yaml.replace(
    /( {2}- name: counter\n(?: {4}.*\n)*?)( {4}probes:)/,
    '$1    volumes: [{name: notes, path: /notes}]\n    hooks: {beforeUpgrade: {command: ["sh", "-c", "busybox echo ran >>/notes/runs; busybox sleep 5"]}}\n$2',
  )

describe.skipIf(missing !== undefined)(`data at a real engine${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  let site: Site
  let library: string

  beforeAll(async () => {
    site = await openSite()
    await site.clear()
    const vendor = await kioskVendor('data')
    const releases = [
      writeKiosk('data-1', { version: '1.0.0', change: ledger('one') }),
      writeKiosk('data-2', { version: '2.0.0', text: 'second', change: ledger('two') }),
      writeKiosk('data-3', { version: '3.0.0', change: ledger('three'), counter: ['sh', '-c', 'exit 3'] }),
      writeKiosk('data-4', { version: '4.0.0', change: (yaml) => withHook(ledger('four')(yaml)) }),
    ]
    for (const template of releases) await vendor.json('publish', template)
    const [key] = await vendor.json<{ fingerprint: string }[]>('keys', 'list')
    const sealift = site.sealift('data-library')
    for (const version of [1, 2, 3, 4]) {
      const out = join(inject('runFolder'), `data-${version}.sealift`)
      await vendor.json('export', `kiosk@${version}.0.0`, '--out', out, '--overwrite')
      await sealift.json('import', out, '--trust', key?.fingerprint ?? '')
    }
    library = sealift.data
  })
  afterAll(() => site.clear())
  beforeEach(() => site.clear())

  const read = async (component: string, path: string): Promise<string> =>
    (await site.engine.docker('exec', `sealift.kiosk.${component}.0`, 'busybox', 'cat', path)).trim().replaceAll('\n', ' ')
  const volumes = async (): Promise<string[]> =>
    (await site.engine.docker('volume', 'ls', '--quiet'))
      .split('\n')
      .filter((name) => name.startsWith('kiosk.'))
      .toSorted()
  const lastJob = async (sealift: Sealift): Promise<Job> => {
    const [job] = await sealift.json<Job[]>('jobs', 'list', '--limit', '1')
    if (job === undefined) throw new Error('there is no job')
    return job
  }

  it('that cannot go back comes back by itself where an upgrade fails', async () => {
    const sealift = site.sealift('data-returns', { copyOf: library })
    await sealift.json('install', 'kiosk@1.0.0', '--set', `port=${PORT}`)
    await site.engine.docker('exec', 'sealift.kiosk.till.0', 'sh', '-c', 'busybox echo coins >>/cash/ledger')
    expect(await sealift.text('plan', 'kiosk', '--to', '3.0.0')).toContain('snapshot cash: copied while it stands still')
    const failure = await sealift.failure('upgrade', 'kiosk', '--to', '3.0.0')
    expect(failure.error).toMatchObject({ code: 'COMPONENT_CRASHED', details: { outcome: 'returned', returned: 3 } })
    expect(failure.stderr).toContain('Data brought back: till/cash')
    // What the failed version wrote is aside; the second one is the start after the way back.
    expect(await read('till', '/cash/ledger')).toBe('one coins one')
    expect(await volumes()).toEqual(['kiosk.till.cash.1', 'kiosk.till.cash.1.s2', 'kiosk.till.cash.2'])
    expect(await sealift.json<Snapshot[]>('snapshot', 'list', 'kiosk')).toMatchObject([
      { number: 2, of: 1, version: '1.0.0', volumes: [{ component: 'till', volume: 'cash', files: 1 }] },
    ])
    await sealift.json('uninstall', 'kiosk', '--delete-data')
    expect(await volumes()).toEqual([])
  })

  it('comes back with a rollback where that is chosen, and the reports of all changes stay', async () => {
    const sealift = site.sealift('data-rollback', { copyOf: library })
    await sealift.json('install', 'kiosk@1.0.0', '--set', `port=${PORT}`)
    await sealift.json('upgrade', 'kiosk', '--to', '2.0.0')
    expect(await read('till', '/cash/ledger')).toBe('one two')
    const shown = await sealift.json<Plan>('rollback', 'kiosk', '--restore-data', '--dry-run')
    expect(shown.items.find(({ effect }) => effect === 'restored')).toMatchObject({ component: 'till', name: 'cash' })
    await sealift.json('rollback', 'kiosk', '--restore-data')
    expect(await read('till', '/cash/ledger')).toBe('one one')
    expect((await site.request(`http://127.0.0.1:${PORT}/`)).body).toBe('open\n')
    expect(await volumes()).toEqual(['kiosk.till.cash.1', 'kiosk.till.cash.1.s2', 'kiosk.till.cash.2'])

    // A copy on demand, and back to it.
    await sealift.json('snapshot', 'create', 'kiosk')
    await site.engine.docker('exec', 'sealift.kiosk.till.0', 'sh', '-c', 'busybox rm /cash/ledger')
    await sealift.json('rollback', 'kiosk', '--to', '4', '--restore-data', '4')
    expect(await read('till', '/cash/ledger')).toBe('one one one')
    const refused = await sealift.failure('rollback', 'kiosk', '--restore-data', '77')
    expect(refused).toMatchObject({ code: 4, error: { code: 'SNAPSHOT_NOT_FOUND' } })
    await sealift.json('snapshot', 'remove', 'kiosk', '2')
    expect((await sealift.json<Snapshot[]>('snapshot', 'list', 'kiosk')).map(({ number }) => number)).toEqual([4])

    const file = join(inject('runFolder'), 'kiosk-report.json')
    const { report } = await sealift.json<SignedReport>('report', 'kiosk', '--out', file)
    expect(report).toMatchObject({
      kind: 'upgrade',
      revision: 2,
      version: '2.0.0',
      outcome: 'done',
      checks: [{ check: 'ledger', title: 'The ledger is there', passed: true }],
    })
    expect((await sealift.json<SignedReport>('report', 'kiosk', '1')).report).toMatchObject({ kind: 'install', version: '1.0.0' })
    const elsewhere = site.sealift('data-elsewhere')
    expect(await elsewhere.json('verify', file)).toMatchObject({ trust: 'unknown', report: { installation: 'kiosk' } })
    expect(await sealift.text('verify', file)).toContain('as it was signed')
    const envelope = JSON.parse(readFileSync(file, 'utf8')) as { payload: string }
    const lie = Buffer.from(envelope.payload, 'base64').toString().replace('2.0.0', '9.0.0')
    writeFileSync(file, JSON.stringify({ ...envelope, payload: Buffer.from(lie).toString('base64') }))
    expect((await elsewhere.failure('verify', file)).error.code).toBe('SIGNATURE_INVALID')
    await sealift.json('uninstall', 'kiosk', '--delete-data')
    expect((await sealift.json<SignedReport>('report', 'kiosk')).report.revision).toBe(2)
  })

  it('is prepared by a hook that outlives the program, and that nobody runs twice unasked', async () => {
    const sealift = site.sealift('data-hook', { copyOf: library })
    await sealift.json('install', 'kiosk@1.0.0', '--set', `port=${PORT}`)
    const cutOff = async (): Promise<void> => {
      const upgrade = sealift.start('upgrade', 'kiosk', '--to', '4.0.0', '--no-snapshot', '--yes')
      await upgrade.seen('Running its hook beforeUpgrade')
      while (!(await site.engine.docker('ps', '--format', '{{.Names}}')).includes('_once.hook-beforeupgrade-counter'));
      await upgrade.kill()
    }
    await cutOff()
    await site.engine.docker('rm', '--force', 'sealift.kiosk._once.hook-beforeupgrade-counter')
    const { id } = await lastJob(sealift)
    const asked = await sealift.failure('jobs', 'resume', String(id))
    expect(asked).toMatchObject({ code: 3, error: { code: 'HOOK_CUT_OFF', hint: expect.stringContaining(`sealift jobs resume ${id} --rerun-hook`) } })
    expect(await lastJob(sealift)).toMatchObject({ state: 'interrupted', error: { code: 'HOOK_CUT_OFF' } })
    expect((await sealift.failure('upgrade', 'kiosk')).error.code).toBe('RUN_OPEN')
    expect(await sealift.json('jobs', 'cancel', String(id))).toMatchObject({ state: 'cancelled' })
    expect(await sealift.json('status', 'kiosk')).toMatchObject({ health: 'healthy', version: '1.0.0' })

    // Now it goes on while the program is dead, and its outcome counts.
    await cutOff()
    const again = await lastJob(sealift)
    expect(await sealift.json('jobs', 'resume', String(again.id))).toMatchObject({ state: 'done' })
    // One line of the run that was cut off, one of the run that went on.
    expect(await read('counter', '/notes/runs')).toBe('ran ran')
    expect(await site.engine.docker('ps', '--all', '--quiet', '--filter', 'name=_once')).toBe('')
    await sealift.json('uninstall', 'kiosk', '--delete-data')
    expect(existsSync(sealift.data)).toBe(true)
  })
})

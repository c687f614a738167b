import { randomBytes } from 'node:crypto'
import { renameSync, statSync, writeFileSync } from 'node:fs'
import type { Job } from '@sealift/api/job.ts'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { kioskMissing, kioskVendorCopy, writeKiosk } from './fixtures/kiosk.ts'
import { expectRefused } from './fixtures/refusal.ts'
import { type Running, Sealift } from './fixtures/sealift.ts'
import { published } from './fixtures/vendor.ts'

const missing = await kioskMissing()

describe.skipIf(missing !== undefined)(`a data folder${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  let sealift: Sealift
  let server: Running | undefined

  beforeEach(async () => {
    sealift = await kioskVendorCopy('data-folder')
  })
  afterEach(async () => {
    await server?.kill()
    server = undefined
  })

  it('that a server has is used through it, by several at once, and by no second server', async () => {
    server = sealift.start('up', '--listen', '127.0.0.1:0', '--json')
    await server.seen('"registry"')
    const releases = await Promise.all([1, 2, 3].map(() => sealift.json<unknown[]>('releases')))
    for (const each of releases) expect(each).toHaveLength(3)
    await expectRefusedBySecondServer()
    expect(await sealift.json('publish', writeKiosk('kiosk-1.0.0'))).toMatchObject({ unchanged: true })
    const viaSocket = new Sealift({ ...sealift.place, data: '/nowhere' })
    expect(await viaSocket.json('releases', '--server', `unix://${sealift.data}/sealift.sock`)).toHaveLength(3)
    expect((await server.kill('SIGTERM')).code).toBe(0)
    server = undefined
    expect(await sealift.json<unknown[]>('releases')).toHaveLength(3)
  })

  async function expectRefusedBySecondServer(): Promise<void> {
    const second = await sealift.failure('up', '--listen', '127.0.0.1:0')
    expect(second).toMatchObject({ code: 3, error: { code: 'DATA_IN_USE', message: expect.stringContaining(sealift.data) } })
  }

  it('runs jobs that a command waits for no longer, to their end', async () => {
    server = sealift.start('up', '--listen', '127.0.0.1:0', '--json')
    await server.seen('"registry"')
    const { bundles, fingerprint } = await published()
    const importing = sealift.start('import', bundles['2.9'], '--trust', fingerprint)
    await importing.seen('Verifying and storing')
    await importing.kill()
    const [job] = await sealift.json<Job[]>('jobs', 'list', '--limit', '1')
    expect(await sealift.json('jobs', 'show', String(job?.id), '--follow')).toMatchObject({ kind: 'import', state: 'done' })
    expect(await sealift.json<unknown[]>('releases', 'bookshop')).toHaveLength(1)
  })

  it('keeps its key beside itself, for its owner only, and says so when it is lost or another one', async () => {
    const key = `${sealift.data}.key`
    expect(statSync(key).mode & 0o777).toBe(0o600)
    renameSync(key, `${key}.lost`)
    await expectRefused(sealift, ['releases'], { code: 'SECRET_KEY_MISSING', names: [key], hint: 'backup' })
    writeFileSync(key, 'not a key\n')
    await expectRefused(sealift, ['releases'], { code: 'SECRET_KEY_MISSING', names: [key], hint: 'backup' })
    writeFileSync(key, `${randomBytes(32).toString('base64')}\n`)
    const { error } = await sealift.failure('export', 'kiosk@1.0.0', '--out', `${key}.sealift`)
    expect(error.code).toMatch(/^SECRET_(UNREADABLE|KEY_MISSING)$/)
    expect(error.hint).toContain('key file')
    renameSync(`${key}.lost`, key)
    expect(await sealift.json<unknown[]>('releases')).toHaveLength(3)
    const elsewhere = new Sealift({ ...sealift.place, env: { SEALIFT_KEY_FILE: `${key}.moved` } })
    renameSync(key, `${key}.moved`)
    expect(await elsewhere.json<unknown[]>('releases')).toHaveLength(3)
  })

  it('that is a file, or a server that is not there, is refused', async () => {
    const file = `${sealift.data}.key`
    const { code, error } = await new Sealift({ ...sealift.place, data: file }).failure('releases')
    expect(error.code).not.toBe('INTERNAL')
    expect(error.message).toContain(file)
    expect(code).not.toBe(0)
    await expectRefused(sealift, ['releases', '--server', 'unix:///nowhere.sock'], { code: 'SERVER_UNREACHABLE', names: ['/nowhere.sock'], hint: 'sealift up' })
    await expectRefused(sealift, ['up', '--listen', 'somewhere'], { code: 'ADDRESS_INVALID', names: ['somewhere'], hint: '127.0.0.1:7070' })
  })
})

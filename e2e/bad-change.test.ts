import type { Plan } from '@sealift/api/plan.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { kioskMissing, kiosks, writeKiosk } from './fixtures/kiosk.ts'
import { expectRefused } from './fixtures/refusal.ts'
import { Sealift } from './fixtures/sealift.ts'
import { openSite, type Site } from './fixtures/site.ts'

const missing = await kioskMissing()

describe.skipIf(missing !== undefined)(`a change that can't be${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  let site: Site
  let sealift: Sealift

  beforeAll(async () => {
    site = await openSite()
    await site.clear()
    sealift = site.sealift('bad-change')
    const { bundles, fingerprint } = await kiosks()
    await sealift.json('import', ...Object.values(bundles), '--trust', fingerprint)
  })
  afterAll(() => site.clear())

  const containers = (): Promise<string> => site.engine.docker('ps', '--all', '--quiet', '--no-trunc')

  describe('an installation', () => {
    it('without a required parameter is refused', async () => {
      await expectRefused(sealift, ['install', 'kiosk@1.0.0'], { code: 'PARAMETER_MISSING', names: ['port'], hint: '--set' })
    })

    it('with an unknown or impossible value is refused', async () => {
      await expectRefused(sealift, ['install', 'kiosk@1.0.0', '--set', 'prot=8084'], { code: 'NAME_UNKNOWN', names: ['prot'], hint: 'port' })
      await expectRefused(sealift, ['install', 'kiosk@1.0.0', '--set', 'port=many'], { code: 'PARAMETER_INVALID', names: ['port', 'many'], hint: /./ })
      await expectRefused(sealift, ['install', 'kiosk@1.0.0', '--set', 'port=8084', '--enable', 'cellar'], {
        code: 'NAME_UNKNOWN',
        names: ['cellar'],
        hint: /./,
      })
      await expectRefused(sealift, ['install', 'kiosk@1.0.0', '--set', 'port=8084', '--name', 'No Such Name'], {
        code: 'INSTALLATION_NAME_INVALID',
        names: ['No Such Name'],
        hint: /lower-case/,
      })
      await expectRefused(sealift, ['install', 'kiosk@1.0.0', '--set', 'port=8084', '--env', 'nowhere'], {
        code: 'ENVIRONMENT_NOT_FOUND',
        names: ['nowhere'],
        hint: 'env list',
      })
    })

    it('of a release that is not here is refused, saying what is', async () => {
      await expectRefused(sealift, ['install', 'kiosk@9.9.9'], { code: 'RELEASE_NOT_FOUND', names: ['kiosk', '9.9.9'], hint: /1\.0\.0/ })
      await expectRefused(sealift, ['install', 'kisok'], { code: 'RELEASE_NOT_FOUND', names: ['kisok'], hint: /kiosk/ })
    })

    it('on a port that something else has is refused before anything is made, and works when it is free', async () => {
      const holder = await site.spawnInside(`require('net').createServer().listen(8084, '0.0.0.0', () => console.log('listening'))`)
      try {
        const { error } = await sealift.failure('install', 'kiosk@1.0.0', '--set', 'port=8084')
        expect(error.code).toMatch(/^(PORT_IN_USE|PREFLIGHT_FAILED)$/)
        expect(error.message).toContain('8084')
        expect(error.hint).toMatch(/[Pp]ort/)
        expect(await containers()).toBe('')
      } finally {
        await holder.stop()
      }
      expect(await sealift.json('status')).toEqual([])
    })
  })

  describe('of an installation that is there', () => {
    let before: string

    beforeAll(async () => {
      await sealift.json('install', 'kiosk@1.0.0', '--set', 'port=8084')
      before = await containers()
    })

    it('is refused by a name that is not there, with the one that may be meant', async () => {
      for (const command of [['upgrade'], ['plan'], ['configure'], ['rollback'], ['history'], ['logs'], ['uninstall'], ['status']]) {
        await expectRefused(sealift, [...command, 'kiosc'], { code: 'INSTALLATION_NOT_FOUND', names: ['kiosc'], hint: 'Did you mean kiosk?' })
      }
      await expectRefused(sealift, ['logs', 'kiosk', 'singn'], { code: 'COMPONENT_NOT_FOUND', names: ['singn'], hint: 'sign' })
      await expectRefused(sealift, ['configure', 'kiosk', 'countre', '--env-var', 'A=1'], { code: 'NAME_UNKNOWN', names: ['countre'], hint: 'counter' })
      await expectRefused(sealift, ['upgrade', 'kiosk', '--to', '1.1.0', '--take', 'counter/env/TXET'], { code: 'NAME_UNKNOWN', names: ['TXET'], hint: 'TEXT' })
      await expectRefused(sealift, ['rollback', 'kiosk', '--to', '99'], { code: 'REVISION_NOT_FOUND', names: ['99', 'kiosk'], hint: 'sealift history kiosk' })
      await expectRefused(sealift, ['rollback', 'kiosk'], { code: 'REVISION_NOT_FOUND', names: ['kiosk'], hint: 'sealift history kiosk' })
      await expectRefused(sealift, ['jobs', 'show', '999'], { code: 'JOB_NOT_FOUND', names: ['999'], hint: 'jobs list' })
      await expectRefused(sealift, ['install', 'kiosk@1.0.0', '--set', 'port=8085'], { code: 'INSTALLATION_EXISTS', names: ['kiosk', '1.0.0'], hint: '--name' })
    })

    it('is refused with a plan that no longer fits', async () => {
      const { digest } = await sealift.json<Plan>('plan', 'kiosk', '--to', '1.1.0')
      await sealift.json('configure', 'kiosk', 'sign', '--memory', '64Mi')
      before = await containers()
      const { error } = await expectRefused(sealift, ['upgrade', 'kiosk', '--to', '1.1.0', '--plan', digest], {
        code: 'PLAN_CHANGED',
        names: [/./],
        hint: /new plan/,
      })
      expect(error.hint).not.toBe('')
      expect(await containers()).toBe(before)
      const fresh = await sealift.json<Plan>('plan', 'kiosk', '--to', '1.1.0')
      expect(await sealift.json('upgrade', 'kiosk', '--to', '1.1.0', '--plan', fresh.digest)).toMatchObject({ version: '1.1.0' })
      expect((await site.request('http://127.0.0.1:8084/')).body).toBe('open until late\n')
    })

    it('is refused towards an older release unless that is allowed', async () => {
      await expectRefused(sealift, ['upgrade', 'kiosk', '--to', '1.0.0'], { code: 'RELEASE_OLDER', names: ['1.0.0'], hint: /rollback/ })
      expect(await sealift.json('upgrade', 'kiosk', '--to', '1.0.0', '--allow-older')).toMatchObject({ version: '1.0.0' })
    })
  })

  describe('where the engine does not answer', () => {
    let cut: Sealift

    beforeAll(() => {
      cut = site.sealift('cut', { copyOf: sealift.data })
      cut = new Sealift({ ...cut.place, engine: 'unix:///nowhere/docker.sock' })
    })

    it('is refused, naming the address', async () => {
      const fresh = new Sealift({ ...cut.place, data: `${cut.data}-fresh` })
      const gone = { code: 'ENGINE_UNREACHABLE', names: ['/nowhere/docker.sock'], hint: /systemctl start docker|target/ } as const
      await expectRefused(fresh, ['publish', writeKiosk('cut'), '--images', 'engine'], gone)
      const { bundles, fingerprint } = await kiosks()
      await fresh.json('import', bundles['1.0.0'], '--trust', fingerprint)
      await expectRefused(fresh, ['install', 'kiosk', '--set', 'port=8086'], gone)
      expect(await fresh.json('status')).toEqual([])
      await expectRefused(fresh, ['target', 'add', 'other', '--address', 'unix:///nowhere/docker.sock'], gone)
      await expectRefused(fresh, ['target', 'add', 'other', '--address', 'ftp://nowhere'], {
        code: 'ENGINE_ADDRESS_INVALID',
        names: ['ftp://nowhere'],
        hint: 'unix://',
      })
      expect(await fresh.text('target', 'list')).toContain('/nowhere/docker.sock')
    })
  })
})

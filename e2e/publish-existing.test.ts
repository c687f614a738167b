import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { InstallationStatus } from '@sealift/api/installation.ts'
import type { Comparison, Plan } from '@sealift/api/plan.ts'
import type { PublicationPreview } from '@sealift/api/publication.ts'
import type { Published } from '@sealift/api/published.ts'
import type { ReleaseDetail } from '@sealift/api/release.ts'
import { bookshopCustomer, type Order } from '@sealift/testbed/bookshop.ts'
import { must, run } from '@sealift/testbed/command.ts'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import type { Sealift } from './fixtures/sealift.ts'
import { openSite, type Site, siteMissing } from './fixtures/site.ts'
import { vendorCopy, vendorHost } from './fixtures/vendor.ts'
import { freePort } from './free-port.ts'

const EXAMPLE = join(import.meta.dirname, '../examples/bookshop/compose')
const PROJECT = `sealifte2e${process.pid}`
/** Passwords of the example: none may be in a release, a template or anything that was printed. */
const PASSWORDS = ['only-for-development-1', 'only-for-development-2', 'from-the-env-file-3']

async function whatIsMissing(): Promise<string | undefined> {
  if ((await run(['sh', '-c', 'command -v docker-compose'])).code !== 0) return 'docker-compose is not installed (scripts/apt-packages-test.txt)'
  return siteMissing()
}

const missing = await whatIsMissing()

describe.skipIf(missing !== undefined)(`publishing what exists${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  let vendor: Sealift
  let engine: string
  let site: Site
  let folder: string
  let project: string
  let hostPort: number

  const compose = (...argv: readonly string[]): Promise<string> =>
    must(['docker-compose', '--project-name', PROJECT, '--file', join(project, 'compose.yaml'), ...argv], {
      env: { ...process.env, DOCKER_HOST: engine, PORT: String(hostPort), DB_PASSWORD: 'from-the-env-file-3' },
    })
  const atEngine = (...argv: readonly string[]): Promise<string> => must(['docker', '--host', engine, ...argv])

  beforeAll(async () => {
    folder = join(inject('runFolder'), 'publish-existing')
    rmSync(folder, { recursive: true, force: true })
    project = join(folder, 'project')
    cpSync(EXAMPLE, project, { recursive: true })
    hostPort = await freePort()
    vendor = await vendorCopy(join(folder, 'vendor'))
    engine = await vendorHost()
    site = await openSite()
    await site.clear()
    await compose('up', '--detach')
  })
  afterAll(async () => {
    if (existsSync(project)) await compose('down', '--volumes', '--timeout', '1')
    await site.clear()
  })

  const bundle = async (version: string): Promise<string> => {
    const out = join(folder, `${version}.sealift`)
    await vendor.json('export', `running@${version}`, '--out', out, '--overwrite')
    return out
  }

  it('carries what runs to a site, where it runs with secrets of its own', async () => {
    const preview = await vendor.json<PublicationPreview>('publish', '--from-running', PROJECT, '--name', 'running', '--version', '1.0', '--dry-run')
    expect(preview.published.toSorted()).toEqual(['cache', 'catalog', 'db', 'migrate', 'orders', 'web', 'worker'])
    const published = await vendor.json<Published>('publish', '--from-running', PROJECT, '--name', 'running', '--version', '1.0')
    expect(published).toMatchObject({ application: 'running', version: '1.0', sequence: 1 })
    expect(published.notes.filter(({ kind }) => kind === 'secret')).toHaveLength(2)

    const [key] = await vendor.json<{ fingerprint: string }[]>('keys', 'list')
    const sealift = site.sealift('publish-existing')
    await sealift.json('import', await bundle('1.0'), '--trust', key?.fingerprint ?? '')
    await sealift.json('install', 'running', '--set', 'web-http-port=8093')
    expect(await sealift.json<InstallationStatus>('status', 'running')).toMatchObject({ health: 'healthy' })
    const shop = bookshopCustomer('http://127.0.0.1:8093', site.request)
    expect(await shop.about()).toMatchObject({ greeting: 'Welcome' })
    const order: Order = await shop.buy(1, 'ann')

    // The same from its Compose file is an upgrade that leaves data, secrets and most containers alone.
    writeFileSync(join(project, '.env'), 'DB_PASSWORD=from-the-env-file-3\n')
    await vendor.json('publish', '--from-compose', project, '--name', 'running', '--version', '1.1')
    const differences = await vendor.json<Comparison>('releases', 'diff', 'running@1.0', 'running@1.1')
    expect(differences.items.filter(({ kind }) => ['image', 'volume', 'port', 'connection'].includes(kind))).toEqual([])
    await sealift.json('import', await bundle('1.1'))
    const plan = await sealift.json<Plan>('plan', 'running', '--to', '1.1')
    expect(plan.restarts).not.toContain('db')
    await sealift.json('upgrade', 'running', '--to', '1.1')
    expect(await shop.order(order.id)).toEqual(order)
    expect(await sealift.json<InstallationStatus>('status', 'running')).toMatchObject({ health: 'healthy', version: '1.1' })
  })

  it('writes a template that can be kept, edited and published by itself', async () => {
    const out = join(folder, 'template')
    await vendor.json('publish', '--from-compose', project, '--name', 'kept', '--version', '1.0', '--out-template', out)
    expect(readdirSync(out).toSorted()).toEqual(['files', 'kept.yaml'])
    const again = await vendor.json<Published>('publish', join(out, 'kept.yaml'))
    expect(again).toMatchObject({ application: 'kept', version: '1.0', unchanged: true })
    expect((await vendor.failure('publish', '--from-compose', project, '--name', 'kept', '--version', '1.1', '--out-template', out)).error.code).toBe(
      'FILE_EXISTS',
    )
    for (const password of PASSWORDS) expect(readFileSync(join(out, 'kept.yaml'), 'utf8')).not.toContain(password)
  })

  it('takes the image that runs, also where its tag has moved or is gone', async () => {
    const [container, tag] = [`${PROJECT}_odd`, `sealift-e2e/odd-${PROJECT}:1`]
    await atEngine('tag', 'bookshop/worker:2.9', tag)
    const runs = (await atEngine('image', 'inspect', '--format', '{{.Id}}', tag)).trim()
    try {
      await atEngine('run', '--detach', '--name', container, '--entrypoint', 'sleep', tag, '1000000')
      await atEngine('exec', '--user', '0', container, 'sh', '-c', 'echo changed >/etc/issue')
      await atEngine('tag', 'bookshop/web:2.9', tag)
      const argv = ['publish', '--from-running', '--containers', container, '--name', 'odd'] as const
      const moved = await vendor.json<Published>(...argv, '--version', '1.0')
      expect(moved.notes).toContainEqual(expect.objectContaining({ kind: 'left-out', message: expect.stringContaining('/etc/issue') }))
      const { images } = await vendor.json<ReleaseDetail>('releases', 'show', 'odd@1.0')
      // The engine of these tests has the classic store, in which an image's ID is its config's digest.
      expect(images.map(({ config }) => config)).toEqual([runs])
    } finally {
      await atEngine('rm', '--force', container)
      await atEngine('rmi', tag)
    }
  })

  it('publishes only some components anew, and the others as the base has them', async () => {
    const base = await vendor.json<Published>('publish', '--from-compose', project, '--name', 'partly', '--version', '1.0')
    writeFileSync(
      join(project, 'compose.yaml'),
      readFileSync(join(project, 'compose.yaml'), 'utf8').replaceAll('GREETING: Welcome', 'GREETING: Hello').replaceAll('CURRENCY: EUR', 'CURRENCY: CHF'),
    )
    const part = await vendor.json<Published>('publish', '--from-compose', project, '--name', 'partly', '--version', '1.1', '--components', 'catalog')
    expect(part).toMatchObject({ base: base.digest, published: ['catalog'] })
    const compared = await vendor.json<Comparison>('releases', 'diff', 'partly@1.0', 'partly@1.1')
    const items = compared.items.filter(({ kind }) => kind !== 'release')
    expect(items.map(({ component, kind, name }) => `${component}/${kind}/${name}`).toSorted()).toEqual(['catalog/env/CURRENCY', 'catalog/env/GREETING'])
    expect((await vendor.failure('releases', 'remove', 'partly@1.0')).error.code).toBe('RELEASE_IN_USE')
    await vendor.json('releases', 'remove', 'partly@1.1')
    await vendor.json('releases', 'remove', 'partly@1.0')
  })

  it('names what it does not find', async () => {
    expect((await vendor.failure('publish', '--from-running', 'nosuchproject', '--version', '1')).error).toMatchObject({ code: 'CONTAINER_NOT_FOUND' })
    expect((await vendor.failure('publish', '--from-running', '--containers', `${PROJECT}_wbe_1`, '--name', 'x', '--version', '1')).error).toMatchObject({
      code: 'CONTAINER_NOT_FOUND',
      hint: expect.stringContaining(`${PROJECT}_web_1`),
    })
    expect((await vendor.failure('publish', '--from-compose', join(folder, 'none'), '--name', 'x', '--version', '1')).error).toMatchObject({
      code: 'FILE_NOT_FOUND',
    })
  })

  it('never printed a password, and kept none', () => {
    expect(vendor.printed.length).toBeGreaterThan(5)
    for (const password of PASSWORDS) {
      expect(vendor.printed.join('\n')).not.toContain(password)
      expect(readFileSync(join(vendor.data, 'sealift.db'), 'latin1')).not.toContain(password)
    }
  })
})

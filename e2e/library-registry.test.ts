import { join } from 'node:path'
import { createClient } from '@sealift/api/client.ts'
import type { ReleaseDetail } from '@sealift/api/release.ts'
import { releaseRoutes } from '@sealift/api/routes/releases.ts'
import { run } from '@sealift/testbed/command.ts'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import type { Running, Sealift } from './fixtures/sealift.ts'
import { imported, openSite, type Site, siteMissing } from './fixtures/site.ts'

const missing = await siteMissing()

describe.skipIf(missing !== undefined)(`the registry of a library${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  let site: Site
  let sealift: Sealift
  let server: Running
  let registry: string
  let image: ReleaseDetail['images'][number]

  beforeAll(async () => {
    site = await openSite()
    sealift = site.sealift('registry', { copyOf: await imported(site) })
    server = sealift.start('up', '--listen', '127.0.0.1:5005', '--json')
    await server.seen('"registry"')
    registry = '127.0.0.1:5005'
    const client = createClient({ socketPath: `${sealift.data}/sealift.sock` })
    const release = await client.call(releaseRoutes.getRelease, { params: { application: 'bookshop', version: '3.0.0' } })
    image = release.images.find(({ reference }) => reference.includes('bookshop/catalog')) as typeof image
  })
  afterAll(async () => {
    await server?.kill('SIGTERM')
  })

  it('gives an image by tag and by digest to skopeo, byte for byte as the release names it', async (ctx) => {
    if ((await run(['skopeo', '--version']).catch(() => ({ code: 1 }))).code !== 0) ctx.skip('skopeo is missing: apt-get install skopeo')
    const skopeo = (...argv: string[]): Promise<string> => site.run('skopeo', ...argv)
    const name = `docker://${registry}/docker.io/bookshop/catalog`
    const byTag = JSON.parse(await skopeo('inspect', '--tls-verify=false', `${name}:3.0`)) as { Digest: string; RepoTags: string[] }
    expect(byTag.Digest).toBe(image.manifest)
    expect(byTag.RepoTags).toEqual(expect.arrayContaining(['2.9', '3.0']))
    const byDigest = JSON.parse(await skopeo('inspect', '--tls-verify=false', `${name}@${image.manifest}`)) as { Digest: string }
    expect(byDigest.Digest).toBe(image.manifest)
    const layout = join(inject('runFolder'), 'layout')
    await skopeo('copy', '--src-tls-verify=false', '--preserve-digests', `${name}:3.0`, `dir:${layout}`)
    const config = JSON.parse(await skopeo('inspect', '--config', '--tls-verify=false', `${name}:3.0`)) as { rootfs: { diff_ids: string[] } }
    expect(config.rootfs.diff_ids.length).toBeGreaterThan(2)
    expect(await skopeo('inspect', '--tls-verify=false', `${name}:9.9`).catch(String)).toMatch(/manifest unknown|MANIFEST_UNKNOWN/i)
  })

  it('gives an image to an engine', async () => {
    const name = `${registry}/docker.io/bookshop/catalog`
    await site.engine.docker('pull', '--quiet', `${name}:3.0`)
    await site.engine.docker('pull', '--quiet', `${name}@${image.manifest}`)
    expect((await site.engine.docker('image', 'inspect', '--format', '{{.Id}}', `${name}:3.0`)).trim()).toBe(image.config)
    await site.engine.docker('image', 'rm', `${name}:3.0`)
  })
})

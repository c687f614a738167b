import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { resultOf } from '@sealift/api/job.ts'
import { fixtureImage } from '@sealift/images/image-fixture.ts'
import { hostPlatform } from '@sealift/oci/platform.ts'
import { describe, expect, it } from 'vitest'
import { createSide, createWorkplace } from './library-fixture.ts'

async function setUp() {
  const owned = new AsyncDisposableStack()
  const workplace = owned.use(await createWorkplace())
  const vendor = owned.use(await createSide())
  const site = owned.use(await createSide())
  const { folder, registry } = workplace
  return {
    vendor,
    site,
    folder,
    /** Lets a tag of the registry name another image from now on. */
    async moveTag(tag: string) {
      registry.addImage(await fixtureImage([randomBytes(2000)], { architecture: hostPlatform().architecture }), { tag })
    },
    /** Publishes a template made of these components, each a line of YAML. */
    async publish(version: string, components: readonly string[], more: { components?: string[]; base?: string; head?: string; content?: string } = {}) {
      const template = join(folder, 'shop.yaml')
      await writeFile(join(folder, 'site.conf'), more.content ?? 'content')
      const list = components.map((line) => `  - {workload: stateless, ${line.replace('IMAGE', `"${registry.host}/web`)}}`).join('\n')
      await writeFile(
        template,
        `apiVersion: sealift.dev/v1\nkind: Application\nname: shop\nrelease: {version: ${version}}\n${more.head ?? ''}\ncomponents:\n${list}\n`,
      )
      const { components: only, base } = more
      const job = await vendor.done(
        vendor.services.publisher.start({
          template,
          images: 'registry',
          insecureRegistries: [registry.host],
          ...(only === undefined ? {} : { components: only }),
          ...(base === undefined ? {} : { base }),
        }),
      )
      return resultOf(job, 'publish')
    },
    async release(version: string) {
      return (await vendor.services.library.find('shop', version)).release
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

const WEB = 'name: web, image: IMAGE:1"'
const API = 'name: api, image: IMAGE:1"'
const configOf = (release: Awaited<ReturnType<Awaited<ReturnType<typeof setUp>>['release']>>, name: string): string | undefined => {
  const image = release.template.components.find((component) => component.name === name)?.image ?? ''
  return release.images[image]?.platforms[0]?.config.digest
}

describe('a partial publication', () => {
  it('takes the other components from its base by digest, also where their tag has moved', async () => {
    await using test = await setUp()
    const base = await test.publish('1.0.0', [WEB, API])
    await test.moveTag('1')
    const part = await test.publish('1.1.0', [WEB, API], { components: ['web'], base: '1.0.0' })
    expect(part).toMatchObject({ base: base.digest, published: ['web'], dropped: [], images: 2 })
    const [before, after] = [await test.release('1.0.0'), await test.release('1.1.0')]
    expect(configOf(after, 'api')).toBe(configOf(before, 'api'))
    expect(configOf(after, 'web')).not.toBe(configOf(before, 'web'))
    // What did not change keeps the very name of its image, so that an upgrade leaves it alone.
    expect(after.template.components.find(({ name }) => name === 'api')).toEqual(before.template.components.find(({ name }) => name === 'api'))
  })

  it('is whole: it can be exported and imported anywhere', async () => {
    await using test = await setUp()
    await test.publish('1.0.0', [WEB, API])
    await test.moveTag('1')
    const { digest, signer } = await test.publish('1.1.0', [WEB, API], { components: ['web'] })
    const out = join(test.folder, 'part.sealift')
    await test.vendor.done(test.vendor.services.exporter.start({ application: 'shop', version: '1.1.0', out }))
    await test.site.done(test.site.services.importer.start({ path: out, trust: [signer] }))
    expect((await test.site.services.library.find('shop', '1.1.0')).row.digest).toBe(digest)
  })

  it('keeps definitions and files of the base apart from those published anew under the same name', async () => {
    await using test = await setUp()
    const files = 'files: [{path: /etc/site.conf, source: ./site.conf}]'
    await test.publish('1.0.0', [`${WEB}, ${files}`, `${API}, ${files}, env: [{name: MODE, value: old}]`])
    await test.publish('1.1.0', [`${WEB}, ${files}`, `${API}, ${files}, env: [{name: MODE, value: new}]`], { components: ['web'], content: 'other' })
    const [before, after] = [await test.release('1.0.0'), await test.release('1.1.0')]
    expect(after.template.components[1]).toEqual(before.template.components[1])
    expect(after.files['./site.conf']).toEqual(before.files['./site.conf'])
    const renamed = after.template.components[0]?.files?.[0]?.source ?? ''
    expect(renamed).toMatch(/^\.\/[0-9a-f]{12}\/site\.conf$/)
    expect(after.files[renamed]?.size).toBe('other'.length)
  })

  it('takes over what the components of the base need, and the template lost', async () => {
    await using test = await setUp()
    const head = 'parameters: [{name: domain, type: string, default: here}]\nmodules: [{name: extra}]'
    await test.publish('1.0.0', [WEB, `${API}, module: extra, env: [{name: DOMAIN, value: "\${parameters.domain}"}]`], { head })
    await test.publish('1.1.0', [WEB, API], { components: ['web'] })
    expect((await test.release('1.1.0')).template).toMatchObject({ parameters: [{ name: 'domain' }], modules: [{ name: 'extra' }] })
  })

  it('says which components were dropped', async () => {
    await using test = await setUp()
    await test.publish('1.0.0', [WEB, API])
    expect(await test.publish('1.1.0', [WEB], { components: ['web'] })).toMatchObject({ dropped: ['api'] })
    expect((await test.release('1.1.0')).template.components.map(({ name }) => name)).toEqual(['web'])
  })

  it('refuses what does not fit, before anything is read', async () => {
    await using test = await setUp()
    await expect(test.publish('1.0.0', [WEB], { components: ['web'] })).rejects.toMatchObject({ code: 'RELEASE_NOT_FOUND' })
    await test.publish('1.0.0', [WEB])
    await expect(test.publish('1.1.0', [WEB], { components: ['wbe'] })).rejects.toMatchObject({ code: 'NAME_UNKNOWN', hint: 'Did you mean web?' })
    await expect(test.publish('1.1.0', [WEB, API], { components: ['web'] })).rejects.toMatchObject({
      code: 'NAME_UNKNOWN',
      hint: expect.stringContaining('--components web,api'),
    })
    await expect(test.publish('1.1.0', [WEB], { base: '1.0.0' })).rejects.toMatchObject({ code: 'USAGE' })
    await expect(test.publish('1.1.0', [WEB], { components: ['web'], base: '0.9' })).rejects.toMatchObject({ code: 'RELEASE_NOT_FOUND' })
    expect(await test.vendor.services.library.count()).toBe(1)
  })

  it('refuses components that do not fit those of the base', async () => {
    await using test = await setUp()
    await test.publish('1.0.0', [`${WEB}, dependsOn: [{component: api}]`, API])
    await expect(test.publish('1.1.0', [WEB.replace('web', 'shop'), API], { components: ['shop', 'api'] })).resolves.toMatchObject({ dropped: ['web'] })
    await expect(
      test.publish('1.2.0', [`${WEB}, env: [{name: A, value: "\${components.api.URL}"}]`, `${API}, connection: [{name: URL, value: x}]`], {
        components: ['web'],
        base: '1.0.0',
      }),
    ).rejects.toMatchObject({ code: 'TEMPLATE_INVALID', message: expect.stringContaining('URL') })
  })
})

describe('publishing the same version again', () => {
  it('says what the label pointed to before, and leaves bases as they are', async () => {
    await using test = await setUp()
    const first = await test.publish('1.0.0', [WEB, API])
    const part = await test.publish('1.1.0', [WEB, API], { components: ['web'] })
    await test.moveTag('1')
    const second = await test.publish('1.0.0', [WEB, API])
    expect(second).toMatchObject({ replaced: first.digest, unchanged: false })
    expect((await test.vendor.services.library.describe('shop', '1.1.0')).base).toEqual({ digest: first.digest, version: '1.0.0' })
    expect((await test.release('1.1.0')).base).toBe(part.base)
    expect(await test.vendor.services.library.describe('shop', first.digest)).toMatchObject({ labelled: false })
  })
})

describe('removing a release', () => {
  it('refuses the base of another one, and frees it with that', async () => {
    await using test = await setUp()
    const { releaseRemover, library } = test.vendor.services
    await test.publish('1.0.0', [WEB, API])
    await test.publish('1.1.0', [WEB, API], { components: ['web'] })
    await expect(releaseRemover.remove('shop', '1.0.0')).rejects.toMatchObject({
      code: 'RELEASE_IN_USE',
      message: expect.stringContaining('shop@1.1.0'),
    })
    await releaseRemover.remove('shop', '1.1.0')
    await releaseRemover.remove('shop', '1.0.0')
    expect(await library.list()).toEqual([])
    await expect(releaseRemover.remove('shop', '1.0.0')).rejects.toMatchObject({ code: 'RELEASE_NOT_FOUND' })
  })

  it('never gives a sequence number twice, and gives the label back to the release before', async () => {
    await using test = await setUp()
    const first = await test.publish('1.0.0', [WEB])
    await test.moveTag('1')
    await test.publish('1.0.0', [WEB])
    expect(await test.vendor.services.releaseRemover.remove('shop', '1.0.0')).toMatchObject({ labelMovedTo: first.digest })
    expect((await test.vendor.services.library.find('shop', '1.0.0')).row.digest).toBe(first.digest)
    expect(await test.publish('1.0.1', [WEB])).toMatchObject({ sequence: 3 })
  })
})

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Change } from '@sealift/api/change.ts'
import { resultOf } from '@sealift/api/job.ts'
import type { PublishRequest } from '@sealift/api/publication.ts'
import { readBlob } from '@sealift/content/read-blob.ts'
import { testRelease } from '@sealift/deploy/test-release.ts'
import { describe, expect, it } from 'vitest'
import { createSite, installOf } from '../installations/site-fixture.ts'

const CONF = './files/web.conf'

/** A shop at a site, and what publishing it gives. */
async function setUp() {
  const site = await createSite()
  const first = testRelease(
    '1.0.0',
    1,
    {
      parameters: [
        { name: 'domain', type: 'string', default: 'shop.local' },
        { name: 'workers', type: 'number', default: 2 },
        { name: 'licence', type: 'secret', default: '' },
      ],
      modules: [{ name: 'reporting', default: true }],
      components: [
        {
          name: 'db',
          workload: 'stateful',
          image: 'db:1',
          connection: [{ name: 'DB_PASSWORD', generate: { length: 24 } }],
          volumes: [{ name: 'data', path: '/data' }],
        },
        {
          name: 'web',
          workload: 'stateless',
          image: 'web:1',
          dependsOn: [{ component: 'db' }],
          env: [
            { name: 'GREETING', value: 'Hello' },
            { name: 'DOMAIN', value: '${parameters.domain}' },
            { name: 'API_TOKEN', value: '', secret: true },
          ],
          files: [{ path: '/etc/web.conf', source: CONF }],
          resources: { memory: '256Mi' },
          scaling: { min: 1, max: 4 },
        },
        { name: 'reports', module: 'reporting', workload: 'stateless', image: 'reports:1' },
      ],
    },
    { [CONF]: 'as released' },
  )
  const held = await site.hold(first)
  await site.change(installOf({ values: {} }))
  return {
    site,
    held,
    configure: (values: Extract<Change, { kind: 'configure' }>['values']) => site.change({ kind: 'configure', name: 'shop', values }),
    async publish(more: Partial<PublishRequest> = {}) {
      const { publisher, library } = site.services
      const job = await site.done(publisher.start({ fromInstallation: 'shop', name: 'own-shop', version: '1.1.0', ...more }))
      const published = resultOf(job, 'publish')
      const { release } = await library.find('own-shop', published.version)
      const component = (name: string) => release.template.components.find((each) => each.name === name)
      return { published, release, component }
    },
    [Symbol.asyncDispose]: () => site[Symbol.asyncDispose](),
  }
}

describe('publishing an installation', () => {
  it('makes what the site changed the new defaults, and says so', async () => {
    await using test = await setUp()
    const file = join(test.site.folder.path, 'web.conf')
    await writeFile(file, 'as the site has it')
    await test.configure({
      parameters: { domain: 'shop.example', workers: '5' },
      modules: { reporting: false },
      components: { web: { env: { GREETING: 'Hi ${parameters.domain}' }, files: { '/etc/web.conf': file }, memory: '512Mi', cpu: '500m', replicas: 3 } },
    })
    const { published, release, component } = await test.publish()
    expect(release.template).toMatchObject({
      name: 'own-shop',
      release: { version: '1.1.0' },
      parameters: [
        { name: 'domain', default: 'shop.example' },
        { name: 'workers', default: 5 },
        { name: 'licence', default: '' },
      ],
      modules: [{ name: 'reporting', default: false }],
    })
    expect(component('web')).toMatchObject({
      env: [{ name: 'GREETING', value: 'Hi ${parameters.domain}' }, { name: 'DOMAIN', value: '${parameters.domain}' }, { name: 'API_TOKEN' }],
      resources: { cpu: '500m', memory: '512Mi' },
      scaling: { min: 1, max: 4, initial: 3 },
    })
    expect((await readBlob(test.site.folder.store, release.files[CONF]?.digest ?? ('' as never))).toString()).toBe('as the site has it')
    const subjects = published.notes.filter(({ kind }) => kind === 'changed').map(({ subject }) => subject)
    expect(subjects).toEqual([
      'web/env/GREETING',
      'web/file//etc/web.conf',
      'web/cpu',
      'web/memory',
      'web/replicas',
      'parameter domain',
      'parameter workers',
      'module reporting',
    ])
  })

  it('takes the images of the release, and asks no engine', async () => {
    await using test = await setUp()
    const { release } = await test.publish({ engine: 'unix:///none/such.sock' })
    expect(release.images).toEqual(test.held.images)
  })

  it('carries no secret of the site', async () => {
    await using test = await setUp()
    await test.configure({
      parameters: { licence: 'licence-of-the-site' },
      components: { web: { env: { API_TOKEN: 'token-of-the-site' }, addEnv: { EXTRA_PASSWORD: 'password-of-the-site', EXTRA: 'plain' } } },
    })
    const { published, release, component } = await test.publish()
    expect(JSON.stringify([published, release])).not.toMatch(/-of-the-site/)
    expect(component('web')?.env).toContainEqual({ name: 'EXTRA', value: 'plain' })
    expect(component('db')?.connection).toEqual([{ name: 'DB_PASSWORD', generate: { length: 24 } }])
    expect(published.notes.filter(({ kind }) => kind === 'left-out').map(({ subject }) => subject)).toEqual([
      'web/env/API_TOKEN',
      'web/env/EXTRA_PASSWORD',
      'parameter licence',
    ])
  })

  it('says where there is nothing to carry', async () => {
    await using test = await setUp()
    const { published } = await test.publish()
    expect(published.notes).toContainEqual(expect.objectContaining({ kind: 'warning', message: expect.stringContaining('changed nothing') }))
  })

  it('shows beforehand what it would be, and publishes nothing', async () => {
    await using test = await setUp()
    await test.configure({ components: { web: { env: { GREETING: 'Hi' } } } })
    const { publisher, library } = test.site.services
    const before = await library.count()
    const preview = await publisher.preview({ fromInstallation: 'shop', version: '1.1.0' })
    expect(preview).toMatchObject({ application: 'shop', version: '1.1.0', published: ['db', 'web', 'reports'], kept: [] })
    expect(preview.template).toContain('{name: GREETING, value: Hi}')
    expect(await library.count()).toBe(before)
  })

  it('refuses what it can not do', async () => {
    await using test = await setUp()
    const { publisher } = test.site.services
    await expect(publisher.start({ fromInstallation: 'shop' })).rejects.toMatchObject({ code: 'USAGE', message: expect.stringContaining('version') })
    await expect(publisher.start({ fromInstallation: 'shap', version: '1' })).rejects.toMatchObject({ code: 'INSTALLATION_NOT_FOUND' })
    await expect(publisher.start({ fromInstallation: 'shop', template: '/a.yaml', version: '1' })).rejects.toMatchObject({ code: 'USAGE' })
    await expect(publisher.start({})).rejects.toMatchObject({ code: 'USAGE' })
  })
})

describe('removing a release', () => {
  it('is refused while an installation could go back to it', async () => {
    await using test = await setUp()
    const { releaseRemover, library } = test.site.services
    await expect(releaseRemover.remove('shop', '1.0.0')).rejects.toMatchObject({
      code: 'RELEASE_IN_USE',
      message: expect.stringContaining('installation shop, revision 1'),
    })
    expect(await library.count()).toBe(1)
  })
})

describe('comparing releases', () => {
  it('tells every attribute, files line by line, and no secret', async () => {
    await using test = await setUp()
    const file = join(test.site.folder.path, 'web.conf')
    await writeFile(file, 'as the site has it')
    await test.configure({ components: { web: { env: { GREETING: 'Hi' }, files: { '/etc/web.conf': file } } } })
    await test.publish()
    const compared = await test.site.services.comparison.compare({ fromApplication: 'shop', from: '1.0.0', toApplication: 'own-shop', to: '1.1.0' })
    expect(compared).toMatchObject({
      from: expect.stringMatching(/^shop@1\.0\.0 \([0-9a-f]{12}, imported here\)$/),
      to: expect.stringMatching(/published here/),
    })
    expect(compared.items).toContainEqual(expect.objectContaining({ component: 'web', kind: 'env', name: 'GREETING', now: 'Hello', then: 'Hi' }))
    const change = compared.items.find(({ kind }) => kind === 'file')
    expect(change?.file?.diff).toContain('-as released\n')
    expect(change?.file?.diff).toContain('+as the site has it\n')
    await expect(test.site.services.comparison.compare({ fromApplication: 'shop', from: '9', toApplication: 'shop', to: '1.0.0' })).rejects.toMatchObject({
      code: 'RELEASE_NOT_FOUND',
    })
  })

  it('finds nothing between a release and itself, by label and by digest', async () => {
    await using test = await setUp()
    const { row } = await test.site.services.library.find('shop')
    const compared = await test.site.services.comparison.compare({ fromApplication: 'shop', from: 'latest', toApplication: 'shop', to: row.digest })
    expect(compared.items).toEqual([])
  })
})

import { mkdir, readFile, stat, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { resultOf } from '@sealift/api/job.ts'
import { parseFingerprint } from '@sealift/bundle/signature/fingerprint.ts'
import { describe, expect, it } from 'vitest'
import { createSide, createWorkplace, publishFrom, type Side } from './library-fixture.ts'

async function setUp() {
  const owned = new AsyncDisposableStack()
  const workplace = owned.use(await createWorkplace())
  const vendor = owned.use(await createSide())
  const site = owned.use(await createSide())
  let bundles = 0
  return {
    workplace,
    vendor,
    site,
    async publish(options: Parameters<typeof workplace.template>[0], side = vendor) {
      return resultOf(await publishFrom(workplace, side, await workplace.template(options)), 'publish')
    },
    async bundle(
      version: string,
      { application = 'shop', from = vendor, ...more }: { unsigned?: boolean; application?: string; from?: Side; since?: string[]; platforms?: string[] } = {},
    ) {
      const out = join(workplace.folder, `${(bundles += 1)}.sealift`)
      return resultOf(await from.done(from.services.exporter.start({ application, version, out, ...more })), 'export')
    },
    async import(path: string, more: Partial<Parameters<typeof site.services.importer.start>[0]> = {}) {
      return resultOf(await site.done(site.services.importer.start({ path, ...more })), 'import')
    },
    labels: async (side = site) => (await side.services.library.list()).map(({ version, digest }) => [version, digest]),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

describe('publishing', () => {
  it('makes a signed release with a sequence that only grows', async () => {
    await using test = await setUp()
    const first = await test.publish({ version: '1.0.0' })
    expect(first).toMatchObject({ application: 'shop', version: '1.0.0', sequence: 1, images: 1, unchanged: false })
    expect(await test.publish({ version: '1.1.0' })).toMatchObject({ sequence: 2 })
    expect(await test.vendor.services.keys.list()).toMatchObject([{ fingerprint: first.signer, use: 'signing', applications: ['shop'] }])
    expect(await test.vendor.services.library.describe('shop', '1.0.0')).toMatchObject({
      digest: first.digest,
      title: 'The shop',
      images: [{ provenance: expect.any(String) }],
    })
  })

  it('makes nothing anew where nothing changed, and moves the label where something did', async () => {
    await using test = await setUp()
    const first = await test.publish({ version: '1.0.0' })
    expect(await test.publish({ version: '1.0.0' })).toEqual({ ...first, unchanged: true })
    const second = await test.publish({ version: '1.0.0', content: 'other' })
    expect(second).toMatchObject({ sequence: 2, unchanged: false })
    expect(await test.labels(test.vendor)).toEqual([['1.0.0', second.digest]])
    expect((await test.vendor.services.library.find('shop', first.digest)).row.sequence).toBe(1)
    expect((await test.vendor.services.library.find('shop')).row.digest).toBe(second.digest)
  })

  it('signs unchanged content anew where there is a new key', async () => {
    await using test = await setUp()
    const first = await test.publish({ version: '1.0.0' })
    const { fingerprint } = await test.vendor.services.keys.generate('next')
    const second = await test.publish({ version: '1.0.0' })
    expect(second).toMatchObject({ unchanged: false, sequence: 2, signer: fingerprint })
    expect(second.digest).not.toBe(first.digest)
  })

  it('refuses what it can not read, before there is a job', async () => {
    await using test = await setUp()
    const { publisher, jobs } = test.vendor.services
    await expect(publisher.start({ template: '/none/such.yaml' })).rejects.toMatchObject({
      code: 'FILE_NOT_FOUND',
      message: expect.stringContaining('/none/such.yaml'),
    })
    await expect(publisher.start({ template: test.workplace.folder })).rejects.toMatchObject({ code: 'FILE_WRONG_KIND' })
    const literal = await test.workplace.template({ version: '1.0.0', more: '    env: [{name: DB_PASSWORD, value: hunter2hunter2}]\n' })
    await expect(publisher.start({ template: literal })).rejects.toMatchObject({ code: 'SECRET_LITERAL' })
    expect(await jobs.list(10)).toEqual([])
  })

  it('carries off no file from outside the folder of the template', async () => {
    await using test = await setUp()
    const template = await test.workplace.template({ version: '1.0.0' })
    await symlink('/etc/hostname', join(test.workplace.folder, 'link'))
    await writeFile(template, (await readFile(template, 'utf8')).replace('./site.conf', './link'))
    await expect(publishFrom(test.workplace, test.vendor, template)).rejects.toMatchObject({ code: 'FILE_DENIED' })
    expect(await test.vendor.services.library.list()).toEqual([])
  })

  it('leaves nothing visible where an image is nowhere', async () => {
    await using test = await setUp()
    const template = await test.workplace.template({ version: '1.0.0' })
    test.workplace.registry.tags.clear()
    await expect(publishFrom(test.workplace, test.vendor, template)).rejects.toMatchObject({ exitCode: 4 })
    expect(await test.vendor.services.library.count()).toBe(0)
  })
})

describe('the library', () => {
  it('names what there is where it lacks something', async () => {
    await using test = await setUp()
    const { library } = test.vendor.services
    await expect(library.find('shop')).rejects.toMatchObject({ code: 'RELEASE_NOT_FOUND', hint: expect.stringContaining('sealift import') })
    await test.publish({ version: '1.0.0' })
    await expect(library.find('shop', '9.0.0')).rejects.toMatchObject({ code: 'RELEASE_NOT_FOUND', hint: 'Here are: 1.0.0' })
    await expect(library.find('shap')).rejects.toMatchObject({ code: 'RELEASE_NOT_FOUND', hint: 'Here are: shop' })
    expect(await library.list('other')).toEqual([])
  })
})

describe('exporting', () => {
  it('refuses to write over a file unless told to, and names a file in a folder itself', async () => {
    await using test = await setUp()
    await test.publish({ version: '1.0.0' })
    const { file } = await test.bundle('latest')
    const { exporter } = test.vendor.services
    await expect(exporter.start({ application: 'shop', version: 'latest', out: file })).rejects.toMatchObject({ code: 'FILE_EXISTS' })
    await test.vendor.done(exporter.start({ application: 'shop', version: 'latest', out: file, overwrite: true }))
    const folder = join(test.workplace.folder, 'stick')
    await mkdir(folder)
    const job = await test.vendor.done(exporter.start({ application: 'shop', version: 'latest', out: folder }))
    expect(resultOf(job, 'export').file).toBe(join(folder, 'shop-1.0.0.sealift'))
    await expect(exporter.start({ application: 'shop', version: '2.0.0', out: file })).rejects.toMatchObject({ code: 'RELEASE_NOT_FOUND' })
  })
})

describe('an increment', () => {
  it('leaves out what a release brought, says so, and comes in where that is', async () => {
    await using test = await setUp()
    const first = await test.publish({ version: '1.0.0' })
    const second = await test.publish({ version: '2.0.0', content: 'other' })
    const whole = await test.bundle('2.0.0')
    const increment = await test.bundle('2.0.0', { since: ['1.0.0'] })
    const base = { application: 'shop', version: '1.0.0', digest: first.digest }
    expect(increment).toMatchObject({ base: [base], omitted: { blobs: 5 } })
    expect(increment.size).toBeLessThan(whole.size)
    expect(increment.content).toBeLessThan(whole.content)
    const { bundles } = test.site.services
    expect(await bundles.inspect(increment.file)).toMatchObject({ base: [{ ...base, here: false }], requires: { blobs: 5, missing: 5 } })
    const trust = [whole.signer]
    await expect(test.import(increment.file, { trust })).rejects.toMatchObject({ code: 'BUNDLE_BASE_MISSING', details: { base: [{ ...base, here: false }] } })
    expect(await test.site.services.keys.list()).toEqual([])
    await test.import((await test.bundle('1.0.0')).file, { trust })
    expect(await bundles.inspect(increment.file)).toMatchObject({ base: [{ here: true }], requires: { missing: 0 } })
    expect(await test.import(increment.file)).toMatchObject({ releases: [{ version: '2.0.0', digest: second.digest }] })
    expect(await test.labels()).toMatchObject([
      ['2.0.0', second.digest],
      ['1.0.0', first.digest],
    ])
  })

  it('goes by digest where a version was published again', async () => {
    await using test = await setUp()
    const first = await test.publish({ version: '1.0.0' })
    await test.publish({ version: '1.0.0', content: 'other' })
    await expect(test.bundle('1.0.0', { since: ['1.0.0'] })).rejects.toMatchObject({ code: 'USAGE', hint: expect.stringContaining(`--since ${first.digest}`) })
    expect(await test.bundle('1.0.0', { since: [first.digest] })).toMatchObject({ base: [{ digest: first.digest }] })
    await expect(test.bundle('1.0.0', { since: ['0.9.0'] })).rejects.toMatchObject({ code: 'RELEASE_NOT_FOUND' })
  })

  it('builds on several releases, of other applications too', async () => {
    await using test = await setUp()
    await test.publish({ version: '1.0.0' })
    await test.publish({ version: '7.0.0', application: 'stall', content: 'of the stall' })
    await test.publish({ version: '2.0.0', content: 'of the stall' })
    const { base, omitted } = await test.bundle('2.0.0', { since: ['1.0.0', 'stall@7.0.0'] })
    expect(base.map(({ application, version }) => `${application} ${version}`)).toEqual(['shop 1.0.0', 'stall 7.0.0'])
    expect(omitted.blobs).toBe(6)
  })
})

describe('importing', () => {
  it('trusts a key only by its full fingerprint, and only once the import is done', async () => {
    await using test = await setUp()
    await test.publish({ version: '1.0.0' })
    const { file, signer } = await test.bundle('1.0.0')
    await expect(test.import(file)).rejects.toMatchObject({ code: 'KEY_UNTRUSTED' })
    await expect(test.import(file, { trust: [signer.slice(0, 20)] })).rejects.toMatchObject({ code: 'KEY_FINGERPRINT_INVALID' })
    const { size } = await stat(file)
    await truncate(file, size - 100)
    await expect(test.import(file, { trust: [signer] })).rejects.toMatchObject({ code: 'BUNDLE_TRUNCATED' })
    expect(await test.site.services.keys.list()).toEqual([])
    const whole = await test.bundle('1.0.0')
    expect(await test.import(whole.file, { trust: [signer] })).toMatchObject({
      signer,
      releases: [{ application: 'shop', version: '1.0.0', signer, known: false }],
    })
    expect(await test.site.services.keys.list()).toMatchObject([{ fingerprint: signer, use: 'trusted', applications: ['shop'] }])
    expect(await test.site.services.keys.isTrusted(parseFingerprint(signer))).toBe(true)
  })

  it('says of a revoked key that it was revoked, and records nothing', async () => {
    await using test = await setUp()
    await test.publish({ version: '1.0.0' })
    const { file, signer } = await test.bundle('1.0.0')
    await test.site.services.keys.trust(signer)
    await test.site.services.keys.revoke(signer)
    await expect(test.import(file)).rejects.toMatchObject({ code: 'KEY_REVOKED' })
    await expect(test.import(file, { trust: [signer] })).rejects.toMatchObject({ code: 'KEY_REVOKED' })
    expect(await test.labels()).toEqual([])
  })

  it('takes an unsigned bundle only where told to, and only with signed releases of a trusted key', async () => {
    await using test = await setUp()
    const { signer } = await test.publish({ version: '1.0.0' })
    const { file } = await test.bundle('1.0.0', { unsigned: true })
    await expect(test.import(file, { trust: [signer] })).rejects.toMatchObject({ code: 'BUNDLE_UNSIGNED' })
    await expect(test.import(file, { allowUnsigned: true })).rejects.toMatchObject({ code: 'KEY_UNTRUSTED' })
    expect(await test.import(file, { allowUnsigned: true, trust: [signer] })).toMatchObject({ signer: '' })
  })

  it('changes nothing where the release was here before', async () => {
    await using test = await setUp()
    await test.publish({ version: '1.0.0' })
    const { file, signer } = await test.bundle('1.0.0')
    await test.import(file, { trust: [signer] })
    expect(await test.import(file)).toMatchObject({ releases: [{ known: true }], stored: { blobs: 0 } })
    expect(await test.site.services.library.count()).toBe(1)
  })

  it('moves a label with content that is newer, and never back with a bundle that was here before', async () => {
    await using test = await setUp()
    const first = await test.publish({ version: '1.0.0' })
    const old = await test.bundle('1.0.0')
    const second = await test.publish({ version: '1.0.0', content: 'other' })
    const current = await test.bundle('1.0.0')
    await test.import(old.file, { trust: [old.signer] })
    expect(await test.labels()).toEqual([['1.0.0', first.digest]])
    await test.import(current.file)
    expect(await test.labels()).toEqual([['1.0.0', second.digest]])
    await test.import(old.file)
    expect(await test.labels()).toEqual([['1.0.0', second.digest]])
    await test.import(old.file, { allowOlder: true })
    expect(await test.labels()).toEqual([['1.0.0', first.digest]])
  })

  it('refuses what is older than what is here unless told to', async () => {
    await using test = await setUp()
    await test.publish({ version: '1.0.0' })
    const old = await test.bundle('1.0.0')
    await test.publish({ version: '2.0.0' })
    const current = await test.bundle('2.0.0')
    await test.import(current.file, { trust: [current.signer] })
    await expect(test.import(old.file)).rejects.toMatchObject({ code: 'RELEASE_OLDER' })
    expect(await test.labels()).toMatchObject([['2.0.0', expect.any(String)]])
    await test.import(old.file, { allowOlder: true })
    expect((await test.labels()).map(([version]) => version)).toEqual(['2.0.0', '1.0.0'])
    expect((await test.site.services.library.find('shop')).row.version).toBe('2.0.0')
  })

  it('binds an application to the key that first delivered it, until it is bound anew by name', async () => {
    await using test = await setUp()
    await test.publish({ version: '1.0.0' })
    const { file, signer } = await test.bundle('1.0.0')
    await test.import(file, { trust: [signer] })
    await using other = await createSide()
    await test.publish({ version: '1.5.0' }, other)
    await test.publish({ version: '2.0.0' }, other)
    const foreign = await test.bundle('2.0.0', { from: other })
    await expect(test.import(foreign.file, { trust: [foreign.signer] })).rejects.toMatchObject({
      code: 'APPLICATION_BOUND',
      hint: expect.stringContaining(`--rebind shop=${foreign.signer}`),
    })
    expect(await test.site.services.keys.isTrusted(parseFingerprint(foreign.signer))).toBe(false)
    await expect(test.import(foreign.file, { trust: [foreign.signer], rebind: ['shop'] })).rejects.toMatchObject({ code: 'USAGE' })
    await expect(test.import(foreign.file, { trust: [foreign.signer], rebind: [`shop=${signer}`] })).rejects.toMatchObject({ code: 'APPLICATION_BOUND' })
    await test.import(foreign.file, { trust: [foreign.signer], rebind: [`shop=${foreign.signer}`] })
    expect(await test.site.services.keys.list()).toMatchObject([{ fingerprint: foreign.signer, applications: ['shop'] }, { applications: [] }])
  })

  it('refuses to publish here under the name of another vendor’s application', async () => {
    await using test = await setUp()
    await test.publish({ version: '1.0.0' })
    const { file, signer } = await test.bundle('1.0.0')
    await test.import(file, { trust: [signer] })
    await expect(test.publish({ version: '3.0.0' }, test.site)).rejects.toMatchObject({ code: 'APPLICATION_BOUND' })
  })

  it('tells of a bundle what its head says, what a check of it found, and what it was unpacked to', async () => {
    await using test = await setUp()
    const { digest } = await test.publish({ version: '1.0.0' })
    const { file, signer, bundleId } = await test.bundle('1.0.0')
    const { bundles } = test.site.services
    const expected = {
      file,
      bundleId,
      signer,
      signature: 'not trusted here',
      releases: [{ application: 'shop', version: '1.0.0', sequence: 1, digest }],
      base: [],
      requires: { blobs: 0, bytes: 0, missing: 0 },
    }
    expect(await bundles.inspect(file)).toMatchObject(expected)
    expect(resultOf(await test.site.done(bundles.startVerify(file)), 'verify')).toMatchObject(expected)
    await test.site.services.keys.trust(signer)
    expect(await bundles.inspect(file)).toMatchObject({ signature: 'trusted' })
    const folder = join(test.workplace.folder, 'oci')
    const unpacked = resultOf(await test.site.done(bundles.startUnpack(file, folder)), 'unpack')
    expect(unpacked).toEqual({ folder, images: [`${test.workplace.registry.host}/web:1`] })
    expect(JSON.parse(await readFile(join(folder, 'oci-layout'), 'utf8'))).toEqual({ imageLayoutVersion: '1.0.0' })
    expect(await test.labels()).toEqual([])
  })
})

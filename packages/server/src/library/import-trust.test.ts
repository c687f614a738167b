import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { resultOf } from '@sealift/api/job.ts'
import { formatFingerprint, parseFingerprint } from '@sealift/bundle/signature/fingerprint.ts'
import { describe, expect, it, vi } from 'vitest'
import { createSide, createWorkplace, publishFrom, type Side } from './library-fixture.ts'

type ImportOptions = Partial<Parameters<Side['services']['importer']['start']>[0]>

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
    /** Publishes a version and exports it. */
    async deliver(version: string, { from = vendor, publish = true }: { from?: Side; publish?: boolean } = {}) {
      if (publish) await publishFrom(workplace, from, await workplace.template({ version, content: version }))
      const out = join(workplace.folder, `${(bundles += 1)}.sealift`)
      return resultOf(await from.done(from.services.exporter.start({ application: 'shop', version, out })), 'export')
    },
    async import(path: string, more: ImportOptions = {}, at = site) {
      return resultOf(await at.done(at.services.importer.start({ path, ...more })), 'import')
    },
    versions: async (at = site) => (await at.services.library.list()).map(({ version }) => version),
    uses: async (at = site) => Object.fromEntries((await at.services.keys.list()).map(({ fingerprint, use }) => [fingerprint, use])),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

describe('the trust root of a vendor', () => {
  it('comes with the first bundle, under the fingerprint of its key or its own', async () => {
    await using test = await setUp()
    const { file, signer, vendor } = await test.deliver('1.0.0')
    const nobody = formatFingerprint(parseFingerprint('ab'.repeat(32)))
    await expect(test.import(file)).rejects.toMatchObject({ code: 'KEY_UNTRUSTED' })
    await expect(test.import(file, { trust: [nobody] })).rejects.toMatchObject({ code: 'KEY_UNTRUSTED' })
    expect(await test.site.services.keys.roots.list()).toEqual([])
    await using other = await createSide()
    await test.import(file, { trust: [signer] })
    await test.import(file, { trust: [vendor] }, other)
    for (const side of [test.site, other]) {
      expect(await side.services.keys.roots.list()).toMatchObject([{ vendor, own: false, number: 1 }])
      expect(await test.uses(side)).toEqual({ [signer]: 'trusted' })
    }
  })

  it('lets the vendor change its keys without a call, however many there were between', async () => {
    await using test = await setUp()
    const first = await test.deliver('1.0.0')
    await test.import(first.file, { trust: [first.signer] })
    const { keys } = test.vendor.services
    await keys.generate('spare')
    await keys.rotate('next')
    const second = await test.deliver('2.0.0')
    expect(second).toMatchObject({ vendor: first.vendor })
    expect(second.signer).not.toBe(first.signer)
    expect(await test.import(second.file)).toMatchObject({ releases: [{ signer: second.signer }] })
    expect(await test.site.services.keys.roots.list()).toMatchObject([{ vendor: first.vendor, number: 3 }])
    expect(Object.values(await test.uses())).toHaveLength(3)
    expect(await test.uses()).toMatchObject({ [first.signer]: 'retired', [second.signer]: 'trusted' })
    expect(await test.site.services.keys.list()).toContainEqual(expect.objectContaining({ fingerprint: second.signer, applications: ['shop'] }))
    // An older stick, with an older root and a key that was only retired, is as good as before.
    await test.import(first.file, { allowOlder: true })
    expect(await test.site.services.keys.roots.list()).toMatchObject([{ number: 3 }])
  })

  it('reaches a site that trusts the key from before there were roots', async () => {
    await using test = await setUp()
    const { signer } = await test.deliver('1.0.0')
    await test.site.services.keys.trust(signer)
    await test.vendor.services.keys.rotate('next')
    const second = await test.deliver('2.0.0')
    await test.import(second.file)
    expect(await test.uses()).toMatchObject({ [signer]: 'retired', [second.signer]: 'trusted' })
  })

  it('is adopted by its own name where the key that a person knows has been retired, and not by one that was revoked', async () => {
    await using test = await setUp()
    const first = await test.deliver('1.0.0')
    await test.vendor.services.keys.rotate('next')
    const second = await test.deliver('2.0.0')
    await test.vendor.services.keys.revoke(first.signer)
    const third = await test.deliver('3.0.0')
    await expect(test.import(third.file, { trust: [first.signer] })).rejects.toMatchObject({
      code: 'KEY_REVOKED',
      message: expect.stringContaining(`by its vendor ${first.vendor}`),
    })
    expect(await test.site.services.keys.list()).toEqual([])
    await test.import(second.file, { trust: [first.signer] })
    await test.import(third.file)
    expect(await test.uses()).toMatchObject({ [first.signer]: 'revoked', [second.signer]: 'trusted' })
  })
})

describe('a key that its vendor revoked', () => {
  it('brings in nothing more, and takes nothing away', async () => {
    await using test = await setUp()
    const old = await test.deliver('1.0.0')
    const unseen = await test.deliver('1.1.0')
    await test.import(old.file, { trust: [old.signer] })
    await test.vendor.services.keys.revoke(old.signer)
    const next = await test.deliver('2.0.0')
    await test.import(next.file)
    expect(await test.uses()).toMatchObject({ [old.signer]: 'revoked', [next.signer]: 'trusted' })
    expect(await test.versions()).toEqual(['2.0.0', '1.0.0'])
    for (const options of [{}, { trust: [old.signer] }, { allowOlder: true }, { rebind: [`shop=${old.signer}`] }]) {
      await expect(test.import(unseen.file, options)).rejects.toMatchObject({ code: 'KEY_REVOKED', message: expect.stringContaining(old.signer) })
      await expect(test.import(old.file, options)).rejects.toMatchObject({ code: 'KEY_REVOKED' })
    }
    await expect(test.site.services.keys.trust(old.signer)).rejects.toMatchObject({ code: 'KEY_REVOKED' })
    expect(await test.versions()).toEqual(['2.0.0', '1.0.0'])
  })

  it('is told of though the bundle itself is refused', async () => {
    await using test = await setUp()
    const old = await test.deliver('1.0.0')
    const later = await test.deliver('2.0.0')
    await test.import(later.file, { trust: [later.signer] })
    await test.vendor.services.keys.revoke(old.signer)
    const renewed = await test.deliver('1.0.0', { publish: false })
    await expect(test.import(renewed.file)).rejects.toMatchObject({ code: 'RELEASE_OLDER' })
    expect(await test.uses()).toMatchObject({ [old.signer]: 'revoked' })
  })

  it('signed releases that its vendor signs anew, so that they come in as the same releases', async () => {
    await using test = await setUp()
    const old = await test.deliver('1.0.0')
    await test.import(old.file, { trust: [old.signer] })
    await test.vendor.services.keys.revoke(old.signer)
    const renewed = await test.deliver('1.0.0', { publish: false })
    expect(renewed.digest).toBe(old.digest)
    expect(await test.import(renewed.file)).toMatchObject({ releases: [{ digest: old.digest, signer: renewed.signer, known: true }] })
    expect(await test.site.services.library.list()).toMatchObject([{ digest: old.digest, signer: renewed.signer }])
    // What the site passes on is good at the next one too.
    const passed = await test.deliver('1.0.0', { from: test.site, publish: false })
    await using next = await createSide()
    await expect(test.import(passed.file, { trust: [passed.signer] }, next)).rejects.toMatchObject({ code: 'KEY_UNTRUSTED' })
    await test.import(passed.file, { trust: [passed.signer, renewed.vendor] }, next)
    expect(await next.services.keys.roots.list()).toHaveLength(2)
  })

  it('stays revoked where the site did so itself, whatever its vendor says', async () => {
    await using test = await setUp()
    const old = await test.deliver('1.0.0')
    await test.import(old.file, { trust: [old.signer] })
    await test.site.services.keys.revoke(old.signer)
    await test.vendor.services.keys.rotate('next')
    const next = await test.deliver('2.0.0')
    await expect(test.import(next.file)).rejects.toMatchObject({ code: 'KEY_REVOKED', hint: expect.stringContaining(next.signer) })
    expect(await test.site.services.keys.roots.list()).toMatchObject([{ number: 1 }])
    await test.import(next.file, { trust: [next.signer] })
    expect(await test.uses()).toEqual({ [old.signer]: 'revoked', [next.signer]: 'trusted' })
  })
})

describe('a trust root that is not the vendor’s', () => {
  it('is a fork where two copies of the vendor have each made the next one', async () => {
    await using test = await setUp()
    const first = await test.deliver('1.0.0')
    await test.import(first.file, { trust: [first.signer] })
    await using copy = await createSide({ keysOf: test.vendor })
    await test.vendor.services.keys.rotate('here')
    await copy.services.keys.rotate('there')
    const here = await test.deliver('2.0.0')
    const there = await test.deliver('2.1.0', { from: copy })
    await test.import(here.file)
    const before = await test.uses()
    await expect(test.import(there.file)).rejects.toMatchObject({
      code: 'TRUST_ROOT_FORKED',
      message: expect.stringContaining('two different roots 2'),
      exitCode: 3,
    })
    await expect(test.import(there.file, { trust: [there.signer], rebind: [`shop=${there.signer}`] })).rejects.toMatchObject({ code: 'TRUST_ROOT_FORKED' })
    expect(await test.uses()).toEqual(before)
    expect(await test.versions()).toEqual(['2.0.0', '1.0.0'])
  })

  it('counts for nothing where nobody vouches for it', async () => {
    await using test = await setUp()
    await using stranger = await createSide()
    const good = await test.deliver('1.0.0')
    await test.import(good.file, { trust: [good.signer] })
    const foreign = await test.deliver('9.0.0', { from: stranger })
    await expect(test.import(foreign.file)).rejects.toMatchObject({ code: 'KEY_UNTRUSTED' })
    expect(await test.site.services.keys.roots.list()).toHaveLength(1)
    // With trust in the stranger’s key the application is still the first vendor’s.
    await expect(test.import(foreign.file, { trust: [foreign.signer] })).rejects.toMatchObject({ code: 'APPLICATION_BOUND' })
    expect(await test.site.services.keys.roots.list()).toHaveLength(1)
  })

  it('is not relied on after it has expired, unless that is allowed', async () => {
    await using test = await setUp()
    await test.vendor.services.keys.renewRoot({ expires: '2030-01-01T00:00:00.000Z' })
    const { file, signer } = await test.deliver('1.0.0')
    vi.useFakeTimers({ toFake: ['Date'], now: new Date('2030-01-02T00:00:00.000Z') })
    try {
      await expect(test.import(file, { trust: [signer] })).rejects.toMatchObject({
        code: 'TRUST_ROOT_EXPIRED',
        message: expect.stringContaining('2030-01-01'),
        hint: expect.stringContaining('--allow-expired-root'),
      })
      await test.import(file, { trust: [signer], allowExpiredRoot: true })
      await test.vendor.services.keys.renewRoot({ expires: '2031-01-01T00:00:00.000Z' })
      await test.import((await test.deliver('2.0.0')).file)
    } finally {
      vi.useRealTimers()
    }
    expect(await test.versions()).toEqual(['2.0.0', '1.0.0'])
  })
})

describe('an application that another vendor takes over', () => {
  it('counts the new vendor’s numbers anew, and takes none of the old one’s any more', async () => {
    await using test = await setUp()
    await using other = await createSide()
    const one = await test.deliver('1.0.0')
    const two = await test.deliver('2.0.0')
    await test.import(two.file, { trust: [two.signer] })
    const foreign = await test.deliver('5.0.0', { from: other })
    const bound = async () => Object.fromEntries((await test.site.services.keys.list()).map(({ fingerprint, applications }) => [fingerprint, applications]))
    await expect(test.import(foreign.file, { trust: [foreign.signer] })).rejects.toMatchObject({ code: 'APPLICATION_BOUND' })
    expect(await bound()).toEqual({ [one.signer]: ['shop'] })
    expect(await test.site.services.library.application('shop')).toMatchObject({ lastSequence: 2 })

    await test.import(foreign.file, { trust: [foreign.signer], rebind: [`shop=${foreign.signer}`] })
    expect(await bound()).toEqual({ [one.signer]: [], [foreign.signer]: ['shop'] })
    expect(await test.site.services.library.application('shop')).toMatchObject({ lastSequence: 1 })
    expect((await test.site.services.library.find('shop')).row.version).toBe('5.0.0')
    // Its next one is newer, though the other vendor had come to a higher number.
    const next = await test.deliver('5.1.0', { from: other })
    await test.import(next.file)
    expect((await test.site.services.library.find('shop')).row.version).toBe('5.1.0')
    await expect(test.import(foreign.file, { allowOlder: true })).resolves.toMatchObject({ releases: [{ known: true }] })
    await expect(test.import(one.file, { allowOlder: true })).rejects.toMatchObject({ code: 'APPLICATION_BOUND' })
    // Nor does what the old vendor brought before become the current one again.
    await expect(test.import(two.file, { allowOlder: true })).rejects.toMatchObject({ code: 'APPLICATION_BOUND' })
    await test.import(two.file)
    expect(await bound()).toEqual({ [one.signer]: [], [foreign.signer]: ['shop'] })
    expect(await test.versions()).toEqual(['5.1.0', '5.0.0', '2.0.0'])
  })
})

describe('the same version with other content', () => {
  it('is told of with both digests, and moves the label', async () => {
    await using test = await setUp()
    const first = await test.deliver('1.0.0')
    const same = join(test.workplace.folder, 'first.sealift')
    await copyFile(first.file, same)
    expect(await test.import(same, { trust: [first.signer] })).toMatchObject({ releases: [{ digest: first.digest }] })
    await publishFrom(test.workplace, test.vendor, await test.workplace.template({ version: '1.0.0', content: 'changed' }))
    const second = await test.deliver('1.0.0', { publish: false })
    expect(await test.import(second.file)).toMatchObject({ releases: [{ digest: second.digest, replaced: first.digest, known: false }] })
    expect((await test.import(second.file)).releases[0]).not.toHaveProperty('replaced')
    expect((await test.site.services.library.find('shop', '1.0.0')).row.digest).toBe(second.digest)
    expect((await test.site.services.library.find('shop', first.digest)).row.sequence).toBe(1)
  })
})

import { formatFingerprint, parseFingerprint } from '@sealift/bundle/signature/fingerprint.ts'
import { generateKeyPair } from '@sealift/bundle/signature/key-pair.ts'
import { nextRoot } from '@sealift/bundle/trust/make-root.ts'
import type { RootChain } from '@sealift/bundle/trust/root-chain.ts'
import { describe, expect, it } from 'vitest'
import { temporaryDataFolder } from '../data/data-folder-fixture.ts'
import { KeyRing } from './key-ring.ts'

describe('the key ring', () => {
  it('makes one signing key when the first is needed, also where two need it at once', async () => {
    await using folder = await temporaryDataFolder()
    const keys = new KeyRing(folder.db, folder.masterKey)
    const [one, other] = await Promise.all([keys.signingKey(), keys.signingKey()])
    expect(one.fingerprint).toBe(other.fingerprint)
    expect(await keys.list()).toMatchObject([{ fingerprint: formatFingerprint(one.fingerprint), use: 'signing' }])
    expect(await keys.isTrusted(one.fingerprint)).toBe(true)
  })

  it('signs with the newest key', async () => {
    await using folder = await temporaryDataFolder()
    const keys = new KeyRing(folder.db, folder.masterKey)
    for (const name of ['a', 'b', 'c']) {
      const { fingerprint } = await keys.generate(name)
      expect(formatFingerprint((await keys.signingKey()).fingerprint)).toBe(fingerprint)
    }
    expect((await keys.list()).map(({ name }) => name)).toEqual(['c', 'b', 'a'])
  })

  it('keeps no private key readable in the database', async () => {
    await using folder = await temporaryDataFolder()
    const keys = new KeyRing(folder.db, folder.masterKey)
    await keys.signingKey()
    const row = await folder.db.selectFrom('key').selectAll().executeTakeFirstOrThrow()
    expect(Buffer.from(row.private_sealed as Uint8Array).toString('latin1')).not.toMatch(/PRIVATE KEY/)
  })

  it('trusts by full fingerprint, however it is written', async () => {
    await using folder = await temporaryDataFolder()
    const keys = new KeyRing(folder.db, folder.masterKey)
    const { fingerprint } = generateKeyPair()
    expect(await keys.isTrusted(fingerprint)).toBe(false)
    await expect(keys.trust(fingerprint.slice(0, 40))).rejects.toMatchObject({ code: 'KEY_FINGERPRINT_INVALID' })
    expect(await keys.trust(formatFingerprint(fingerprint), 'ACME')).toMatchObject({ name: 'ACME', use: 'trusted' })
    expect(await keys.trust(fingerprint, 'again')).toMatchObject({ name: 'ACME', use: 'trusted' })
    expect(await keys.isTrusted(fingerprint)).toBe(true)
  })

  it('does not turn an own key into a merely trusted one', async () => {
    await using folder = await temporaryDataFolder()
    const keys = new KeyRing(folder.db, folder.masterKey)
    const own = await keys.signingKey()
    expect(await keys.trust(own.fingerprint)).toMatchObject({ use: 'signing' })
    expect((await keys.signingKey()).fingerprint).toBe(own.fingerprint)
  })

  it('revokes for good: not trusted, not trusted again, nothing signed with it', async () => {
    await using folder = await temporaryDataFolder()
    const keys = new KeyRing(folder.db, folder.masterKey)
    const own = await keys.signingKey()
    expect(await keys.revoke(formatFingerprint(own.fingerprint))).toMatchObject({ use: 'revoked' })
    expect(await keys.isTrusted(own.fingerprint)).toBe(false)
    await expect(keys.trust(own.fingerprint)).rejects.toMatchObject({ code: 'KEY_REVOKED' })
    await expect(keys.refuseRevoked(own.fingerprint)).rejects.toMatchObject({ code: 'KEY_REVOKED' })
    expect((await keys.signingKey()).fingerprint).not.toBe(own.fingerprint)
    expect(await folder.db.selectFrom('key').select('private_sealed').where('use', '=', 'revoked').execute()).toEqual([{ private_sealed: null }])
  })

  it('knows only the keys that it was told of', async () => {
    await using folder = await temporaryDataFolder()
    const keys = new KeyRing(folder.db, folder.masterKey)
    await expect(keys.revoke(generateKeyPair().fingerprint)).rejects.toMatchObject({ code: 'KEY_NOT_FOUND' })
    await keys.refuseRevoked(generateKeyPair().fingerprint)
  })

  it('trusts none of several keys where one of them was revoked', async () => {
    await using folder = await temporaryDataFolder()
    const keys = new KeyRing(folder.db, folder.masterKey)
    const [good, bad] = [generateKeyPair().fingerprint, generateKeyPair().fingerprint]
    await keys.trust(bad)
    await keys.revoke(bad)
    await expect(folder.db.transaction().execute((tx) => keys.recordTrust([good, bad], 'both', tx))).rejects.toMatchObject({ code: 'KEY_REVOKED' })
    expect(await keys.isTrusted(good)).toBe(false)
  })

  describe('with a root', () => {
    const rootOf = async (keys: KeyRing) => {
      const [root] = await keys.roots.list()
      return { ...root, keys: new Map(root?.keys.map(({ fingerprint, state }) => [fingerprint, state])) }
    }

    it('makes it with the first signing key, once', async () => {
      await using folder = await temporaryDataFolder()
      const keys = new KeyRing(folder.db, folder.masterKey)
      const [one] = await Promise.all([keys.signingKey(), keys.signingKey()])
      await keys.signingKey()
      const root = await rootOf(keys)
      expect(root).toMatchObject({ own: true, number: 1, name: '' })
      expect(root.keys).toEqual(new Map([[formatFingerprint(one.fingerprint), 'active']]))
      expect(await keys.list()).toMatchObject([{ own: true, vendor: root.vendor }])
    })

    it('makes it of the keys of a data folder that had none', async () => {
      await using folder = await temporaryDataFolder()
      const keys = new KeyRing(folder.db, folder.masterKey)
      const { fingerprint } = await keys.generate('a')
      const other = await keys.generate('b')
      await folder.db.deleteFrom('trust_root').execute()
      await folder.db.updateTable('key').set({ vendor: null }).execute()
      await keys.rotate('c')
      const root = await rootOf(keys)
      expect(root).toMatchObject({ number: 2 })
      const { fingerprint: now } = await keys.signingKey()
      expect(root.keys).toEqual(
        new Map([
          [fingerprint, 'retired'],
          [other.fingerprint, 'retired'],
          [formatFingerprint(now), 'active'],
        ]),
      )
    })

    it('adds, retires and revokes keys with a root each, under the name that never changes', async () => {
      await using folder = await temporaryDataFolder()
      const keys = new KeyRing(folder.db, folder.masterKey)
      const first = formatFingerprint((await keys.signingKey()).fingerprint)
      const { vendor } = await rootOf(keys)
      const { fingerprint: second } = await keys.generate('second')
      const { fingerprint: third } = await keys.rotate('third')
      expect(await rootOf(keys)).toMatchObject({
        vendor,
        number: 3,
        keys: new Map([
          [first, 'retired'],
          [second, 'retired'],
          [third, 'active'],
        ]),
      })
      expect((await keys.list()).map(({ use }) => use)).toEqual(['signing', 'retired', 'retired'])
      expect(await keys.isTrusted(parseFingerprint(first))).toBe(true)
      await keys.revoke(first)
      expect(await rootOf(keys)).toMatchObject({
        vendor,
        number: 4,
        keys: new Map([
          [first, 'revoked'],
          [second, 'retired'],
          [third, 'active'],
        ]),
      })
      // The last one that signs is replaced, and says itself that it is revoked.
      expect(await keys.revoke(third)).toMatchObject({ use: 'revoked', own: true })
      const root = await rootOf(keys)
      expect(root).toMatchObject({ vendor, number: 5 })
      expect(root.keys.get(third)).toBe('revoked')
      expect(root.keys.get(formatFingerprint((await keys.signingKey()).fingerprint))).toBe('active')
      await keys.revoke(third)
      expect(await rootOf(keys)).toMatchObject({ number: 5 })
      const sealed = await folder.db.selectFrom('key').select('use').where('private_sealed', 'is not', null).execute()
      expect(sealed).toEqual([{ use: 'signing' }])
    })

    it('gives it out anew with a name and an expiry, which stay until they are changed', async () => {
      await using folder = await temporaryDataFolder()
      const keys = new KeyRing(folder.db, folder.masterKey)
      const expires = '2040-12-31T23:59:59.000Z'
      await keys.renewRoot({ name: 'ACME', expires })
      await keys.rotate('next')
      expect(await rootOf(keys)).toMatchObject({ name: 'ACME', expires, number: 3 })
      await keys.renewRoot({ expires: null })
      expect(await rootOf(keys)).not.toHaveProperty('expires')
      await expect(keys.renewRoot({ expires: 'tomorrow' })).rejects.toMatchObject({ code: 'TRUST_ROOT_INVALID' })
      expect(await rootOf(keys)).toMatchObject({ name: 'ACME', number: 4 })
    })

    it('signs nothing where another copy of the folder has retired its keys', async () => {
      await using folder = await temporaryDataFolder()
      const keys = new KeyRing(folder.db, folder.masterKey)
      const pair = await keys.signingKey()
      const [chain] = await keys.roots.chainsOf([pair.fingerprint])
      const elsewhere = generateKeyPair()
      const { newest } = chain as RootChain
      const next = nextRoot(newest, { add: [elsewhere], states: new Map([[pair.fingerprint, 'retired']]) }, [pair])
      await keys.adoptRoots({ vendor: newest.digest, roots: [newest, next], newest: next })
      await expect(keys.signingKey()).rejects.toMatchObject({ code: 'KEY_REVOKED', hint: expect.stringContaining('another copy') })
      expect(await keys.list()).toHaveLength(2)
    })
  })
})

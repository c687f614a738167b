import { formatFingerprint } from '@sealift/bundle/signature/fingerprint.ts'
import { generateKeyPair } from '@sealift/bundle/signature/key-pair.ts'
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
})

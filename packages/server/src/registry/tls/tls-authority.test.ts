import { X509Certificate } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { temporaryDataFolder } from '../../data/data-folder-fixture.ts'
import { TlsAuthority } from './tls-authority.ts'

const DAY = 24 * 60 * 60 * 1000

describe('the authority of a data folder', () => {
  it('is made once', async () => {
    await using folder = await temporaryDataFolder()
    const [one, two] = await Promise.all([
      new TlsAuthority(folder.db, folder.masterKey).certificate(),
      new TlsAuthority(folder.db, folder.masterKey).certificate(),
    ])
    expect(one).toBe(two)
    expect(await new TlsAuthority(folder.db, folder.masterKey).certificate()).toBe(one)
  })

  it('keeps a certificate until its end is near or its names change', async () => {
    await using folder = await temporaryDataFolder()
    const authority = new TlsAuthority(folder.db, folder.masterKey)
    const now = Date.now()
    const first = await authority.serverCertificate(['a.site', '::1'], now)
    expect(await authority.serverCertificate(['A.site', '0:0:0:0:0:0:0:1'], now + 100 * DAY)).toEqual(first)
    const renewed = await authority.serverCertificate(['a.site', '::1'], now + 130 * DAY)
    expect(renewed).not.toEqual(first)
    expect(Date.parse(new X509Certificate(renewed.certificate).validTo)).toBeGreaterThan(now + 300 * DAY)
    const named = await authority.serverCertificate(['a.site', 'b.site'], now + 130 * DAY)
    expect(new X509Certificate(named.certificate).checkHost('b.site')).toBeDefined()
    // A clock that was set back makes one that is good by that clock.
    const back = new X509Certificate((await authority.serverCertificate(['a.site', 'b.site'], now)).certificate)
    expect(Date.parse(back.validFrom)).toBeLessThanOrEqual(now)
  })
})

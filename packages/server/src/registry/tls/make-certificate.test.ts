import { createPrivateKey, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, createServer } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { makeAuthority, makeServerCertificate } from './make-certificate.ts'

const DAY = 24 * 60 * 60 * 1000

describe('certificates', () => {
  const authority = makeAuthority('Sealift at a site')
  const names = ['registry.site', 'localhost', '127.0.0.1', '::1', '*.apps.site']

  it('has an authority that signs itself and is one', () => {
    const certificate = new X509Certificate(authority.certificate)
    expect(certificate.ca).toBe(true)
    expect(certificate.verify(certificate.publicKey)).toBe(true)
    expect(certificate.checkPrivateKey(createPrivateKey(authority.privateKey))).toBe(true)
    expect(certificate.subject).toBe('CN=Sealift at a site')
  })

  it('certifies a server for names and addresses', () => {
    const { certificate: pem, privateKey } = makeServerCertificate(authority, names, 180)
    const certificate = new X509Certificate(pem)
    expect(certificate.ca).toBe(false)
    expect(certificate.checkIssued(new X509Certificate(authority.certificate))).toBe(true)
    expect(certificate.verify(new X509Certificate(authority.certificate).publicKey)).toBe(true)
    expect(certificate.checkPrivateKey(createPrivateKey(privateKey))).toBe(true)
    for (const name of ['registry.site', 'localhost', 'shop.apps.site']) expect(certificate.checkHost(name)).toBeDefined()
    for (const address of ['127.0.0.1', '::1']) expect(certificate.checkIP(address)).toBeDefined()
    expect(certificate.checkHost('other.site')).toBeUndefined()
    expect(certificate.checkIP('10.0.0.1')).toBeUndefined()
  })

  it('is good from a day ago on, and never longer than the authority', () => {
    const now = Date.parse('2030-01-01T00:00:00Z')
    const old = makeAuthority('old', now - 20 * 365 * DAY + 10 * DAY)
    const certificate = new X509Certificate(makeServerCertificate(old, names, 180, now).certificate)
    expect(Date.parse(certificate.validFrom)).toBe(now - DAY)
    expect(Date.parse(certificate.validTo)).toBe(now + 10 * DAY)
  })

  it.each(['localhost', '127.0.0.1'])('lets a client that knows the authority connect to %s', async (host) => {
    const { certificate: cert, privateKey: key } = makeServerCertificate(authority, names, 180)
    const server = createServer({ cert, key }, (socket) => socket.end('hello')).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const socket = connect({ port, host: '127.0.0.1', ca: authority.certificate, ...(host === 'localhost' ? { servername: host } : {}) })
    await once(socket, 'secureConnect')
    expect(socket.authorized).toBe(true)
    socket.destroy()
    const stranger = connect({ port, host: '127.0.0.1', ca: makeAuthority('another').certificate })
    const [error] = (await once(stranger, 'error')) as [NodeJS.ErrnoException]
    expect(error.code).toMatch(/UNABLE_TO|SELF_SIGNED|CERT/)
    server.close()
  })
})

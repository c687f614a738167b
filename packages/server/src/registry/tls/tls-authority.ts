import { X509Certificate } from 'node:crypto'
import { hostname } from 'node:os'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import type { MasterKey } from '../../data/master-key.ts'
import type { Database } from '../../database/open-database.ts'
import type { CertificateRow } from '../../database/tables.ts'
import { type KeyedCertificate, makeAuthority, makeServerCertificate } from './make-certificate.ts'
import { namesOf, normalName } from './server-names.ts'

const DAY = 24 * 60 * 60 * 1000

/** Days for which a server's certificate is good, and how many of them are left when the next one is made. */
const SERVER_DAYS = 180
const RENEWED_BEFORE = 60

const context = (use: CertificateRow['use']): string => `certificate/${use}`

/**
 * The certificate authority of a data folder: made once, when it is first needed. Private keys are sealed with
 * the folder's key. A server's certificate is kept and made anew when its names change or its end is near.
 */
export class TlsAuthority {
  readonly #db: Database
  readonly #masterKey: MasterKey

  constructor(db: Database, masterKey: MasterKey) {
    this.#db = db
    this.#masterKey = masterKey
  }

  /**
   * The authority's certificate, PEM.
   * @throws SealiftError `SECRET_UNREADABLE`
   */
  async certificate(): Promise<string> {
    return (await this.#authority()).certificate
  }

  /**
   * A certificate for a server that is good now and for at least {@link RENEWED_BEFORE} days, unless the
   * authority itself ends before.
   * @throws SealiftError `SECRET_UNREADABLE`
   */
  async serverCertificate(names: readonly string[], now = Date.now()): Promise<KeyedCertificate> {
    const authority = await this.#authority()
    const kept = await this.#read('server')
    if (kept !== undefined && isGood(kept, authority, names, now)) return kept
    const made = makeServerCertificate(authority, names, SERVER_DAYS, now)
    await this.#write('server', made)
    return made
  }

  async #authority(): Promise<KeyedCertificate> {
    const kept = await this.#read('authority')
    if (kept !== undefined) return kept
    await this.#write('authority', makeAuthority(`Sealift at ${hostname()}`.slice(0, 64)), 'first')
    // Where two asked at once, the first one's holds.
    const made = await this.#read('authority')
    if (made === undefined) throw new SealiftError('INTERNAL', 'the certificate authority is gone as soon as it was made')
    return made
  }

  async #read(use: CertificateRow['use']): Promise<KeyedCertificate | undefined> {
    const row = await this.#db.selectFrom('certificate').selectAll().where('use', '=', use).executeTakeFirst()
    return row && { certificate: row.certificate, privateKey: this.#masterKey.unseal(row.private_sealed, context(use)) }
  }

  async #write(use: CertificateRow['use'], { certificate, privateKey }: KeyedCertificate, which: 'first' | 'last' = 'last'): Promise<void> {
    const row = { certificate, private_sealed: this.#masterKey.seal(privateKey, context(use)), created_at: new Date().toISOString() }
    await this.#db
      .insertInto('certificate')
      .values({ use, ...row })
      .onConflict((conflict) => (which === 'first' ? conflict.doNothing() : conflict.column('use').doUpdateSet(row)))
      .execute()
  }
}

function isGood({ certificate: pem }: KeyedCertificate, authority: KeyedCertificate, names: readonly string[], now: number): boolean {
  const certificate = new X509Certificate(pem)
  const issuer = new X509Certificate(authority.certificate)
  if (!certificate.checkIssued(issuer) || !certificate.verify(issuer.publicKey)) return false
  const until = Date.parse(certificate.validTo)
  // One that ends with the authority can't be bettered.
  const isNear = until - now < RENEWED_BEFORE * DAY && until < Date.parse(issuer.validTo)
  if (Date.parse(certificate.validFrom) > now || isNear) return false
  const held = new Set(namesOf(certificate.subjectAltName))
  return names.every((name) => held.has(normalName(name)))
}

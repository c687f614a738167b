import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { RegistryTls as TlsState } from '@sealift/api/routes/registry.ts'
import { messageOf, SealiftError, toSealiftError } from '@sealift/oci/sealift-error.ts'
import type { Database } from '../../database/open-database.ts'
import { readSetting, writeSetting } from '../setting.ts'
import type { KeyedCertificate } from './make-certificate.ts'
import { checkServerNames, namesOf, serverNames } from './server-names.ts'
import type { TlsAuthority } from './tls-authority.ts'

const SETTING = 'registry.tls'

/** How the registry is to speak TLS. */
export type TlsMode =
  | { readonly mode: 'off' }
  /** With a certificate of the data folder's own authority, for these names and all that the machine is found by. */
  | { readonly mode: 'authority'; readonly names: readonly string[] }
  /** With a certificate that someone else made, read anew whenever it changes. */
  | { readonly mode: 'files'; readonly certificate: string; readonly key: string }

/** Decides with which certificate the registry answers. */
export class RegistryTls {
  readonly #db: Database
  readonly #authority: TlsAuthority
  #mode: TlsMode = { mode: 'off' }

  private constructor(db: Database, authority: TlsAuthority) {
    this.#db = db
    this.#authority = authority
  }

  static async open(db: Database, authority: TlsAuthority): Promise<RegistryTls> {
    const tls = new RegistryTls(db, authority)
    const text = await readSetting(db, SETTING)
    if (text !== undefined) tls.#mode = JSON.parse(text) as TlsMode
    return tls
  }

  /**
   * Changes how the registry speaks TLS, once it is sure that it can.
   * @throws SealiftError `TLS_INVALID`, `FILE_NOT_FOUND`, `FILE_DENIED`
   */
  async set(mode: TlsMode, listenHost: string): Promise<void> {
    if (mode.mode === 'authority') checkServerNames(mode.names)
    await this.#certificateFor(mode, listenHost)
    await writeSetting(this.#db, SETTING, JSON.stringify(mode))
    this.#mode = mode
  }

  /**
   * The certificate to answer with now, or undefined where TLS is off.
   * @throws SealiftError `TLS_INVALID`, `FILE_NOT_FOUND`, `FILE_DENIED`, `SECRET_UNREADABLE`
   */
  current(listenHost: string): Promise<KeyedCertificate | undefined> {
    return this.#certificateFor(this.#mode, listenHost)
  }

  /** How TLS is set, and until when its certificate is good, or what is wrong with it. */
  async state(listenHost: string): Promise<TlsState> {
    const { mode } = this.#mode
    try {
      const keyed = await this.current(listenHost)
      if (keyed === undefined) return { mode, names: [] }
      const { validTo, subjectAltName } = new X509Certificate(keyed.certificate)
      return { mode, names: [...namesOf(subjectAltName)], until: new Date(validTo).toISOString() }
    } catch (thrown) {
      return { mode, names: [], problem: messageOf(thrown) }
    }
  }

  async #certificateFor(mode: TlsMode, listenHost: string): Promise<KeyedCertificate | undefined> {
    switch (mode.mode) {
      case 'off':
        return undefined
      case 'authority':
        return this.#authority.serverCertificate(serverNames(mode.names, listenHost))
      case 'files':
        return readPair(mode.certificate, mode.key)
    }
  }
}

async function readPair(certificatePath: string, keyPath: string): Promise<KeyedCertificate> {
  const [certificate, privateKey] = await Promise.all([readText(certificatePath), readText(keyPath)])
  let parsed: X509Certificate
  try {
    parsed = new X509Certificate(certificate)
  } catch (cause) {
    throw new SealiftError('TLS_INVALID', `${certificatePath} holds no certificate in PEM`, { cause })
  }
  let fits: boolean
  try {
    fits = parsed.checkPrivateKey(createPrivateKey(privateKey))
  } catch {
    // Without its cause, which may quote the key.
    throw new SealiftError('TLS_INVALID', `${keyPath} holds no private key in PEM that opens without a password`)
  }
  if (!fits) throw new SealiftError('TLS_INVALID', `the key in ${keyPath} is not that of the certificate in ${certificatePath}`)
  if (Date.parse(parsed.validTo) <= Date.now()) throw new SealiftError('TLS_INVALID', `the certificate in ${certificatePath} ended on ${parsed.validTo}`)
  return { certificate, privateKey }
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (thrown) {
    throw toSealiftError(thrown, `reading ${path}`)
  }
}

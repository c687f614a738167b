import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign, X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { AsnConvert, OctetString } from '@peculiar/asn1-schema'
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate,
  ExtendedKeyUsage,
  Extension,
  Extensions,
  GeneralName,
  id_ce_authorityKeyIdentifier,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_subjectAltName,
  id_ce_subjectKeyIdentifier,
  id_kp_serverAuth,
  KeyIdentifier,
  KeyUsage,
  KeyUsageFlags,
  Name,
  RelativeDistinguishedName,
  SubjectAlternativeName,
  SubjectKeyIdentifier,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
} from '@peculiar/asn1-x509'

/** A certificate with its private key, both PEM. The key is a secret. */
export interface KeyedCertificate {
  readonly certificate: string
  readonly privateKey: string
}

const COMMON_NAME = '2.5.4.3'
const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2'
const DAY = 24 * 60 * 60 * 1000

/** Clocks of machines without a network differ: what is made now is good from a day ago on. */
const EARLIER = DAY

/** Days for which an authority is good: to bring a new one to every machine is work for people. */
const AUTHORITY_DAYS = 20 * 365

/** A new certificate authority, which signs itself and nothing but servers' certificates. */
export function makeAuthority(commonName: string, now = Date.now()): KeyedCertificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const name = nameOf(commonName)
  const keyId = keyIdOf(publicKey)
  const certificate = certify({
    issuer: name,
    signer: privateKey,
    subject: name,
    publicKey,
    from: now - EARLIER,
    until: now + AUTHORITY_DAYS * DAY,
    extensions: [
      extension(id_ce_basicConstraints, new BasicConstraints({ cA: true, pathLenConstraint: 0 }), true),
      extension(id_ce_keyUsage, new KeyUsage(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign), true),
      extension(id_ce_subjectKeyIdentifier, new SubjectKeyIdentifier(keyId)),
    ],
  })
  return { certificate, privateKey: pemOf(privateKey) }
}

/**
 * A new certificate for a server.
 * @param names host names and IP addresses that it answers at, at least one
 * @param days for how long it is good, at most as long as the authority
 */
export function makeServerCertificate(authority: KeyedCertificate, names: readonly string[], days: number, now = Date.now()): KeyedCertificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const issuer = new X509Certificate(authority.certificate)
  const parsed = AsnConvert.parse(issuer.raw, Certificate).tbsCertificate
  const certificate = certify({
    issuer: parsed.subject,
    signer: createPrivateKey(authority.privateKey),
    // Clients go by the alternative names alone; the common name is for people and has at most 64 characters.
    subject: nameOf((names[0] ?? 'Sealift').slice(0, 64)),
    publicKey,
    from: now - EARLIER,
    until: Math.min(now + days * DAY, Date.parse(issuer.validTo)),
    extensions: [
      extension(id_ce_basicConstraints, new BasicConstraints({ cA: false }), true),
      extension(id_ce_keyUsage, new KeyUsage(KeyUsageFlags.digitalSignature), true),
      extension(id_ce_extKeyUsage, new ExtendedKeyUsage([id_kp_serverAuth])),
      extension(id_ce_subjectKeyIdentifier, new SubjectKeyIdentifier(keyIdOf(publicKey))),
      extension(id_ce_authorityKeyIdentifier, new AuthorityKeyIdentifier({ keyIdentifier: new KeyIdentifier(keyIdOf(issuer.publicKey)) })),
      extension(
        id_ce_subjectAltName,
        new SubjectAlternativeName(names.map((name) => new GeneralName(isIP(name) > 0 ? { iPAddress: name } : { dNSName: name }))),
      ),
    ],
  })
  return { certificate, privateKey: pemOf(privateKey) }
}

interface Certified {
  readonly issuer: Name
  readonly signer: KeyObject
  readonly subject: Name
  readonly publicKey: KeyObject
  readonly from: number
  readonly until: number
  readonly extensions: Extension[]
}

function certify({ issuer, signer, subject, publicKey, from, until, extensions }: Certified): string {
  const algorithm = new AlgorithmIdentifier({ algorithm: ECDSA_WITH_SHA256 })
  const tbsCertificate = new TBSCertificate({
    version: Version.v3,
    serialNumber: serialNumber(),
    signature: algorithm,
    issuer,
    validity: new Validity({ notBefore: wholeSecond(from), notAfter: wholeSecond(until) }),
    subject,
    subjectPublicKeyInfo: AsnConvert.parse(publicKey.export({ type: 'spki', format: 'der' }), SubjectPublicKeyInfo),
    extensions: new Extensions(extensions),
  })
  const signatureValue = bytesOf(sign('sha256', Buffer.from(AsnConvert.serialize(tbsCertificate)), signer))
  const der = AsnConvert.serialize(new Certificate({ tbsCertificate, signatureAlgorithm: algorithm, signatureValue }))
  return new X509Certificate(Buffer.from(der)).toString()
}

const wholeSecond = (time: number): Date => new Date(Math.floor(time / 1000) * 1000)

/** Unlike any other of the authority's, and positive. */
function serialNumber(): ArrayBuffer {
  const bytes = randomBytes(16)
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40
  return bytesOf(bytes)
}

function nameOf(commonName: string): Name {
  const value = new AttributeValue({ utf8String: commonName })
  return new Name([new RelativeDistinguishedName([new AttributeTypeAndValue({ type: COMMON_NAME, value })])])
}

function keyIdOf(key: KeyObject): ArrayBuffer {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key
  const { subjectPublicKey } = AsnConvert.parse(publicKey.export({ type: 'spki', format: 'der' }), SubjectPublicKeyInfo)
  return bytesOf(createHash('sha256').update(Buffer.from(subjectPublicKey)).digest().subarray(0, 20))
}

function extension(extnID: string, value: unknown, critical = false): Extension {
  return new Extension({ extnID, critical, extnValue: new OctetString(AsnConvert.serialize(value)) })
}

const pemOf = (privateKey: KeyObject): string => privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()

function bytesOf(buffer: Buffer): ArrayBuffer {
  return new Uint8Array(buffer).buffer
}

import { createHash, generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { formatFingerprint, parseFingerprint } from './fingerprint.ts'
import { formatPrivateKey, generateKeyPair, parsePrivateKey } from './key-pair.ts'
import { PayloadType } from './payload-type.ts'
import { preAuthenticationEncoding, sign, verify } from './signature.ts'

const key = generateKeyPair()
const payload = Buffer.from('{"a":1}')
const signature = sign(key, PayloadType.release, payload)
const changed = (fields: Record<string, unknown>): Buffer => Buffer.from(JSON.stringify({ ...JSON.parse(signature.toString()), ...fields }))
const check = (bytes: Buffer, type: PayloadType = PayloadType.release, over: Buffer = payload) => verify(bytes, type, over, 'the release')
const SIGNATURE_INVALID = expect.objectContaining({ code: 'SIGNATURE_INVALID', exitCode: 3 })

describe('signatures', () => {
  it('say who signed', () => {
    expect(check(signature)).toEqual({ fingerprint: key.fingerprint, publicKey: key.publicKey })
    expect(key.fingerprint).toBe(createHash('sha256').update(key.publicKey).digest('hex'))
  })

  it("are over DSSE's pre-authentication encoding", () => {
    expect(preAuthenticationEncoding('http://example.com/HelloWorld', Buffer.from('hello world')).toString()).toBe(
      'DSSEv1 29 http://example.com/HelloWorld 11 hello world',
    )
  })

  it('do not hold over other bytes or another kind of document', () => {
    expect(() => check(signature, PayloadType.release, Buffer.from('{"a":2}'))).toThrow(SIGNATURE_INVALID)
    expect(() => check(signature, PayloadType.bundleIndex)).toThrow(SIGNATURE_INVALID)
    expect(() => check(changed({ payloadType: PayloadType.bundleIndex }), PayloadType.bundleIndex)).toThrow(SIGNATURE_INVALID)
  })

  const other = generateKeyPair()
  it.each<[string, Buffer]>([
    ['another key in the place of the right one', changed({ publicKey: other.publicKey.toString('base64'), keyid: other.fingerprint })],
    ['a fingerprint that is not the key’s', changed({ keyid: other.fingerprint })],
    ['a key that is too short', changed({ publicKey: key.publicKey.subarray(1).toString('base64') })],
    ['base64 that is not canonical', changed({ publicKey: `${key.publicKey.toString('base64')}\n` })],
    ['a signature of zeros', changed({ sig: Buffer.alloc(64).toString('base64') })],
    ['an additional field', changed({ note: 'x' })],
    ['a list', Buffer.from('[]')],
    ['nothing', Buffer.alloc(0)],
    ['null', Buffer.from('null')],
    ['five thousand bytes', Buffer.concat([signature, Buffer.alloc(5000, ' ')])],
  ])('are refused with %s', (_, bytes) => {
    expect(() => check(bytes)).toThrow(SIGNATURE_INVALID)
  })
})

describe('keys', () => {
  it('come back from PEM', () => {
    const again = parsePrivateKey(formatPrivateKey(key), 'vendor.key')
    expect(again.fingerprint).toBe(key.fingerprint)
    expect(check(sign(again, PayloadType.release, payload)).fingerprint).toBe(key.fingerprint)
  })

  it('of another kind, and files that hold none, are refused by name', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    expect(() => parsePrivateKey(rsa, 'vendor.key')).toThrow(
      expect.objectContaining({ code: 'KEY_INVALID', message: expect.stringMatching(/vendor\.key.*rsa/) }),
    )
    expect(() => parsePrivateKey('hello', 'vendor.key')).toThrow(expect.objectContaining({ code: 'KEY_INVALID' }))
  })
})

describe('fingerprints', () => {
  it('are shown in eight groups and read back in every spelling', () => {
    const shown = formatFingerprint(key.fingerprint)
    expect(shown).toMatch(/^([0-9a-f]{8}-){7}[0-9a-f]{8}$/)
    for (const text of [shown, key.fingerprint, shown.toUpperCase(), shown.replaceAll('-', ' '), shown.replaceAll('-', ':')]) {
      expect(parseFingerprint(text)).toBe(key.fingerprint)
    }
  })

  it.each([
    ['a part', key.fingerprint.slice(0, 16)],
    ['one digit too many', `${key.fingerprint}0`],
    ['other letters', 'x'.repeat(64)],
    ['nothing', ''],
  ])('are never read from %s', (_, text) => {
    expect(() => parseFingerprint(text)).toThrow(expect.objectContaining({ code: 'KEY_FINGERPRINT_INVALID' }))
  })
})

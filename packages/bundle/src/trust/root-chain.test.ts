import { describe, expect, it } from 'vitest'
import { formatFingerprint } from '../signature/fingerprint.ts'
import { generateKeyPair, type KeyPair } from '../signature/key-pair.ts'
import { PayloadType } from '../signature/payload-type.ts'
import { sign } from '../signature/signature.ts'
import { firstRoot, nextRoot } from './make-root.ts'
import { rootSigners, type SignedRoot, type VerifiedRoot, verifyChain } from './root-chain.ts'
import { encodeRoot, parseRoot, type Root, type RootKey } from './root-document.ts'

const [a, b, c] = [generateKeyPair(), generateKeyPair(), generateKeyPair()]
const first = firstRoot([a], { name: 'ACME' })
const INVALID = { code: 'TRUST_ROOT_INVALID', exitCode: 3 }

/** A root of any content, signed by whom one likes. */
function forged(root: Root, ...keys: readonly KeyPair[]): SignedRoot {
  const document = encodeRoot(root)
  return { document, signatures: keys.map((key) => sign(key, PayloadType.root, document)) }
}

const keyOf = ({ fingerprint, publicKey }: KeyPair, more: Partial<RootKey> = {}): RootKey => ({
  fingerprint,
  publicKey,
  roles: ['release', 'root'],
  state: 'active',
  ...more,
})

const after = (before: VerifiedRoot, change: Partial<Root>): Root => ({ ...before.root, number: before.root.number + 1, previous: before.digest, ...change })
const verify = (...roots: readonly SignedRoot[]) => verifyChain(roots, 'stick')
const states = ({ root }: VerifiedRoot) => new Map(root.keys.map(({ fingerprint, state }) => [fingerprint, state]))

describe('a chain of trust roots', () => {
  it('begins with a root that its own keys signed, which names the vendor', () => {
    const { vendor, newest } = verify(first)
    expect(vendor).toBe(first.digest)
    expect(newest.root).toMatchObject({ number: 1, name: 'ACME', threshold: 1, keys: [{ fingerprint: a.fingerprint, state: 'active' }] })
  })

  it('goes on under the keys of the root before: keys are added, retired and revoked', () => {
    const added = nextRoot(first, { add: [b] }, [a])
    const retired = nextRoot(added, { states: new Map([[a.fingerprint, 'retired']]) }, [a, b])
    const revoked = nextRoot(retired, { add: [c], states: new Map([[b.fingerprint, 'revoked']]) }, [b])
    const { vendor, newest } = verify(first, added, retired, revoked)
    expect(vendor).toBe(first.digest)
    expect(states(newest)).toEqual(
      new Map([
        [a.fingerprint, 'retired'],
        [b.fingerprint, 'revoked'],
        [c.fingerprint, 'active'],
      ]),
    )
    expect(rootSigners(newest.root).map(({ fingerprint }) => fingerprint)).toEqual([c.fingerprint])
    expect(newest.root.name).toBe('ACME')
  })

  it('needs every root between: one left out, twice, or in another order is no chain', () => {
    const second = nextRoot(first, { add: [b] }, [a])
    const third = nextRoot(second, { add: [c] }, [a])
    for (const roots of [[], [second], [first, third], [first, first], [second, first], [first, second, second]]) {
      expect(() => verify(...roots)).toThrow(expect.objectContaining(INVALID))
    }
    expect(verify(first, second, third).newest.root.number).toBe(3)
  })

  it('can not be gone on with by anyone else', () => {
    const stranger = forged(after(first, { keys: [...first.root.keys, keyOf(b)] }), b)
    expect(() => verify(first, stranger)).toThrow('is signed by 0 keys of the root before, expected 1')
    expect(() => nextRoot(first, { add: [c] }, [b])).toThrow(expect.objectContaining(INVALID))
  })

  it('can not be gone on with by a key that was retired or revoked before', () => {
    for (const state of ['retired', 'revoked'] as const) {
      const second = nextRoot(first, { add: [b], states: new Map([[a.fingerprint, state]]) }, [a])
      const third = forged(after(second, { keys: [...second.root.keys, keyOf(c)] }), a, c)
      expect(() => verify(first, second, third)).toThrow('of the root before, expected 1')
    }
  })

  it('can not be gone on with by a key that may only sign releases', () => {
    const second = forged(after(first, { keys: [...first.root.keys, keyOf(b, { roles: ['release'] })] }), a, b)
    const [, verified] = verify(first, second).roots as [VerifiedRoot, VerifiedRoot]
    expect(() => verify(first, second, forged(after(verified, {}), b))).toThrow('of the root before')
    expect(verify(first, second, forged(after(verified, {}), a)).newest.root.number).toBe(3)
  })

  it('takes a key in only by its own signature', () => {
    const claimed = forged(after(first, { keys: [...first.root.keys, keyOf(b)] }), a)
    expect(() => verify(first, claimed)).toThrow(`names the new key ${formatFingerprint(b.fingerprint)}, which did not sign it`)
    expect(() => verify(forged({ ...first.root, keys: [keyOf(a), keyOf(b, { state: 'revoked' })] }, a))).toThrow('which did not sign it')
  })

  it('never leaves a key out, and never takes one back', () => {
    const two = firstRoot([a, b])
    expect(() => verify(two, forged(after(two, { keys: [keyOf(a)] }), a))).toThrow('no longer names the key')
    const revoked = nextRoot(two, { states: new Map([[b.fingerprint, 'revoked']]) }, [a])
    const back = forged(after(revoked, { keys: [keyOf(a), keyOf(b, { state: 'retired' })] }), a)
    expect(() => verify(two, revoked, back)).toThrow('was revoked and is retired again')
    expect(states(nextRoot(revoked, { states: new Map([[b.fingerprint, 'retired']]) }, [a])).get(b.fingerprint)).toBe('revoked')
  })

  it('holds to the threshold, before and after', () => {
    const both: Root = { ...first.root, threshold: 2, keys: [keyOf(a), keyOf(b)] }
    expect(() => verify(forged({ ...both, threshold: 3 }, a, b))).toThrow('2 keys could sign the next one, 3 would have to')
    const one = verify(forged(both, a, b)).newest
    expect(() => verify(one, forged(after(one, {}), a))).toThrow('is signed by 1 keys of the root before, expected 2')
    // The same key twice is one.
    const document = encodeRoot(after(one, {}))
    const twice = { document, signatures: [sign(a, PayloadType.root, document), sign(a, PayloadType.root, document)] }
    expect(() => verify(one, twice)).toThrow('is signed by 1 keys')
    expect(verify(one, forged(after(one, { threshold: 1 }), a, b)).newest.root.threshold).toBe(1)
  })

  it('takes no signature over another document, or another kind of document', () => {
    const other = nextRoot(first, { add: [b] }, [a])
    expect(() => verify({ ...first, signatures: other.signatures })).toThrow(expect.objectContaining(INVALID))
    expect(() => verify({ ...first, signatures: [sign(a, PayloadType.release, first.document)] })).toThrow(expect.objectContaining(INVALID))
    expect(() => verify({ ...first, signatures: [...first.signatures, Buffer.from('{}')] })).toThrow(expect.objectContaining(INVALID))
  })
})

describe('a root document', () => {
  const text = first.document.toString()
  const read = (changed: string) => () => parseRoot(Buffer.from(changed), 'stick')

  it('is read as it was written', () => {
    const expires = '2031-12-31T23:59:59.000Z'
    const root = firstRoot([a, b, c], { name: 'Ümläut & Söhne', expires }).root
    expect(parseRoot(encodeRoot(root), 'stick')).toEqual(root)
  })

  it.each([
    ['a space more', text.replace(',', ', ')],
    ['a field twice', text.replace('"number":1', '"number":1,"number":1')],
    ['a field more', text.replace('{', '{"extra":1,')],
    ['another format', text.replace('sealift-root', 'other')],
    ['a newer version', text.replace('"formatVersion":1', '"formatVersion":2')],
    ['the number 0', text.replace('"number":1', '"number":0')],
    ['a number that is none', text.replace('"number":1', '"number":"1"')],
    ['a threshold of 0', text.replace('"threshold":1', '"threshold":0')],
    ['no keys', text.replace(/"keys":\[.*\]/, '"keys":[]')],
    ['a key twice', text.replace(/"keys":\[(.*)\]/, '"keys":[$1,$1]')],
    ['a role that is none', text.replace('"release"', '"king"')],
    ['a state that is none', text.replace('"active"', '"alive"')],
    ['a key that is cut off', text.replace('"publicKey":"', '"publicKey":"A')],
    ['a name that turns the text round', text.replace('ACME', 'ACME\u202Erekcah')],
    ['a name with control characters', text.replace('ACME', '\\u001b[2J')],
    ['a name that is too long', text.replace('ACME', 'A'.repeat(101))],
    ['a day that is none', text.replace(/"createdAt":"[^"]*"/, '"createdAt":"2026-02-30T00:00:00.000Z"')],
    ['a first root that replaces another', text.replace('"number":1', `"number":1,"previous":"sha256:${'0'.repeat(64)}"`)],
    ['too many bytes', text + ' '.repeat(64 * 1024)],
    ['deep JSON', '['.repeat(60_000)],
    ['a list', '[]'],
    ['nothing', ''],
  ])('is refused with %s', (_, changed) => {
    expect(read(changed)).toThrow(expect.objectContaining(INVALID))
  })

  it('is refused where it is no UTF-8', () => {
    const bytes = Buffer.from(first.document)
    bytes[bytes.indexOf('ACME')] = 0xff
    expect(() => parseRoot(bytes, 'stick')).toThrow(expect.objectContaining(INVALID))
  })
})

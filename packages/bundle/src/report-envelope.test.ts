import { describe, expect, it } from 'vitest'
import { openReport, sealReport } from './report-envelope.ts'
import { generateKeyPair } from './signature/key-pair.ts'
import { PayloadType } from './signature/payload-type.ts'
import { sign } from './signature/signature.ts'

const key = generateKeyPair()
const report = Buffer.from('{"checks":[]}')
const envelope = sealReport(key, report)
const changed = (fields: Record<string, unknown>): Buffer => Buffer.from(JSON.stringify({ ...JSON.parse(envelope.toString()), ...fields }))

describe('the envelope of a report', () => {
  it('gives the report back and says who signed it', () => {
    const opened = openReport(envelope, 'r.json')
    expect(opened.report.equals(report)).toBe(true)
    expect(opened.signer.fingerprint).toBe(key.fingerprint)
  })

  const other = Buffer.from('{"checks":[1]}')
  const releaseSignature: unknown = JSON.parse(sign(key, PayloadType.release, report).toString())
  it.each<[string, Buffer, string]>([
    ['another payload', changed({ payload: other.toString('base64') }), 'SIGNATURE_INVALID'],
    ['a signature over another kind of document', changed({ signature: releaseSignature }), 'SIGNATURE_INVALID'],
    ['no signature', changed({ signature: null }), 'SIGNATURE_INVALID'],
    ['a signature that is a text', changed({ signature: 'x' }), 'REPORT_INVALID'],
    ['another format', changed({ format: 'x' }), 'REPORT_INVALID'],
    ['base64 that is not canonical', changed({ payload: `${report.toString('base64')}\n` }), 'REPORT_INVALID'],
    ['a payload that is a number', changed({ payload: 7 }), 'REPORT_INVALID'],
    ['a list', Buffer.from('[]'), 'REPORT_INVALID'],
    ['nothing', Buffer.alloc(0), 'REPORT_INVALID'],
    ['null', Buffer.from('null'), 'REPORT_INVALID'],
    ['five million bytes', Buffer.concat([envelope, Buffer.alloc(5_000_000, ' ')]), 'REPORT_INVALID'],
  ])('is refused with %s', (_, bytes, code) => {
    expect(() => openReport(bytes, 'r.json')).toThrow(expect.objectContaining({ code, message: expect.stringContaining('r.json') }))
  })
})

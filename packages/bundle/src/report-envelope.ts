import { SealiftError } from '@sealift/oci/sealift-error.ts'
import type { KeyPair } from './signature/key-pair.ts'
import { PayloadType } from './signature/payload-type.ts'
import { exactBase64, type Signer, sign, verify } from './signature/signature.ts'

/** What the envelope of a report says that it is. */
const FORMAT = 'sealift.dev/report-envelope/v1'
/** The largest envelope that is read; a real one has some kilobytes for each check. */
export const MAX_ENVELOPE_BYTES = 4 * 1024 * 1024

/** Puts a report and a signature over its bytes into one file. */
export function sealReport(key: KeyPair, report: Uint8Array): Buffer {
  const signature: unknown = JSON.parse(sign(key, PayloadType.report, report).toString('utf8'))
  return Buffer.from(`${JSON.stringify({ format: FORMAT, payload: Buffer.from(report).toString('base64'), signature }, null, 2)}\n`)
}

/**
 * Takes a report out of its file once the signature has proved its bytes. Whether the key is trusted is
 * the caller's to decide.
 * @param what names the file in errors
 * @throws SealiftError `REPORT_INVALID`, `SIGNATURE_INVALID`
 */
export function openReport(envelope: Uint8Array, what: string): { readonly report: Buffer; readonly signer: Signer } {
  const invalid = (why: string, cause?: unknown): SealiftError => new SealiftError('REPORT_INVALID', `${what}: ${why}`, { cause })
  if (envelope.length > MAX_ENVELOPE_BYTES) throw invalid(`has ${envelope.length} bytes, more than the ${MAX_ENVELOPE_BYTES} that a report may have`)
  let json: unknown
  try {
    json = JSON.parse(Buffer.from(envelope).toString('utf8'))
  } catch (cause) {
    throw invalid('is no JSON', cause)
  }
  if (typeof json !== 'object' || json === null || !('format' in json) || json.format !== FORMAT) throw invalid(`does not say that it is ${FORMAT}`)
  const { payload, signature } = json as Readonly<Record<string, unknown>>
  if (typeof payload !== 'string' || typeof signature !== 'object') throw invalid('has no payload and signature')
  const report = exactBase64(payload, Buffer.byteLength(payload, 'base64'))
  if (report === undefined) throw invalid('has a payload that is not base64')
  return { report, signer: verify(Buffer.from(JSON.stringify(signature)), PayloadType.report, report, what) }
}

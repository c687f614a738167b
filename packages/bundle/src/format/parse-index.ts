import { blockCount, maxEncodedBlockSize, plainBlockSize } from '@sealift/content/block-layout.ts'
import { BLOCK_SIZE, type Block, type Encoding } from '@sealift/content/content-store.ts'
import { isSize } from '@sealift/oci/descriptor.ts'
import { type Digest, isDigest } from '@sealift/oci/digest.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { TAR_BLOCK, tarMemberSize } from '@sealift/oci/tar-header.ts'
import { MAX_SIGNATURE_BYTES } from '../signature/signature.ts'
import { MAX_ROOT_BYTES } from '../trust/root-document.ts'
import {
  type BaseRelease,
  type BundledRelease,
  type BundledRoot,
  type BundleEntry,
  type BundleIndex,
  type BundlePack,
  type EncodedBytes,
  FEATURES,
  FORMAT_NAME,
  FORMAT_VERSION,
  MAX_DOCUMENT_BYTES,
  MAX_DOCUMENTS_BYTES,
  MAX_ENTRIES,
  MAX_RELEASES,
  MAX_ROOT_SIGNATURES,
  MAX_ROOTS,
  MAX_ROOTS_BYTES,
  type PlainBlob,
} from './bundle-index.ts'

type Fields = Readonly<Record<string, unknown>>

const ENCODINGS: readonly string[] = ['plain', 'zstd'] satisfies Encoding[]
const BUNDLE_ID = /^[0-9a-f]{32}$/
const DNS_LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/
const VERSION = /^[A-Za-z0-9][A-Za-z0-9.+_-]{0,127}$/
const PLATFORM = /^[a-z0-9_.]{1,32}(\/[a-z0-9_.]{1,32}){1,2}$/
const MAX_PLATFORMS = 50
const PRINTABLE = /^[\x20-\x7e]{0,200}$/
/** 1 for the bytes that stand before a value. */
const BEFORE_VALUE = Uint8Array.from({ length: 256 }, (_, byte) => ('{[,'.includes(String.fromCharCode(byte)) ? 1 : 0))

/** Bytes of an index for each value in it, at least; an index of nothing but empty entries still has 23. */
const MIN_BYTES_PER_VALUE = 16

/** Values that an index may have beyond that, so that a small one may be as it likes. */
const MAX_SPARE_VALUES = 1000
const SHA256 = /^[0-9a-f]{64}$/

/**
 * Reads the index of a bundle from bytes whose signature was already checked. Nothing in it is taken
 * on trust: counts, sizes and places are bounded and must fit together exactly, so that no two
 * members overlap and none is listed twice.
 * @throws SealiftError `BUNDLE_UNSUPPORTED` (a newer format), `BUNDLE_INVALID`
 */
export function parseIndex(bytes: Buffer): BundleIndex {
  checkDensity(bytes)
  const index = fieldsOf(parseJson(bytes), 'index')
  const features = checkVersion(index)
  const packList = list(index.packs, 'packs', MAX_ENTRIES)
  const entryList = list(index.entries, 'entries', MAX_ENTRIES)
  const layout = new LayoutCheck()
  const packs = packList.map((value, position) => layout.pack(value, `packs[${position}]`))
  const entries = entryList.map((value, position) => layout.entry(value, `entries[${position}]`))
  const releases = list(index.releases, 'releases', MAX_RELEASES).map((value, position) => release(value, `releases[${position}]`, layout.blobs, features))
  unique(
    releases.map((item) => item.digest),
    'releases',
  )
  const documents = releases.reduce((total, { documentSize }) => total + documentSize, 0)
  if (documents > MAX_DOCUMENTS_BYTES) throw invalid('releases', `the release documents have ${documents} bytes, more than ${MAX_DOCUMENTS_BYTES}`)
  const requires = list(index.requires ?? [], 'requires', MAX_ENTRIES).map((value, position) =>
    plainBlob(fieldsOf(value, `requires[${position}]`), `requires[${position}]`),
  )
  for (const { digest } of requires) layout.claim(digest, 'requires')
  const base = list(index.base ?? [], 'base', MAX_RELEASES).map((value, position) => baseRelease(value, `base[${position}]`))
  unique(
    base.map(({ digest }) => digest),
    'base',
  )
  return {
    bundleId: textAt(index.bundleId, 'bundleId', BUNDLE_ID),
    createdAt: timeAt(index.createdAt),
    creator: textAt(index.creator, 'creator', PRINTABLE),
    releases,
    roots: rootsAt(index.roots ?? [], layout.blobs),
    base,
    requires,
    packs,
    entries,
  }
}

/** Follows the members in order: each must begin where the one before ends. */
class LayoutCheck {
  /** Plain size of every blob that the bundle carries or requires. */
  readonly blobs = new Map<Digest, number>()
  #end = 0

  /** Notes a blob, which may be listed once only. */
  claim(digest: Digest, where: string, size = 0): void {
    if (this.blobs.has(digest)) throw invalid(where, `blob ${digest} is listed twice`)
    if (this.blobs.size >= MAX_ENTRIES) throw invalid(where, `more than ${MAX_ENTRIES} blobs are listed`)
    this.blobs.set(digest, size)
  }

  pack(value: unknown, where: string): BundlePack {
    const fields = fieldsOf(value, where)
    const contents = list(fields.contents, `${where}.contents`, MAX_ENTRIES).map((item, position) => {
      const blob = plainBlob(fieldsOf(item, `${where}.contents[${position}]`), `${where}.contents[${position}]`)
      this.claim(blob.digest, where, blob.size)
      return blob
    })
    const bytes = this.#encodedBytes(fields, where)
    if (contents.length === 0) throw invalid(where, 'the pack is empty')
    if (bytes.size > BLOCK_SIZE) throw invalid(where, `a pack of ${bytes.size} bytes, more than ${BLOCK_SIZE}`)
    const sum = contents.reduce((total, { size }) => total + size, 0)
    if (sum !== bytes.size) throw invalid(where, `the contents have ${sum} bytes, the pack ${bytes.size}`)
    return { ...bytes, contents }
  }

  entry(value: unknown, where: string): BundleEntry {
    const fields = fieldsOf(value, where)
    const digest = digestAt(fields.digest, `${where}.digest`)
    const bytes = this.#encodedBytes(fields, where)
    this.claim(digest, where, bytes.size)
    return { digest, ...bytes }
  }

  #encodedBytes(fields: Fields, where: string): EncodedBytes {
    const encoding = fields.encoding
    if (typeof encoding !== 'string' || !ENCODINGS.includes(encoding)) {
      throw unsupported(`${where} has the encoding ${shown(encoding)}; this version reads ${ENCODINGS.join(' and ')}`)
    }
    const size = sizeAt(fields.size, `${where}.size`)
    const encodedSize = sizeAt(fields.encodedSize, `${where}.encodedSize`)
    const offset = sizeAt(fields.offset, `${where}.offset`)
    const blocks = blocksAt(fields.blocks, where, size, encoding === 'plain')
    const sum = blocks.reduce((total, block) => total + block.size, 0)
    if (sum !== encodedSize) throw invalid(where, `the blocks have ${sum} bytes, encodedSize says ${encodedSize}`)
    if (offset !== this.#end + TAR_BLOCK) throw invalid(where, `begins at ${offset}, expected ${this.#end + TAR_BLOCK}, right after the member before`)
    this.#end += tarMemberSize(encodedSize)
    if (!isSize(this.#end)) throw invalid(where, 'ends beyond any file')
    return { encoding: encoding as Encoding, size, encodedSize, offset, blocks }
  }
}

/** Parsed, a value takes tens of bytes whatever it is, so that an index of nothing but empty lists would take gigabytes. */
function checkDensity(bytes: Buffer): void {
  let values = 0
  for (let position = 0; position < bytes.length; position++) values += BEFORE_VALUE[bytes[position] as number] as number
  if (values > MAX_SPARE_VALUES + bytes.length / MIN_BYTES_PER_VALUE) {
    throw new SealiftError(
      'BUNDLE_INVALID',
      `the index has ${values} of the characters { [ and , in ${bytes.length} bytes, more than one for every ${MIN_BYTES_PER_VALUE}`,
    )
  }
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch (cause) {
    throw new SealiftError('BUNDLE_INVALID', 'the index is no JSON', { cause })
  }
}

/** Returns the features that the bundle makes use of. */
function checkVersion(index: Fields): ReadonlySet<unknown> {
  if (index.format !== FORMAT_NAME) throw invalid('format', `is ${shown(index.format)}, expected ${JSON.stringify(FORMAT_NAME)}`)
  if (index.version !== FORMAT_VERSION) throw unsupported(`it has format version ${shown(index.version)}; this program reads version ${FORMAT_VERSION}`)
  const features = list(index.features ?? [], 'features', 100)
  const unknown = features.filter((feature) => !(FEATURES as readonly unknown[]).includes(feature))
  if (unknown.length > 0) throw unsupported(`reading it needs ${unknown.map(shown).join(', ')}, which this program does not know`)
  return new Set(features)
}

function baseRelease(value: unknown, where: string): BaseRelease {
  const fields = fieldsOf(value, where)
  return {
    application: textAt(fields.application, `${where}.application`, DNS_LABEL),
    version: textAt(fields.version, `${where}.version`, VERSION),
    digest: digestAt(fields.digest, `${where}.digest`),
  }
}

function release(value: unknown, where: string, blobs: ReadonlyMap<Digest, number>, features: ReadonlySet<unknown>): BundledRelease {
  const fields = fieldsOf(value, where)
  const digest = digestAt(fields.digest, `${where}.digest`)
  const documentSize = sizeAt(fields.documentSize, `${where}.documentSize`)
  const signature = digestAt(fields.signature, `${where}.signature`)
  if (documentSize > MAX_DOCUMENT_BYTES) throw invalid(where, `the release document has ${documentSize} bytes, more than ${MAX_DOCUMENT_BYTES}`)
  if (blobs.get(digest) !== documentSize) throw invalid(where, `the release document ${digest} of ${documentSize} bytes is not in the bundle`)
  if ((blobs.get(signature) ?? Infinity) > MAX_SIGNATURE_BYTES) throw invalid(where, `the signature ${signature} is not in the bundle, or is no signature`)
  const platforms = fields.platforms === undefined ? undefined : platformsAt(fields.platforms, `${where}.platforms`)
  if (platforms !== undefined && !features.has('platforms')) throw invalid(where, 'has platforms, which features does not name')
  return {
    application: textAt(fields.application, `${where}.application`, DNS_LABEL),
    version: textAt(fields.version, `${where}.version`, VERSION),
    sequence: sizeAt(fields.sequence, `${where}.sequence`),
    digest,
    documentSize,
    signature,
    ...(platforms === undefined ? {} : { platforms }),
  }
}

function rootsAt(value: unknown, blobs: ReadonlyMap<Digest, number>): readonly (readonly BundledRoot[])[] {
  let roots = 0
  let signatures = 0
  let bytes = 0
  const chains = list(value, 'roots', MAX_ROOTS).map((chain, which) =>
    list(chain, `roots[${which}]`, MAX_ROOTS).map((item, position): BundledRoot => {
      const where = `roots[${which}][${position}]`
      const fields = fieldsOf(item, where)
      const digest = digestAt(fields.digest, `${where}.digest`)
      const size = blobs.get(digest)
      if (size === undefined || size > MAX_ROOT_BYTES)
        throw invalid(where, `the root document ${digest} is not in the bundle, or has more than ${MAX_ROOT_BYTES} bytes`)
      const over = list(fields.signatures, `${where}.signatures`, MAX_ROOT_SIGNATURES).map((text, number) => digestAt(text, `${where}.signatures[${number}]`))
      const absent = over.find((signature) => (blobs.get(signature) ?? Infinity) > MAX_SIGNATURE_BYTES)
      if (absent !== undefined) throw invalid(where, `the signature ${absent} is not in the bundle, or is no signature`)
      roots++
      signatures += over.length
      bytes += size
      return { digest, signatures: over }
    }),
  )
  if (chains.some(({ length }) => length === 0)) throw invalid('roots', 'a vendor has no root')
  if (roots > MAX_ROOTS || signatures > MAX_ROOT_SIGNATURES || bytes > MAX_ROOTS_BYTES) {
    throw invalid(
      'roots',
      `${roots} documents with ${signatures} signatures and ${bytes} bytes; at most ${MAX_ROOTS}, ${MAX_ROOT_SIGNATURES} and ${MAX_ROOTS_BYTES} can be`,
    )
  }
  return chains
}

function platformsAt(value: unknown, where: string): readonly string[] {
  const platforms = list(value, where, MAX_PLATFORMS).map((item, position) => textAt(item, `${where}[${position}]`, PLATFORM))
  if (platforms.length === 0 || new Set(platforms).size !== platforms.length) throw invalid(where, 'is empty, or lists a platform twice')
  return platforms
}

function blocksAt(value: unknown, where: string, size: number, plain: boolean): readonly Block[] {
  const pairs = list(value, `${where}.blocks`, Infinity)
  if (pairs.length !== blockCount(size)) throw invalid(where, `has ${pairs.length} blocks for ${size} bytes, expected ${blockCount(size)}`)
  return pairs.map((pair, position) => {
    const [blockSize, sha256, ...rest] = Array.isArray(pair) ? pair : []
    if (!isSize(blockSize) || typeof sha256 !== 'string' || !SHA256.test(sha256) || rest.length > 0) {
      throw invalid(`${where}.blocks[${position}]`, 'is not a size and a sha256')
    }
    const plainSize = plainBlockSize(size, position)
    const possible = plain ? blockSize === plainSize : blockSize > 0 && blockSize <= maxEncodedBlockSize(plainSize)
    if (!possible) throw invalid(`${where}.blocks[${position}]`, `${blockSize} encoded bytes can't hold ${plainSize} plain bytes`)
    return { size: blockSize, sha256 }
  })
}

function plainBlob(fields: Fields, where: string): PlainBlob {
  return { digest: digestAt(fields.digest, `${where}.digest`), size: sizeAt(fields.size, `${where}.size`) }
}

function fieldsOf(value: unknown, where: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(where, 'is no object')
  return value as Fields
}

function list(value: unknown, where: string, limit: number): readonly unknown[] {
  if (!Array.isArray(value)) throw invalid(where, 'is no list')
  if (value.length > limit) throw invalid(where, `has ${value.length} items, more than ${limit}`)
  return value
}

function digestAt(value: unknown, where: string): Digest {
  if (!isDigest(value)) throw invalid(where, `${shown(value)} is no digest`)
  return value
}

function sizeAt(value: unknown, where: string): number {
  if (!isSize(value)) throw invalid(where, `${shown(value)} is no size`)
  return value
}

function textAt(value: unknown, where: string, pattern: RegExp): string {
  if (typeof value !== 'string' || !pattern.test(value)) throw invalid(where, `${shown(value)} does not match ${pattern.source}`)
  return value
}

function timeAt(value: unknown): string {
  const time = typeof value === 'string' ? new Date(value) : undefined
  if (time === undefined || Number.isNaN(time.getTime()) || time.toISOString() !== value) throw invalid('createdAt', `${shown(value)} is no UTC time`)
  return time.toISOString()
}

function unique(digests: readonly Digest[], where: string): void {
  if (new Set(digests).size !== digests.length) throw invalid(where, 'lists a digest twice')
}

/** A hostile value, short and without control characters. */
function shown(value: unknown): string {
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object'
  return (JSON.stringify(value) ?? 'nothing').replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 200)
}

function invalid(where: string, why: string): SealiftError {
  return new SealiftError('BUNDLE_INVALID', `${where}: ${why}`)
}

function unsupported(why: string): SealiftError {
  return new SealiftError('BUNDLE_UNSUPPORTED', why)
}

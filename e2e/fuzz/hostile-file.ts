import { INDEX_NAME, SIGNATURE_NAME } from '@sealift/bundle/format/layout.ts'
import type { KeyPair } from '@sealift/bundle/signature/key-pair.ts'
import { PayloadType } from '@sealift/bundle/signature/payload-type.ts'
import { sign } from '@sealift/bundle/signature/signature.ts'
import { encodeTarHeader, paddingOf, readTarSize, TAR_BLOCK, TAR_END, tarMemberSize } from '@sealift/oci/tar-header.ts'
import type { Json } from './mutate-json.ts'

/** A member of the tar as it will be written, whatever it is. */
export interface HostileMember {
  header: Buffer
  bytes: Buffer
  padding: Buffer
}

/** A bundle in parts that can be changed freely and put together again. */
export interface HostileFile {
  index: Buffer
  signature: Buffer
  members: HostileMember[]
  end: Buffer
}

/** An index as JSON, as far as changes count on its shape. */
export interface RawIndex {
  [field: string]: Json
  packs: RawMember[]
  entries: RawMember[]
}

/** A pack or an entry of a {@link RawIndex}. */
export interface RawMember {
  [field: string]: Json
  size: number
  offset: number
  encodedSize: number
  encoding: string
  blocks: [number, string][]
}

/** Takes a sound bundle apart. */
export function takeApart(bytes: Buffer): HostileFile {
  let at = 0
  const next = (name?: string): HostileMember => {
    const header = bytes.subarray(at, at + TAR_BLOCK)
    const size = readTarSize(header, name ?? header.toString('latin1', 0, header.indexOf(0)))
    if (size === undefined) throw new Error(`no tar header at ${at}`)
    const start = at + TAR_BLOCK
    at += tarMemberSize(size)
    return { header, bytes: bytes.subarray(start, start + size), padding: bytes.subarray(start + size, at) }
  }
  const index = next(INDEX_NAME).bytes
  const signature = next(SIGNATURE_NAME).bytes
  const members: HostileMember[] = []
  while (at < bytes.length - TAR_END) members.push(next())
  return { index, signature, members, end: bytes.subarray(at) }
}

/** Puts parts together as they are. */
export function putTogether({ index, signature, members, end }: HostileFile): Buffer {
  const head = [member(INDEX_NAME, index), member(SIGNATURE_NAME, signature)]
  return Buffer.concat([...[...head, ...members].flatMap(({ header, bytes, padding }) => [header, bytes, padding]), end])
}

/** A member with the header and the padding that it should have. */
export function member(name: string, bytes: Buffer): HostileMember {
  return { header: encodeTarHeader(name, bytes.length), bytes, padding: Buffer.alloc(paddingOf(bytes.length)) }
}

/** Puts another index in, signed as its vendor would. */
export function withIndex(file: HostileFile, index: Buffer, key: KeyPair): HostileFile {
  return { ...file, index, signature: file.signature.length === 0 ? file.signature : sign(key, PayloadType.bundleIndex, index) }
}

/** An index whose places follow from the sizes, as a careful forger would write it. */
export function placed(index: RawIndex): Buffer {
  let end = 0
  for (const entry of [...index.packs, ...index.entries]) {
    entry.offset = end + TAR_BLOCK
    end += tarMemberSize(entry.encodedSize)
  }
  return Buffer.from(JSON.stringify(index))
}

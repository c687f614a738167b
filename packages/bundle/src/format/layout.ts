import { hexOf } from '@sealift/oci/digest.ts'
import { paddingOf, TAR_END, tarMemberSize } from '@sealift/oci/tar-header.ts'
import type { BundleIndex, EncodedBytes } from './bundle-index.ts'

/** The first member: the bytes of the index. */
export const INDEX_NAME = 'sealift.json'

/** The second member: the signature over the index, empty in an unsigned bundle. */
export const SIGNATURE_NAME = 'sealift.sig.json'

/** A file of the tar after the head: a pack or an entry, under its one right name. */
export interface Member extends EncodedBytes {
  readonly name: string
  /** Where each block begins, counted as {@link EncodedBytes.offset} is. */
  readonly places: readonly number[]
}

/** The tar members after the head, in their order: packs, then entries. */
export function membersOf(index: Pick<BundleIndex, 'packs' | 'entries'>): readonly Member[] {
  return [
    ...index.packs.map((pack, position) => asMember(pack, `packs/${position}`)),
    ...index.entries.map((entry) => asMember(entry, `blobs/sha256/${hexOf(entry.digest)}`)),
  ]
}

function asMember({ encoding, size, encodedSize, offset, blocks }: EncodedBytes, name: string): Member {
  let end = offset
  return { name, encoding, size, encodedSize, offset, blocks, places: blocks.map((block) => (end += block.size) - block.size) }
}

/** Bytes of index and signature as members. */
export function headSize(indexSize: number, signatureSize: number): number {
  return tarMemberSize(indexSize) + tarMemberSize(signatureSize)
}

/** Bytes of everything after the head. */
export function bodySize(members: readonly EncodedBytes[]): number {
  const last = members.at(-1)
  return (last === undefined ? 0 : last.offset + last.encodedSize + paddingOf(last.encodedSize)) + TAR_END
}

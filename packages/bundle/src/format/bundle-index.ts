import type { Block, Encoding } from '@sealift/content/content-store.ts'
import type { Digest } from '@sealift/oci/digest.ts'

/** What every version of the format calls itself. */
export const FORMAT_NAME = 'sealift-bundle'

/** The version that is written and read here; specified in `docs/bundle-format.md`. */
export const FORMAT_VERSION = 1

/** What an index may say that a reader has to know beyond the first version of the format. */
export const FEATURES = ['platforms'] as const

/** The largest index, in bytes. */
export const MAX_INDEX_BYTES = 64 * 1024 * 1024

/** The most packs, packed contents and entries together. */
export const MAX_ENTRIES = 100_000

/** The most releases in a bundle. */
export const MAX_RELEASES = 1000

/** The largest release document, in bytes. */
export const MAX_DOCUMENT_BYTES = 16 * 1024 * 1024

/** All release documents of a bundle together, in bytes: a reader holds them in memory. */
export const MAX_DOCUMENTS_BYTES = 64 * 1024 * 1024

/** The most root documents in a bundle. */
export const MAX_ROOTS = 1000

/** The most signatures over root documents in a bundle: each costs a reader the checking. */
export const MAX_ROOT_SIGNATURES = 4000

/** All root documents of a bundle together, in bytes. */
export const MAX_ROOTS_BYTES = 8 * 1024 * 1024

/** Blobs up to this many plain bytes travel in packs. */
export const MAX_PACKED_BYTES = 64 * 1024

/** A blob by its plain bytes. */
export interface PlainBlob {
  readonly digest: Digest
  /** Plain size in bytes. */
  readonly size: number
}

/** A release that the receiver of an increment is taken to have. Its names are for people; the blobs that count stand in `requires`. */
export interface BaseRelease {
  readonly application: string
  readonly version: string
  readonly digest: Digest
}

/** A release that the bundle carries. Document and signature are blobs of the bundle. */
export interface BundledRelease {
  readonly application: string
  readonly version: string
  /** Grows with every release of an application. */
  readonly sequence: number
  /** The digest of the release document, which is the release's identity. */
  readonly digest: Digest
  readonly documentSize: number
  /** The digest of the publisher's signature file over the document. */
  readonly signature: Digest
  /** The only platforms whose images come with it, like `linux/amd64`; without it all come. */
  readonly platforms?: readonly string[]
}

/** A root document of a vendor that travels along, by the digests of blobs of the bundle. */
export interface BundledRoot {
  readonly digest: Digest
  readonly signatures: readonly Digest[]
}

/** Where a member's encoded bytes are and how they are checked. */
export interface EncodedBytes {
  readonly encoding: Encoding
  /** Plain size in bytes. */
  readonly size: number
  readonly encodedSize: number
  /** Where the encoded bytes begin, counted from the first byte after the head. */
  readonly offset: number
  /** In order; block `i` holds the plain bytes from 4 MiB times `i` on. */
  readonly blocks: readonly Block[]
}

/** One blob as a member of its own. */
export interface BundleEntry extends EncodedBytes {
  readonly digest: Digest
}

/** Several small blobs one after the other, at most one block of plain bytes together. */
export interface BundlePack extends EncodedBytes {
  readonly contents: readonly PlainBlob[]
}

/** The signed table of contents. */
export interface BundleIndex {
  /** 32 hexadecimal digits, new for every export. */
  readonly bundleId: string
  /** ISO 8601, UTC, milliseconds. */
  readonly createdAt: string
  /** The program that wrote it, for people. */
  readonly creator: string
  readonly releases: readonly BundledRelease[]
  /** The trust roots of the vendors that signed, each from the first to the newest. */
  readonly roots: readonly (readonly BundledRoot[])[]
  /** The releases that an increment was made against; a whole bundle has none. */
  readonly base: readonly BaseRelease[]
  /** Blobs that the releases need, that aren't carried, and that the receiver must have. */
  readonly requires: readonly PlainBlob[]
  readonly packs: readonly BundlePack[]
  readonly entries: readonly BundleEntry[]
}

import type { Digest } from '@sealift/oci/digest.ts'

/** Plain bytes in every block but a blob's last: the unit that is compressed, checked and read at random. */
export const BLOCK_SIZE = 4 * 1024 * 1024

/** How a blob's bytes rest or travel: as they are, or as independent zstd frames, one a block. */
export type Encoding = 'plain' | 'zstd'

/** One block of a blob: the size of its encoded bytes and their sha256 (64 hexadecimal digits). */
export interface Block {
  readonly size: number
  readonly sha256: string
}

/** What the store knows of a blob without reading it. */
export interface BlobInfo {
  readonly digest: Digest
  /** Plain size in bytes. */
  readonly size: number
  readonly encoding: Encoding
  /** Bytes of all encoded blocks together. */
  readonly encodedSize: number
}

/** A half-open range of plain bytes. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/** A blob in its encoded form, held open until closed: collection and deletion don't disturb it. */
export interface EncodedBlob extends AsyncDisposable {
  readonly info: BlobInfo
  /** In order; block `i` holds the plain bytes from `i * BLOCK_SIZE` on. */
  readonly blocks: readonly Block[]
  /**
   * The encoded bytes of one block, not yet compared with its hash.
   * @param into where to put them, at least `blocks[index].size` long; without it a fresh buffer
   */
  readBlock(index: number, into?: Buffer): Promise<Buffer>
  close(): Promise<void>
}

/** Takes one blob. Nothing is visible before {@link BlobWriter.commit} resolves, and then all of it is, durably. */
export interface BlobWriter {
  /** Adds plain bytes; the buffer may be reused once this resolves. */
  write(bytes: Uint8Array): Promise<void>
  /**
   * Ends the blob and makes it durable. A blob that is already there is left as it is.
   * @throws SealiftError `CONTENT_CORRUPT` where the bytes are not those expected; the writer is then aborted
   */
  commit(): Promise<BlobInfo>
  /** Gives up; no trace remains. Safe at any time, also after commit. */
  abort(): Promise<void>
}

/** Takes one blob block by block as another store encoded it, checking hash, size and digest of all. */
export interface EncodedWriter {
  /** Adds the next block. The buffer, with all the memory that it is a view of, is the writer's from here on. */
  writeBlock(encoded: Buffer): Promise<void>
  /** As {@link BlobWriter.commit}. */
  commit(): Promise<BlobInfo>
  /** As {@link BlobWriter.abort}. */
  abort(): Promise<void>
}

/** What the caller knows beforehand of a blob that it writes. */
export interface Expected {
  readonly digest?: Digest
  readonly size?: number
}

/** Describes a blob that arrives encoded: all of it is a claim until {@link EncodedWriter.commit} has resolved. */
export interface EncodedClaim {
  readonly digest: Digest
  readonly size: number
  readonly encoding: Encoding
  readonly blocks: readonly Block[]
}

/**
 * Holds collection off: whatever anybody looks up, opens, reads or writes while it lasts is not collected
 * before it ends, needed or not. So work that leaves out a blob since it is there already finds it there
 * still when it commits what refers to it. It lives in this process and ends with it; what must outlast
 * the process is kept by its age, see {@link ContentStore.touch}.
 */
export interface ContentLease extends Disposable {
  /** Safe to call twice. */
  release(): void
}

/** Files and their bytes on the disk. */
export interface Amount {
  readonly count: number
  readonly bytes: number
}

/** What a collection goes by. Times in milliseconds. */
export interface CollectOptions {
  /**
   * Names every blob that must stay. Asked once, when the collection has begun: what is needed by a commit that it misses was
   * used under a lease, and stays for that.
   */
  readonly needed: () => Promise<ReadonlySet<Digest>>
  /** Whether a blob may go that was last written or touched at this time (of the clock on the wall) by an earlier process. */
  readonly isOld: (changedAt: number) => boolean
  /** How long a blob that this process has written or touched is kept at least. */
  readonly minAge: number
  /** How long a blob is kept after its last use by this process: who reads several, one after another, gets all of them. */
  readonly rest: number
  /** Only says what would be taken. */
  readonly dryRun?: boolean
  readonly signal?: AbortSignal
  readonly progress?: (done: number, total: number) => void
}

/** What a collection took, or would take. */
export interface Collection {
  /** Blobs that nothing needs. */
  readonly blobs: Amount
  /** What work that was given up left behind. */
  readonly temporary: Amount
  /** Files that turned out to be damaged, whose blobs nobody needs or that came anew. */
  readonly damaged: Amount
  /** Blobs that are needed. */
  readonly needed: Amount
  /** Blobs that nothing needs, but that are young, or in use. */
  readonly waiting: Amount
}

/**
 * Keeps blobs by the sha256 of their plain bytes, each once. A blob is there wholly or not at all;
 * once there it never changes, and a reader that has it open reads to its end whatever is deleted.
 * Every byte that is handed out in plain form was checked against the hash of its block; a blob in
 * which that finds damage is no longer there from then on, so that it can be brought anew.
 */
export interface ContentStore {
  /** What is known of a blob, or undefined where it is not there. Looks at no content. */
  info(digest: Digest): Promise<BlobInfo | undefined>
  /**
   * The plain bytes of a blob or of a range of it, in order.
   * @throws SealiftError `CONTENT_MISSING`, `CONTENT_CORRUPT`
   */
  read(digest: Digest, range?: ByteRange): AsyncIterable<Buffer>
  /** @throws SealiftError `CONTENT_MISSING` */
  open(digest: Digest): Promise<EncodedBlob>
  /** Begins a blob from plain bytes, which the store encodes. */
  writer(expected?: Expected): Promise<BlobWriter>
  /** Begins a blob from encoded blocks. */
  encodedWriter(claim: EncodedClaim): Promise<EncodedWriter>
  /** Everything that is there, in no order. */
  list(): AsyncIterable<BlobInfo>
  /** Removes a blob; nothing happens where it is not there. */
  delete(digest: Digest): Promise<void>
  /**
   * Reads a blob to its end and compares all of it with its digest. One that is damaged is no longer there from then on.
   * @throws SealiftError `CONTENT_MISSING`, `CONTENT_CORRUPT`
   */
  check(digest: Digest): Promise<void>
  /** Blobs that turned out to be damaged and have not come anew since. */
  damaged(): Promise<readonly Digest[]>
  /** Begins a lease. */
  lease(): ContentLease
  /**
   * Makes a blob as young as one that was just written, durably: for work of several steps that a restart may fall between.
   * @returns whether it is there
   */
  touch(digest: Digest): Promise<boolean>
  /** Takes away every blob that nothing needs, that is old enough, and that no lease covers. One at a time. */
  collect(options: CollectOptions): Promise<Collection>
}

import { hash, randomBytes } from 'node:crypto'
import { maxEncodedBlockSize } from '@sealift/content/block-layout.ts'
import { BLOCK_SIZE, type Block, type ContentStore, type EncodedBlob } from '@sealift/content/content-store.ts'
import { checkBlob } from '@sealift/content/read-blob.ts'
import type { Digest } from '@sealift/oci/digest.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { encodeTarHeader, paddingOf, TAR_BLOCK, TAR_END, tarMemberSize } from '@sealift/oci/tar-header.ts'
import { type BaseRelease, type BundleEntry, type BundleIndex, type BundlePack, type EncodedBytes, MAX_INDEX_BYTES } from '../format/bundle-index.ts'
import { bodySize, headSize, INDEX_NAME, type Member, membersOf, SIGNATURE_NAME } from '../format/layout.ts'
import { parseIndex } from '../format/parse-index.ts'
import { serializeIndex } from '../format/serialize-index.ts'
import type { OnProgress } from '../progress.ts'
import type { KeyPair } from '../signature/key-pair.ts'
import { PayloadType } from '../signature/payload-type.ts'
import { sign } from '../signature/signature.ts'
import { collectContents, type ReleaseToBundle, type RootToBundle } from './bundle-contents.ts'
import { OutputFile } from './output-file.ts'
import { groupForPacks, PackEncoder, type UnplacedPack } from './pack-encoder.ts'

/** Buffers that blocks pass through: one being read, one being hashed, the others being written. */
const BUFFERS = 4

/** Blobs that stay open between the making of the index and the copying. */
const MAX_HELD_OPEN = 256

/** What {@link writeBundle} needs. */
export interface WriteBundleOptions {
  readonly store: ContentStore
  readonly releases: readonly ReleaseToBundle[]
  /** The file to write; one that is there is replaced once the new one is whole. */
  readonly out: string
  /** The key that signs the index, or the explicit wish for a bundle without a signature. */
  readonly key: KeyPair | 'unsigned'
  /** For people: the program that writes. */
  readonly creator: string
  /** The trust roots of the vendors that signed, each from the first to the newest. */
  readonly roots?: readonly (readonly RootToBundle[])[]
  /** Releases that the receiver is taken to have (an increment). */
  readonly base?: readonly BaseRelease[]
  /** Whether the receiver has a blob, so that it need not travel. */
  readonly omit?: (digest: Digest) => boolean
  readonly progress?: OnProgress
  readonly signal?: AbortSignal
}

/** What was written. */
export interface WrittenBundle {
  readonly index: BundleIndex
  /** Bytes of the file. */
  readonly size: number
  /** Blobs that were left out since the receiver has them, and the encoded bytes that they would have had. */
  readonly omitted: { readonly blobs: number; readonly bytes: number }
}

/**
 * Writes releases as one bundle. Encoded blocks are copied as the store has them, each compared with
 * its hash on the way; memory does not depend on the size. The file appears when it is whole and
 * durable; a failure leaves no trace.
 * @throws SealiftError `CONTENT_MISSING`, `CONTENT_CORRUPT`, `SIGNATURE_INVALID`, `DISK_FULL`, `BUNDLE_TOO_LARGE`, `FILE_NOT_FOUND`, `FILE_DENIED`
 */
export async function writeBundle(options: WriteBundleOptions): Promise<WrittenBundle> {
  await using source = new BundleSource(options)
  const index = await source.prepare()
  const indexBytes = serializeIndex(index)
  if (indexBytes.length > MAX_INDEX_BYTES)
    throw new SealiftError('USAGE', `the index has ${indexBytes.length} bytes, more than the limit of ${MAX_INDEX_BYTES}`)
  // What a receiver would refuse is not written at all.
  parseIndex(indexBytes)
  const signature = options.key === 'unsigned' ? Buffer.alloc(0) : sign(options.key, PayloadType.bundleIndex, indexBytes)
  const members = membersOf(index)
  const head = headSize(indexBytes.length, signature.length)
  const size = head + bodySize(members)
  const output = await OutputFile.create(options.out, size)
  try {
    await output.write(Buffer.concat([asMember(INDEX_NAME, indexBytes), asMember(SIGNATURE_NAME, signature)]), 0)
    await new BodyWriter(output, head, members, options).write(source)
    await output.commit()
  } catch (thrown) {
    await output.abort()
    throw thrown
  }
  return { index, size, omitted: source.omitted }
}

/** Gives the encoded blocks of a bundle's members. */
class BundleSource implements AsyncDisposable {
  readonly #options: WriteBundleOptions
  readonly #packs: PackEncoder
  #unplaced: readonly UnplacedPack[] = []
  #entries: readonly BundleEntry[] = []
  readonly #held = new Map<Digest, EncodedBlob>()
  /** What {@link WrittenBundle.omitted} says, once prepared. */
  omitted = { blobs: 0, bytes: 0 }

  constructor(options: WriteBundleOptions) {
    this.#options = options
    this.#packs = new PackEncoder(options.store)
  }

  /** Makes the index; opens every blob for its block hashes, and reads only the small ones. */
  async prepare(): Promise<BundleIndex> {
    const { store, releases, roots = [], omit, base, creator, progress, signal } = this.#options
    const contents = await collectContents(store, releases, roots, omit ?? (() => false))
    const total = contents.small.reduce((sum, { size }) => sum + size, 0)
    let done = 0
    let end = 0
    const place = <Bytes extends Omit<EncodedBytes, 'offset'>>(bytes: Bytes): Bytes & { offset: number } => {
      const offset = end + TAR_BLOCK
      end += tarMemberSize(bytes.encodedSize)
      return { ...bytes, offset }
    }
    const unplaced: UnplacedPack[] = []
    const packs: BundlePack[] = []
    for (const group of groupForPacks(contents.small)) {
      signal?.throwIfAborted()
      const pack = await this.#packs.encode(group)
      unplaced.push(pack)
      packs.push(place(pack))
      progress?.({ stage: 'pack', done: (done += pack.size), total })
    }
    const entries: BundleEntry[] = []
    for (const { digest } of contents.large) {
      signal?.throwIfAborted()
      const blob = await store.open(digest)
      const { encoding, size, encodedSize } = blob.info
      entries.push(place({ digest, encoding, size, encodedSize, blocks: blob.blocks }))
      if (this.#held.size < MAX_HELD_OPEN) this.#held.set(digest, blob)
      else await blob.close()
    }
    this.omitted = { blobs: contents.omitted.length, bytes: contents.omitted.reduce((sum, { encodedSize }) => sum + encodedSize, 0) }
    this.#unplaced = unplaced
    this.#entries = entries
    return {
      bundleId: randomBytes(16).toString('hex'),
      createdAt: new Date().toISOString(),
      creator,
      releases: contents.releases,
      roots,
      base: base ?? [],
      requires: contents.omitted.map(({ digest, size }) => ({ digest, size })),
      packs,
      entries,
    }
  }

  /** Opens the member at a position for reading its blocks in order. */
  async open(position: number): Promise<MemberSource> {
    const pack = this.#unplaced[position]
    if (pack !== undefined) {
      const bytes = await this.#packs.bytes(pack)
      return { readBlock: async () => bytes, close: async () => {} }
    }
    const { digest } = this.#entries[position - this.#unplaced.length] as BundleEntry
    const held = this.#held.get(digest)
    this.#held.delete(digest)
    const blob = held ?? (await this.#options.store.open(digest))
    return { blob: digest, readBlock: (index, into) => blob.readBlock(index, into), close: () => blob.close() }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const blob of this.#held.values()) await blob.close()
  }
}

interface MemberSource extends Pick<EncodedBlob, 'readBlock' | 'close'> {
  readonly blob?: Digest
}

/** A block on its way: read into its slot, then hashed, then written. */
interface Passing {
  readonly reading: Promise<Buffer>
  readonly slot: Slot
  readonly block: Block
  /** The blob that it belongs to, where it is not of a pack. */
  readonly blob: Digest | undefined
  readonly what: string
  readonly position: number
}

interface Slot {
  readonly buffer: Buffer
  written: Promise<void>
}

/** Copies members to their places; reading, hashing and writing of neighbouring blocks overlap. */
class BodyWriter {
  readonly #output: OutputFile
  readonly #head: number
  readonly #members: readonly Member[]
  readonly #options: WriteBundleOptions
  readonly #total: number
  #done = 0
  #count = 0
  #slots: Slot[] = []
  #passing: Passing | undefined

  constructor(output: OutputFile, head: number, members: readonly Member[], options: WriteBundleOptions) {
    this.#output = output
    this.#head = head
    this.#members = members
    this.#options = options
    this.#total = members.reduce((sum, { encodedSize }) => sum + encodedSize, 0)
  }

  async write(source: BundleSource): Promise<void> {
    const open: MemberSource[] = []
    try {
      for (const [position, member] of this.#members.entries()) {
        const current = await source.open(position)
        open.push(current)
        await this.#copy(member, current)
        // The last block of the current one may still be on its way; those of the ones before are not.
        while (open.length > 1) await open.shift()?.close()
      }
      await this.#finishPassing()
      await Promise.all(this.#slots.map((slot) => slot.written))
      // Padding between members needs no writing: what was never written reads as zeros. Only the end does.
      await this.#output.write(Buffer.alloc(TAR_END), this.#output.size - TAR_END)
    } finally {
      // Nothing may touch buffers or file once this has ended, however it ended.
      await Promise.allSettled([this.#passing?.reading, ...this.#slots.map((slot) => slot.written)])
      for (const blob of open) await blob.close()
    }
  }

  async #copy(member: Member, source: MemberSource): Promise<void> {
    let position = this.#head + member.offset
    await this.#output.write(encodeTarHeader(member.name, member.encodedSize), position - TAR_BLOCK)
    if (member.blocks.length === 0) await this.#finishPassing()
    for (const [index, block] of member.blocks.entries()) {
      this.#options.signal?.throwIfAborted()
      const slot = await this.#nextSlot()
      const reading = source.readBlock(index, slot.buffer)
      reading.catch(() => {})
      const previous = this.#passing
      this.#passing = { reading, slot, block, blob: source.blob, what: `${member.name}: block ${index}`, position }
      if (previous !== undefined) await this.#hashAndWrite(previous)
      position += block.size
    }
  }

  async #finishPassing(): Promise<void> {
    const last = this.#passing
    if (last !== undefined) await this.#hashAndWrite(last)
    this.#passing = undefined
  }

  async #hashAndWrite({ reading, slot, block, blob, what, position }: Passing): Promise<void> {
    const bytes = await reading
    if (bytes.length !== block.size || hash('sha256', bytes, 'hex') !== block.sha256) {
      // Read in the store's own way, the damage becomes known to it, so that the blob can be replaced.
      if (blob !== undefined) await checkBlob(this.#options.store, blob)
      throw new SealiftError('CONTENT_CORRUPT', `${what} was damaged in the store`)
    }
    slot.written = this.#output.write(bytes, position)
    slot.written.catch(() => {})
    this.#options.progress?.({ stage: 'copy', done: (this.#done += block.size), total: this.#total })
  }

  async #nextSlot(): Promise<Slot> {
    const position = this.#count++ % BUFFERS
    const slot = (this.#slots[position] ??= { buffer: Buffer.allocUnsafeSlow(maxEncodedBlockSize(BLOCK_SIZE)), written: Promise.resolve() })
    await slot.written
    return slot
  }
}

/** A member of the head with header and padding. */
function asMember(name: string, bytes: Buffer): Buffer {
  return Buffer.concat([encodeTarHeader(name, bytes.length), bytes, Buffer.alloc(paddingOf(bytes.length))])
}

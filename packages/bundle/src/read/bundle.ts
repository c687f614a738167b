import { hash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { plainBlockSize } from '@sealift/content/block-layout.ts'
import type { Block } from '@sealift/content/content-store.ts'
import { readAt } from '@sealift/content/filesystem/read-at.ts'
import { decodeFrame } from '@sealift/content/frame-codec.ts'
import { freeBuffer } from '@sealift/content/free-buffer.ts'
import { messageOf, SealiftError, toSealiftError } from '@sealift/oci/sealift-error.ts'
import { encodeTarHeader, paddingOf, TAR_BLOCK, TAR_END } from '@sealift/oci/tar-header.ts'
import { bodySize, type Member, membersOf } from '../format/layout.ts'
import { type BundleHead, readHead } from './bundle-head.ts'
import { type Fault, faultsError } from './fault.ts'

/** Blocks that are read, checked and decoded ahead of the consumer. */
const READ_AHEAD = 3

/** A block of a member: its plain bytes, or what is wrong with it. */
export type PlainBlock = { readonly plain: Buffer; readonly fault?: never } | { readonly plain?: never; readonly fault: Fault }

/** An open bundle. Opening reads the head only, so it takes the same time whatever the size. */
export class Bundle implements AsyncDisposable {
  readonly path: string
  readonly head: BundleHead
  /** The files of the tar after the head, in order. */
  readonly members: readonly Member[]
  /** Bytes that the file has. */
  readonly fileSize: number
  /** Bytes that the file must have. */
  readonly expectedSize: number
  readonly #file: FileHandle
  /** Encoded bytes of the largest block. */
  readonly #largestBlock: number
  /** Rings of buffers that no reader uses at the moment. */
  readonly #spareRings: Buffer[][] = []

  private constructor(path: string, file: FileHandle, fileSize: number, head: BundleHead) {
    this.path = path
    this.#file = file
    this.fileSize = fileSize
    this.head = head
    this.members = membersOf(head.index)
    this.#largestBlock = this.members.reduce((largest, { blocks }) => blocks.reduce((most, { size }) => Math.max(most, size), largest), 0)
    this.expectedSize = head.size + bodySize(this.members)
  }

  /**
   * Opens a bundle and checks its head.
   * @throws SealiftError as {@link readHead}, `FILE_NOT_FOUND`, `FILE_DENIED`, `DISK_FAULT`
   */
  static async open(path: string): Promise<Bundle> {
    let file: FileHandle | undefined
    try {
      file = await open(path, 'r')
      const stats = await file.stat()
      if (!stats.isFile()) throw new SealiftError('BUNDLE_NOT_A_BUNDLE', `${path} is no regular file`)
      return new Bundle(path, file, stats.size, await readHead(file, path, stats.size))
    } catch (thrown) {
      await file?.close()
      throw toSealiftError(thrown, `reading ${path}`)
    }
  }

  /** What is wrong with the file as a whole: its size and its end. Reads two blocks. */
  async findEndFaults(): Promise<readonly Fault[]> {
    const { fileSize, expectedSize } = this
    if (fileSize < expectedSize) {
      const reason = `the file has ${fileSize} bytes, expected ${expectedSize}`
      return [{ kind: 'truncated', member: 'end', start: fileSize, end: expectedSize, reason }]
    }
    if (fileSize > expectedSize) {
      return [{ kind: 'damaged', member: 'end', start: expectedSize, end: fileSize, reason: `${fileSize - expectedSize} bytes follow the end of the bundle` }]
    }
    const fault = await this.#compare(Buffer.alloc(TAR_END), expectedSize - TAR_END, 'end', 'the two zero blocks at the end are damaged')
    return fault === undefined ? [] : [fault]
  }

  /** Throws where the file's size or end is wrong, before anything is read from it. */
  async checkEnd(): Promise<void> {
    const faults = await this.findEndFaults()
    if (faults.length > 0) throw faultsError(this.path, faults)
  }

  /** What is wrong around a member: its tar header, which must be the one that its index entry makes, and its padding. */
  async findFrameFaults(member: Member): Promise<readonly Fault[]> {
    const start = this.head.size + member.offset
    const header = await this.#compare(encodeTarHeader(member.name, member.encodedSize), start - TAR_BLOCK, member.name, 'the tar header is damaged')
    const padding = paddingOf(member.encodedSize)
    const after = padding === 0 ? undefined : await this.#compare(Buffer.alloc(padding), start + member.encodedSize, member.name, 'the padding is not zero')
    return [header, after].filter((fault) => fault !== undefined)
  }

  /**
   * The blocks of a member in order, each checked before it is decoded, decoded ahead in the thread
   * pool. A faulty block does not end the row. A block's bytes are valid until the next one is asked for.
   */
  async *blocks(member: Member): AsyncGenerator<PlainBlock> {
    const ahead: Promise<PlainBlock>[] = []
    // One buffer for each block that is ahead, and one for the block that the consumer holds.
    const ring = this.#spareRings.pop() ?? []
    let next = 0
    try {
      for (let index = 0; index < member.blocks.length; index++) {
        while (next < member.blocks.length && ahead.length < READ_AHEAD) {
          ahead.push(this.#decodeBlock(member, next, (ring[next % (READ_AHEAD + 1)] ??= Buffer.allocUnsafeSlow(this.#largestBlock))))
          next++
        }
        const block = await (ahead.shift() as Promise<PlainBlock>)
        yield block
        // The ring's own memory is used again; what came out of the decoder is not.
        if (member.encoding === 'zstd' && block.plain !== undefined) freeBuffer(block.plain)
      }
    } finally {
      await Promise.allSettled(ahead)
      this.#spareRings.push(ring)
    }
  }

  /** The plain bytes of a member's blocks in order. @throws SealiftError `BUNDLE_DAMAGED`, `BUNDLE_TRUNCATED` */
  async *plainBlocks(member: Member): AsyncGenerator<Buffer> {
    for await (const { plain, fault } of this.blocks(member)) {
      if (fault !== undefined) throw faultsError(this.path, [fault])
      yield plain
    }
  }

  /**
   * The encoded bytes of one block in a buffer of its own, not yet compared with its hash.
   * @throws SealiftError `BUNDLE_TRUNCATED`, `BUNDLE_DAMAGED` (a medium that can't be read)
   */
  async readEncoded(member: Member, index: number): Promise<Buffer> {
    const buffer = Buffer.allocUnsafeSlow((member.blocks[index] as Block).size)
    const fault = await this.#fill(member, index, buffer)
    if (fault !== undefined) throw faultsError(this.path, [fault])
    return buffer
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close()
  }

  async #decodeBlock(member: Member, index: number, room: Buffer): Promise<PlainBlock> {
    const block = member.blocks[index] as Block
    const buffer = room.subarray(0, block.size)
    const fault = await this.#fill(member, index, buffer)
    if (fault !== undefined) return { fault }
    const found = hash('sha256', buffer, 'hex')
    if (found !== block.sha256) return { fault: this.#blockFault(member, index, `its sha256 is ${found}, expected ${block.sha256}`) }
    if (member.encoding === 'plain') return { plain: buffer }
    try {
      return { plain: await decodeFrame(buffer, plainBlockSize(member.size, index)) }
    } catch (thrown) {
      return { fault: this.#blockFault(member, index, messageOf(thrown)) }
    }
  }

  async #fill(member: Member, index: number, buffer: Buffer): Promise<Fault | undefined> {
    try {
      const read = await readAt(this.#file, buffer, this.#placeOf(member, index))
      if (read === buffer.length) return undefined
      return { ...this.#blockFault(member, index, `only ${read} of ${buffer.length} bytes are there`), kind: 'truncated' }
    } catch (thrown) {
      return this.#blockFault(member, index, `can't be read: ${messageOf(thrown)}`)
    }
  }

  #blockFault(member: Member, index: number, reason: string): Fault {
    const start = this.#placeOf(member, index)
    return { kind: 'damaged', member: member.name, block: index, start, end: start + (member.blocks[index] as Block).size, reason }
  }

  /** Where a block begins in the file. */
  #placeOf(member: Member, index: number): number {
    return this.head.size + (member.places[index] as number)
  }

  async #compare(expected: Buffer, position: number, member: string, reason: string): Promise<Fault | undefined> {
    const found = Buffer.alloc(expected.length)
    const where = { member, start: position, end: position + expected.length }
    try {
      const read = await readAt(this.#file, found, position)
      if (read < expected.length) return { kind: 'truncated', ...where, reason: `only ${read} of ${expected.length} bytes are there` }
    } catch (thrown) {
      return { kind: 'damaged', ...where, reason: `can't be read: ${messageOf(thrown)}` }
    }
    return found.equals(expected) ? undefined : { kind: 'damaged', ...where, reason }
  }
}

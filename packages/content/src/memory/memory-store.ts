import type { Digest } from '@sealift/oci/digest.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import type { BlockSink } from '../block-sink.ts'
import type { Amount, BlobInfo, Block, ContentStore, EncodedBlob } from '../content-store.ts'
import type { PartialBlobs } from '../partial-blobs.ts'
import { PlainWriter } from '../plain-writer.ts'
import { checkBlob } from '../read-blob.ts'
import { readPlain } from '../read-plain.ts'
import { UsageLedger } from '../usage-ledger.ts'
import { VerifyingWriter } from '../verifying-writer.ts'
import { MemoryPartials } from './memory-partials.ts'

interface StoredBlob {
  readonly info: BlobInfo
  readonly blocks: readonly Block[]
  readonly encoded: readonly Buffer[]
  changedAt: number
}

const NOTHING: Amount = { count: 0, bytes: 0 }

/** A {@link ContentStore} that lives and dies with the process, for tests. */
export function createMemoryStore(): ContentStore & PartialBlobs {
  const blobs = new Map<Digest, StoredBlob>()
  const ledger = new UsageLedger()

  const sink = (): BlockSink => {
    const encoded: Buffer[] = []
    return {
      append: async (bytes) => void encoded.push(Buffer.from(bytes)),
      commit: async (info, blocks) => {
        await ledger.write(info.digest)
        if (!blobs.has(info.digest)) blobs.set(info.digest, { info, blocks, encoded, changedAt: Date.now() })
      },
      abort: async () => {},
    }
  }

  const open = async (digest: Digest): Promise<EncodedBlob> => {
    await ledger.use(digest)
    const blob = blobs.get(digest)
    if (blob === undefined) throw new SealiftError('CONTENT_MISSING', `blob ${digest} is not in the store`)
    const close = async (): Promise<void> => {}
    return {
      info: blob.info,
      blocks: blob.blocks,
      async readBlock(index, into) {
        const block = blob.encoded[index] as Buffer
        if (into === undefined) return Buffer.from(block)
        block.copy(into)
        return into.subarray(0, block.length)
      },
      close,
      [Symbol.asyncDispose]: close,
    }
  }

  const partials = new MemoryPartials(async (bytes, digest) => {
    const writer = new PlainWriter(sink(), { digest })
    await writer.write(bytes)
    return writer.commit()
  })

  const store: ContentStore & PartialBlobs = {
    async info(digest) {
      await ledger.use(digest)
      return blobs.get(digest)?.info
    },
    open,
    beginPartial: async (id) => partials.begin(id),
    resumePartial: async (id) => partials.resume(id),
    listPartials: async () => partials.list(),
    async *read(digest, range) {
      await using blob = await open(digest)
      yield* readPlain(blob, range)
    },
    writer: async (expected = {}) => new PlainWriter(sink(), expected),
    encodedWriter: async (claim) => new VerifyingWriter(sink(), claim),
    async *list() {
      for (const { info } of blobs.values()) yield info
    },
    delete: async (digest) => void blobs.delete(digest),
    check: (digest) => checkBlob(store, digest),
    damaged: async () => [],
    lease: () => ledger.lease(),
    async touch(digest) {
      await ledger.write(digest)
      const blob = blobs.get(digest)
      if (blob !== undefined) blob.changedAt = Date.now()
      return blob !== undefined
    },
    async collect(options) {
      const since = ledger.beginCollection()
      const needed = await options.needed()
      const amounts = { blobs: NOTHING, needed: NOTHING, waiting: NOTHING }
      for (const [digest, { info, changedAt }] of blobs) {
        options.signal?.throwIfAborted()
        const remove = async (): Promise<void> => void (options.dryRun === true || blobs.delete(digest))
        const kind = needed.has(digest) ? 'needed' : options.isOld(changedAt) && (await ledger.take(digest, since, options, remove)) ? 'blobs' : 'waiting'
        amounts[kind] = { count: amounts[kind].count + 1, bytes: amounts[kind].bytes + info.encodedSize }
      }
      return { ...amounts, temporary: NOTHING, damaged: NOTHING }
    },
  }
  return store
}

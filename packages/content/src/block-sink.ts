import type { BlobInfo, Block } from './content-store.ts'

/** Where an encoder or verifier puts finished blocks: what differs between stores. */
export interface BlockSink {
  /** Appends encoded bytes. The buffer belongs to the sink until the promise resolves. */
  append(encoded: Buffer): Promise<void>
  /** Makes the blob durable and visible. */
  commit(info: BlobInfo, blocks: readonly Block[]): Promise<void>
  /** Removes every trace; safe at any time, also after commit. */
  abort(): Promise<void>
}

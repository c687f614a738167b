import { posix } from 'node:path'
import type { Readable } from 'node:stream'
import type { ContentStore } from '@sealift/content/content-store.ts'
import { type Digest, isDigest } from '@sealift/oci/digest.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { peek } from './peek.ts'
import { type LayerCompression, plainLayer, sniffCompression } from './plain-layer.ts'
import { storePlain } from './store-plain.ts'

/** The largest file of an archive that is kept in memory as a document. */
const MAX_DOCUMENT_BYTES = 4 * 1024 * 1024

/** All documents of an archive together: thousands of images have less. */
const MAX_DOCUMENTS_BYTES = 64 * 1024 * 1024

/** The most entries of an archive; a bound on what is remembered of them. */
const MAX_ENTRIES = 200_000

/** Links that are followed from one name; Docker's archives have one. */
const MAX_LINK_HOPS = 8

const LAYER_NAME = /(^|\/)[^/]+\.(tar|tgz|tar\.gz|tar\.zst)$|(^|\/)blobs\/sha256\/[0-9a-f]{64}$/
const BLOB_NAME = /(?:^|\/)blobs\/sha256\/([0-9a-f]{64})$/

/** A layer of an archive as it is in the store now. */
export interface ArchivedLayer {
  readonly digest: Digest
  /** plain bytes */
  readonly size: number
}

/**
 * What an image archive holds, collected in one pass: layers go plain into the store, documents stay
 * in memory, and names stay names, never paths of a file system.
 */
export class ArchiveContents {
  readonly #store: ContentStore
  readonly #documents = new Map<string, Buffer>()
  readonly #layers = new Map<string, ArchivedLayer>()
  readonly #links = new Map<string, string>()
  #documentBytes = 0
  #entries = 0

  constructor(store: ContentStore) {
    this.#store = store
  }

  /** Takes a file of the archive and reads it to its end. */
  async addFile(name: string, size: number, bytes: Readable): Promise<void> {
    this.#count()
    const { start, whole } = await peek(bytes, 4)
    const looksLikeJson = /^\s*[{[]/.test(start.toString('latin1'))
    if (looksLikeJson && size <= MAX_DOCUMENT_BYTES) await this.#addDocument(name, whole)
    else if (LAYER_NAME.test(name)) await this.#addLayer(name, sniffCompression(start), whole)
    else for await (const _ of whole);
  }

  /** Takes a symbolic (relative to its folder) or hard (relative to the root) link. */
  addLink(name: string, target: string, kind: 'symbolic' | 'hard'): void {
    this.#count()
    this.#links.set(posix.normalize(name), posix.normalize(kind === 'symbolic' ? posix.join(posix.dirname(name), target) : target))
  }

  /** The bytes of a document, or undefined where the archive has none of that name. */
  document(name: string): Buffer | undefined {
    return this.#documents.get(this.#resolve(name))
  }

  /** The layer of a name, or undefined where the archive has none. */
  async layer(name: string): Promise<ArchivedLayer | undefined> {
    const resolved = this.#resolve(name)
    const bytes = this.#documents.get(resolved)
    // A tar whose first entry's name begins with a brace looks like a document at first.
    if (bytes !== undefined && !this.#layers.has(resolved)) {
      async function* whole(): AsyncGenerator<Buffer> {
        yield bytes as Buffer
      }
      this.#layers.set(resolved, await storePlain(this.#store, whole()))
    }
    return this.#layers.get(resolved)
  }

  async #addDocument(name: string, bytes: AsyncIterable<Buffer>): Promise<void> {
    const pieces: Buffer[] = []
    for await (const piece of bytes) pieces.push(piece)
    const document = Buffer.concat(pieces)
    this.#documentBytes += document.length
    if (this.#documentBytes > MAX_DOCUMENTS_BYTES) {
      throw new SealiftError('IMAGE_ARCHIVE_INVALID', `image archive: its documents together are larger than ${MAX_DOCUMENTS_BYTES} bytes`)
    }
    this.#documents.set(posix.normalize(name), document)
  }

  async #addLayer(name: string, compression: LayerCompression, bytes: AsyncIterable<Buffer>): Promise<void> {
    const key = posix.normalize(name)
    const claimed = `sha256:${BLOB_NAME.exec(name)?.[1] ?? ''}`
    const known = compression === 'none' && isDigest(claimed) ? await this.#store.info(claimed) : undefined
    if (known !== undefined) {
      // The store's own bytes are the ones that count, so those of the archive need no reading.
      for await (const _ of bytes);
      this.#layers.set(key, { digest: known.digest, size: known.size })
      return
    }
    this.#layers.set(key, await storePlain(this.#store, plainLayer(bytes, compression)))
  }

  #resolve(name: string): string {
    let resolved = posix.normalize(name)
    for (let hops = 0; hops < MAX_LINK_HOPS; hops++) {
      const target = this.#links.get(resolved)
      if (target === undefined) return resolved
      resolved = target
    }
    throw new SealiftError('IMAGE_ARCHIVE_INVALID', `image archive: ${JSON.stringify(name)} is a link that leads round in circles`)
  }

  #count(): void {
    this.#entries++
    if (this.#entries > MAX_ENTRIES) throw new SealiftError('IMAGE_ARCHIVE_INVALID', `image archive: has more than ${MAX_ENTRIES} entries`)
  }
}

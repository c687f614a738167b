import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ContentStore } from '@sealift/content/content-store.ts'
import type { PlainFiles } from '@sealift/content/plain-files.ts'
import { readBlob } from '@sealift/content/read-blob.ts'
import { type Digest, isDigest } from '@sealift/oci/digest.ts'
import { MAX_MANIFEST_BYTES } from '@sealift/oci/manifest.ts'
import { MediaType } from '@sealift/oci/media-types.ts'
import type { RegistryCatalog } from '../registry-catalog.ts'
import { RegistryError } from '../registry-error.ts'
import { parseRange } from './byte-range-header.ts'
import { ManifestCache } from './manifest-cache.ts'
import { RecentlyChecked } from './recently-checked.ts'
import { sendPieces } from './send-pieces.ts'
import { sendPlainFile } from './send-plain-file.ts'

/** Content behind a digest never changes. */
const IMMUTABLE = 'public, max-age=31536000, immutable'

const MANIFEST_TYPES: readonly string[] = [MediaType.ociIndex, MediaType.ociManifest, MediaType.dockerIndex, MediaType.dockerManifest]

/** Gives out manifests and blobs. */
export class PullRequests {
  readonly #store: ContentStore & Partial<PlainFiles>
  readonly #catalog: RegistryCatalog
  readonly #onFault: (fault: unknown) => void
  readonly #manifests = new ManifestCache()
  readonly #checked = new RecentlyChecked()

  constructor(store: ContentStore & Partial<PlainFiles>, catalog: RegistryCatalog, onFault: (fault: unknown) => void) {
    this.#store = store
    this.#catalog = catalog
    this.#onFault = onFault
  }

  /** @throws RegistryError `NAME_UNKNOWN` */
  async requireRepository(repository: string): Promise<void> {
    if ((await this.#catalog.tags(repository)) === undefined) {
      throw new RegistryError('NAME_UNKNOWN', 'repository not known to this registry', { detail: { name: repository } })
    }
  }

  /** `GET`, `HEAD …/manifests/REFERENCE` */
  async sendManifest(repository: string, reference: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const resolved = await this.#catalog.resolve(repository, reference)
    if (resolved === undefined) {
      await this.requireRepository(repository)
      throw new RegistryError('MANIFEST_UNKNOWN', 'manifest unknown', { detail: { reference } })
    }
    const { digest, mediaType } = resolved
    const byDigest = isDigest(reference)
    // Whoever asks by digest knows what it gets; a tag's reader would only fail later, and less clearly.
    if (!byDigest && excludes(request.headers.accept, mediaType)) {
      throw new RegistryError('MANIFEST_UNKNOWN', `the manifest is ${mediaType}, which the Accept header leaves out`, { detail: { reference, mediaType } })
    }
    const etag = `"${digest}"`
    const headers = { 'docker-content-digest': digest, etag, vary: 'Accept', 'cache-control': byDigest ? IMMUTABLE : 'no-cache' }
    if (isNotModified(request, etag)) {
      response.writeHead(304, headers)
      response.end()
      return
    }
    const bytes = await this.#manifest(repository, reference, digest)
    response.writeHead(200, { ...headers, 'content-type': mediaType, 'content-length': bytes.length })
    response.end(request.method === 'HEAD' ? undefined : bytes)
  }

  /** `GET`, `HEAD …/blobs/DIGEST`, whole or a range of it, plain. */
  async sendBlob(repository: string, digest: Digest, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!(await this.#catalog.hasBlob(repository, digest))) {
      await this.requireRepository(repository)
      throw new RegistryError('BLOB_UNKNOWN', 'blob unknown to this repository', { detail: { digest } })
    }
    await using plain = await this.#store.openPlainFile?.(digest)
    const size = plain?.size ?? (await this.#store.info(digest))?.size
    if (size === undefined) {
      this.#onFault(new Error(`blob ${digest} of ${repository} is not in the store`))
      throw new RegistryError('BLOB_UNKNOWN', 'blob unknown to this repository', { detail: { digest } })
    }
    const etag = `"${digest}"`
    const headers = { 'docker-content-digest': digest, etag, 'accept-ranges': 'bytes', 'cache-control': IMMUTABLE }
    if (isNotModified(request, etag)) {
      response.writeHead(304, headers)
      response.end()
      return
    }
    const ifRange = request.headers['if-range']
    const wholeAnyway = request.method === 'HEAD' || (ifRange !== undefined && ifRange !== etag)
    const range = wholeAnyway ? 'whole' : parseRange(request.headers.range, size)
    if (range === 'unsatisfiable') {
      response.writeHead(416, { ...headers, 'content-range': `bytes */${size}`, 'content-length': 0 })
      response.end()
      return
    }
    const { start, end } = range === 'whole' ? { start: 0, end: size } : range
    response.writeHead(range === 'whole' ? 200 : 206, {
      ...headers,
      'content-type': MediaType.octetStream,
      'content-length': end - start,
      ...(range === 'whole' ? {} : { 'content-range': `bytes ${start}-${end - 1}/${size}` }),
    })
    if (request.method === 'HEAD') response.end()
    else if (plain === undefined) await sendPieces(response, this.#store.read(digest, { start, end }))
    else await sendPlainFile(response, plain, digest, { start, end }, this.#checked)
  }

  async #manifest(repository: string, reference: string, digest: Digest): Promise<Buffer> {
    const held = this.#manifests.get(digest)
    if (held !== undefined) return held
    if ((await this.#store.info(digest)) === undefined) {
      this.#onFault(new Error(`manifest ${digest} of ${repository} is not in the store`))
      throw new RegistryError('MANIFEST_UNKNOWN', 'manifest unknown', { detail: { reference } })
    }
    const bytes = await readBlob(this.#store, digest, MAX_MANIFEST_BYTES)
    this.#manifests.set(digest, bytes)
    return bytes
  }
}

/** Whether a client that says which manifests it understands leaves this kind out. */
function excludes(accept: string | undefined, mediaType: string): boolean {
  const types = (accept ?? '').split(',').map((type) => type.split(';')[0]?.trim().toLowerCase() ?? '')
  return types.some((type) => MANIFEST_TYPES.includes(type)) && !types.some((type) => type === mediaType || type === '*/*' || type === 'application/*')
}

function isNotModified(request: IncomingMessage, etag: string): boolean {
  const given = request.headers['if-none-match']
  return given !== undefined && given.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag || tag.trim() === '*')
}

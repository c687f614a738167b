import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ContentStore } from '@sealift/content/content-store.ts'
import { readBlob } from '@sealift/content/read-blob.ts'
import { type Digest, isDigest } from '@sealift/oci/digest.ts'
import { MAX_MANIFEST_BYTES } from '@sealift/oci/manifest.ts'
import { MediaType } from '@sealift/oci/media-types.ts'
import { messageOf } from '@sealift/oci/sealift-error.ts'
import { parseRange } from './byte-range-header.ts'
import { pageOf } from './page.ts'
import type { RegistryCatalog } from './registry-catalog.ts'
import { RegistryError } from './registry-error.ts'
import { parseRoute, type RegistryRoute } from './registry-route.ts'
import { sendPieces } from './send-pieces.ts'

/** What a registry is made of. */
export interface RegistryOptions {
  readonly store: ContentStore
  readonly catalog: RegistryCatalog
  /** Told of faults that the client could not be told of in full. */
  readonly onFault?: (fault: unknown) => void
}

/** Answers one request, whatever happens; never rejects. */
export type RegistryHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>

/** Content behind a digest never changes. */
const IMMUTABLE = 'public, max-age=31536000, immutable'

const MANIFEST_TYPES: readonly string[] = [MediaType.ociIndex, MediaType.ociManifest, MediaType.dockerIndex, MediaType.dockerManifest]

function sendJson(response: ServerResponse, head: boolean, value: unknown, headers: Record<string, string> = {}): void {
  const body = Buffer.from(JSON.stringify(value))
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length, ...headers })
  response.end(head ? undefined : body)
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

class Registry {
  readonly #store: ContentStore
  readonly #catalog: RegistryCatalog
  readonly #onFault: (fault: unknown) => void

  constructor({ store, catalog, onFault = () => {} }: RegistryOptions) {
    this.#store = store
    this.#catalog = catalog
    this.#onFault = onFault
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A client that goes away is noticed where its bytes are sent.
    response.on('error', () => {})
    response.setHeader('docker-distribution-api-version', 'registry/2.0')
    try {
      await this.#answer(request, response)
    } catch (thrown) {
      const known = thrown instanceof RegistryError
      if (!known) this.#onFault(thrown)
      // Half a body can only be taken back by cutting the connection: the client sees it as incomplete.
      if (response.headersSent) {
        response.destroy()
        return
      }
      const error = known ? thrown : new RegistryError('UNKNOWN', messageOf(thrown))
      const body = Buffer.from(error.toJson())
      response.writeHead(error.status, {
        'content-type': 'application/json',
        'content-length': body.length,
        'cache-control': 'no-store',
        ...(error.status === 405 ? { allow: 'GET, HEAD' } : {}),
      })
      response.end(request.method === 'HEAD' ? undefined : body)
    } finally {
      request.resume()
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = request.url ?? '/'
    const query = url.indexOf('?')
    const route = parseRoute(query < 0 ? url : url.slice(0, query))
    if (route === undefined) throw new RegistryError('UNSUPPORTED', 'no such endpoint', undefined, 404)
    if ((request.method !== 'GET' && request.method !== 'HEAD') || route.kind === 'uploads') {
      throw new RegistryError('UNSUPPORTED', 'this registry gives out content and takes none: publish or import a release instead')
    }
    await this.#get(route, new URLSearchParams(query < 0 ? '' : url.slice(query + 1)), request, response)
  }

  async #get(route: Exclude<RegistryRoute, { kind: 'uploads' }>, query: URLSearchParams, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const head = request.method === 'HEAD'
    switch (route.kind) {
      case 'base':
        return sendJson(response, head, {})
      case 'catalog': {
        const { items, headers } = pageOf(await this.#catalog.repositories(), query, '/v2/_catalog')
        return sendJson(response, head, { repositories: items }, headers)
      }
      case 'tags': {
        const tags = await this.#catalog.tags(route.repository)
        if (tags === undefined) throw new RegistryError('NAME_UNKNOWN', 'repository not known to this registry', { name: route.repository })
        const { items, headers } = pageOf(tags, query, `/v2/${route.repository}/tags/list`)
        return sendJson(response, head, { name: route.repository, tags: items }, headers)
      }
      case 'referrers':
        await this.#requireRepository(route.repository)
        return sendJson(response, head, { schemaVersion: 2, mediaType: MediaType.ociIndex, manifests: [] }, { 'content-type': MediaType.ociIndex })
      case 'manifest':
        return this.#sendManifest(route, request, response)
      case 'blob':
        return this.#sendBlob(route, request, response)
    }
  }

  async #requireRepository(repository: string): Promise<void> {
    if ((await this.#catalog.tags(repository)) === undefined) {
      throw new RegistryError('NAME_UNKNOWN', 'repository not known to this registry', { name: repository })
    }
  }

  async #sendManifest({ repository, reference }: { repository: string; reference: string }, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const resolved = await this.#catalog.resolve(repository, reference)
    if (resolved === undefined) {
      await this.#requireRepository(repository)
      throw new RegistryError('MANIFEST_UNKNOWN', 'manifest unknown', { reference })
    }
    const { digest, mediaType } = resolved
    const byDigest = isDigest(reference)
    // Whoever asks by digest knows what it gets; a tag's reader would only fail later, and less clearly.
    if (!byDigest && excludes(request.headers.accept, mediaType)) {
      throw new RegistryError('MANIFEST_UNKNOWN', `the manifest is ${mediaType}, which the Accept header leaves out`, { reference, mediaType })
    }
    const etag = `"${digest}"`
    const headers = { 'docker-content-digest': digest, etag, vary: 'Accept', 'cache-control': byDigest ? IMMUTABLE : 'no-cache' }
    if (isNotModified(request, etag)) {
      response.writeHead(304, headers)
      response.end()
      return
    }
    if ((await this.#store.info(digest)) === undefined) {
      this.#onFault(new Error(`manifest ${digest} of ${repository} is not in the store`))
      throw new RegistryError('MANIFEST_UNKNOWN', 'manifest unknown', { reference })
    }
    const bytes = await readBlob(this.#store, digest, MAX_MANIFEST_BYTES)
    response.writeHead(200, { ...headers, 'content-type': mediaType, 'content-length': bytes.length })
    response.end(request.method === 'HEAD' ? undefined : bytes)
  }

  async #sendBlob({ repository, digest }: { repository: string; digest: Digest }, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!(await this.#catalog.hasBlob(repository, digest))) {
      await this.#requireRepository(repository)
      throw new RegistryError('BLOB_UNKNOWN', 'blob unknown to this repository', { digest })
    }
    const info = await this.#store.info(digest)
    if (info === undefined) {
      this.#onFault(new Error(`blob ${digest} of ${repository} is not in the store`))
      throw new RegistryError('BLOB_UNKNOWN', 'blob unknown to this repository', { digest })
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
    const range = wholeAnyway ? 'whole' : parseRange(request.headers.range, info.size)
    if (range === 'unsatisfiable') {
      response.writeHead(416, { ...headers, 'content-range': `bytes */${info.size}`, 'content-length': 0 })
      response.end()
      return
    }
    const { start, end } = range === 'whole' ? { start: 0, end: info.size } : range
    response.writeHead(range === 'whole' ? 200 : 206, {
      ...headers,
      'content-type': MediaType.octetStream,
      'content-length': end - start,
      ...(range === 'whole' ? {} : { 'content-range': `bytes ${start}-${end - 1}/${info.size}` }),
    })
    if (request.method === 'HEAD') response.end()
    else await sendPieces(response, this.#store.read(digest, { start, end }))
  }
}

/**
 * The reading side of the OCI distribution API over a store, for everything below `/v2/`. It is a
 * plain Node handler, so any server can mount it; who may read what is decided before it and by the
 * catalog. Blobs are given out plain; a read that began is held to its end by the store, and let go
 * when the client goes away. Pushing is answered with `UNSUPPORTED`.
 */
export function createRegistryHandler(options: RegistryOptions): RegistryHandler {
  const registry = new Registry(options)
  return (request, response) => registry.handle(request, response)
}

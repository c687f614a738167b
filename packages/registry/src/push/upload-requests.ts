import type { IncomingMessage, ServerResponse } from 'node:http'
import type { PartialBlob } from '@sealift/content/partial-blobs.ts'
import { type Digest, isDigest } from '@sealift/oci/digest.ts'
import { isSealiftError } from '@sealift/oci/sealift-error.ts'
import type { Caller } from '../access/caller.ts'
import type { RegistryAreas } from '../registry-areas.ts'
import { RegistryError } from '../registry-error.ts'
import { checkedDigest } from '../registry-route.ts'
import { parseContentRange } from './content-range.ts'
import { receiveBody } from './receive-body.ts'
import type { Uploads } from './uploads.ts'

/** A request about an upload. */
export interface UploadRequest {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly query: URLSearchParams
  readonly repository: string
  readonly caller: Caller
}

/** Answers what concerns uploads of blobs: whole, in chunks, resumed, mounted, given up. */
export class UploadRequests {
  readonly #uploads: Uploads
  readonly #areas: RegistryAreas

  constructor(uploads: Uploads, areas: RegistryAreas) {
    this.#uploads = uploads
    this.#areas = areas
  }

  /** `POST …/blobs/uploads/`: begins an upload, takes a whole blob, or mounts one. */
  async begin(asked: UploadRequest): Promise<void> {
    const { query, repository, response } = asked
    const mount = query.get('mount')
    // What is no digest that could be here can't be mounted; the client then uploads, and is told there.
    if (mount !== null && isDigest(mount) && (await this.#mount(mount, asked))) return sendCreated(response, repository, mount)
    const digest = query.get('digest')
    const wanted = digest === null ? undefined : checkedDigest(digest)
    const id = await this.#uploads.begin(repository)
    if (wanted !== undefined) return this.#finish(id, wanted, asked)
    response.writeHead(202, { ...progress(repository, id, 0), 'content-length': 0 })
    response.end()
  }

  /** `GET …/blobs/uploads/ID`: how far an upload is. */
  async status({ repository, response, request }: UploadRequest, id: string): Promise<void> {
    const size = await this.#uploads.use(repository, id, interrupter(request), async (partial) => partial.size)
    response.writeHead(204, progress(repository, id, size))
    response.end()
  }

  /** `PATCH …/blobs/uploads/ID`: the next chunk, or all of it as a stream. */
  async append({ repository, response, request }: UploadRequest, id: string): Promise<void> {
    const size = await this.#uploads.use(repository, id, interrupter(request), async (partial) => {
      await this.#receive(request, partial, repository)
      return partial.size
    })
    response.writeHead(202, { ...progress(repository, id, size), 'content-length': 0 })
    response.end()
  }

  /** `PUT …/blobs/uploads/ID?digest=…`: the last chunk, if any, and the end. */
  async end(asked: UploadRequest, id: string): Promise<void> {
    const digest = asked.query.get('digest')
    if (digest === null) throw new RegistryError('DIGEST_INVALID', 'the end of an upload names the digest of the whole blob: ?digest=sha256:…')
    await this.#finish(id, checkedDigest(digest), asked)
  }

  /** `DELETE …/blobs/uploads/ID`: gives an upload up. */
  async cancel({ repository, response, request }: UploadRequest, id: string): Promise<void> {
    await this.#uploads.use(repository, id, interrupter(request), async (partial) => {
      await partial.abort()
      this.#uploads.ended(id)
    })
    response.writeHead(204)
    response.end()
  }

  async #finish(id: string, digest: Digest, { repository, response, request }: UploadRequest): Promise<void> {
    await this.#uploads.use(repository, id, interrupter(request), async (partial) => {
      await this.#receive(request, partial, repository)
      try {
        await this.#areas.pushed(repository).addBlob(repository, digest, () => partial.commit(digest))
      } catch (thrown) {
        if (!isSealiftError(thrown, 'CONTENT_CORRUPT')) throw thrown
        this.#uploads.ended(id)
        throw new RegistryError('DIGEST_INVALID', 'the bytes that arrived have another digest', { detail: { digest } })
      }
      this.#uploads.ended(id)
    })
    sendCreated(response, repository, digest)
  }

  async #receive(request: IncomingMessage, partial: PartialBlob, repository: string): Promise<void> {
    const range = parseContentRange(request.headers['content-range'], request.headers['content-length'])
    if (range !== undefined && range.start !== partial.size) {
      throw new RegistryError('BLOB_UPLOAD_INVALID', `the chunk begins at ${range.start}, expected ${partial.size}`, {
        status: 416,
        headers: progress(repository, partial.id, partial.size),
      })
    }
    await receiveBody(request, partial, this.#uploads.limits.blobBytes)
  }

  /** Shows a blob that another repository has; without `from`, any that the caller may pull from will do. */
  async #mount(digest: Digest, { query, repository, caller }: UploadRequest): Promise<boolean> {
    const from = query.get('from')
    const sources = from === null ? await this.#areas.repositoriesWith(digest) : [from]
    for (const source of sources) {
      if (!caller.may('pull', source) || !(await this.#areas.hasBlob(source, digest))) continue
      return this.#areas.mount(repository, digest, source)
    }
    return false
  }
}

/** How far an upload is, and where to go on with it. Range ends with the last byte that is there, which an empty one can't say. */
function progress(repository: string, id: string, size: number): Record<string, string> {
  return { location: `/v2/${repository}/blobs/uploads/${id}`, range: `0-${Math.max(0, size - 1)}`, 'docker-upload-uuid': id }
}

function sendCreated(response: ServerResponse, repository: string, digest: Digest): void {
  response.writeHead(201, { location: `/v2/${repository}/blobs/${digest}`, 'docker-content-digest': digest, 'content-length': 0 })
  response.end()
}

const interrupter = (request: IncomingMessage) => (): void => void request.destroy()

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ContentStore } from '@sealift/content/content-store.ts'
import { writeBlob } from '@sealift/content/read-blob.ts'
import { type Digest, isDigest } from '@sealift/oci/digest.ts'
import { MAX_MANIFEST_BYTES } from '@sealift/oci/manifest.ts'
import type { Deletion } from '../pushed-area.ts'
import type { RegistryAreas } from '../registry-areas.ts'
import { RegistryError } from '../registry-error.ts'
import { parsePushedManifest, tooLarge } from './pushed-manifest.ts'

/** Takes manifests in and away. */
export class ManifestRequests {
  readonly #store: ContentStore
  readonly #areas: RegistryAreas

  constructor(store: ContentStore, areas: RegistryAreas) {
    this.#store = store
    this.#areas = areas
  }

  /** `PUT …/manifests/REFERENCE` */
  async put(repository: string, reference: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const bytes = await readManifest(request)
    const manifest = parsePushedManifest(bytes, request.headers['content-type'])
    const tag = isDigest(reference) ? undefined : reference
    if (tag === undefined && manifest.digest !== reference) {
      throw new RegistryError('DIGEST_INVALID', `the manifest that arrived has the digest ${manifest.digest}`, { detail: { digest: reference } })
    }
    await this.#areas.pushed(repository).putManifest(repository, manifest, tag, () => writeBlob(this.#store, bytes))
    response.writeHead(201, {
      location: `/v2/${repository}/manifests/${manifest.digest}`,
      'docker-content-digest': manifest.digest,
      // Tells the client that referrers are found without the tag that it would else have to push.
      ...(manifest.subject === undefined ? {} : { 'oci-subject': manifest.subject }),
      'content-length': 0,
    })
    response.end()
  }

  /** `DELETE …/manifests/REFERENCE`: of a tag, the tag alone. */
  async delete(repository: string, reference: string, response: ServerResponse): Promise<void> {
    const area = this.#areas.pushed(repository)
    if (isDigest(reference)) requireDeleted(await area.deleteManifest(repository, reference), 'manifest', reference)
    else if (!(await area.deleteTag(repository, reference))) throw new RegistryError('MANIFEST_UNKNOWN', 'manifest unknown', { detail: { reference } })
    sendAccepted(response)
  }

  /** `DELETE …/blobs/DIGEST` */
  async deleteBlob(repository: string, digest: Digest, response: ServerResponse): Promise<void> {
    requireDeleted(await this.#areas.pushed(repository).deleteBlob(repository, digest), 'blob', digest)
    sendAccepted(response)
  }
}

function requireDeleted(deletion: Deletion, what: 'manifest' | 'blob', digest: Digest): void {
  if (deletion === 'deleted') return
  if (deletion === 'unknown') throw new RegistryError(what === 'blob' ? 'BLOB_UNKNOWN' : 'MANIFEST_UNKNOWN', `${what} unknown`, { detail: { digest } })
  throw new RegistryError('UNSUPPORTED', `the ${what} is part of ${deletion.neededBy}: delete that first`, { detail: { digest, neededBy: deletion.neededBy } })
}

function sendAccepted(response: ServerResponse): void {
  response.writeHead(202, { 'content-length': 0 })
  response.end()
}

async function readManifest(request: IncomingMessage): Promise<Buffer> {
  const declared = request.headers['content-length']
  if (Number(declared ?? 0) > MAX_MANIFEST_BYTES) throw tooLarge(declared ?? '')
  const pieces: Buffer[] = []
  let size = 0
  // A refusal on the way must not take the connection with it: the client is to read why.
  for await (const piece of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += piece.length
    if (size > MAX_MANIFEST_BYTES) throw tooLarge('too many')
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

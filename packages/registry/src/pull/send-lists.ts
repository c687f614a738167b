import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Digest } from '@sealift/oci/digest.ts'
import { MediaType } from '@sealift/oci/media-types.ts'
import type { Referrer } from '../registry-catalog.ts'
import { pageOf } from './page.ts'

/** Answers with a JSON document. */
export function sendJson(request: IncomingMessage, response: ServerResponse, value: unknown, headers: Readonly<Record<string, string>> = {}): void {
  const body = Buffer.from(JSON.stringify(value))
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length, ...headers })
  response.end(request.method === 'HEAD' ? undefined : body)
}

/**
 * Answers with the manifests that are about a subject, as an index: those of one artifact type where the query
 * asks for it, in the order of their digests, page by page.
 * @throws RegistryError `PAGINATION_NUMBER_INVALID`
 */
export function sendReferrers(
  all: readonly Referrer[],
  { repository, subject, query }: { readonly repository: string; readonly subject: Digest; readonly query: URLSearchParams },
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const artifactType = query.get('artifactType')
  const wanted = new Map(
    all.filter((referrer) => artifactType === null || referrer.artifactType === artifactType).map((referrer) => [referrer.digest, referrer]),
  )
  const path = `/v2/${repository}/referrers/${subject}`
  const { items, headers } = pageOf([...wanted.keys()], query, path, artifactType === null ? {} : { artifactType })
  const manifests = items.flatMap((digest) => wanted.get(digest as Digest) ?? [])
  sendJson(
    request,
    response,
    { schemaVersion: 2, mediaType: MediaType.ociIndex, manifests },
    { 'content-type': MediaType.ociIndex, ...headers, ...(artifactType === null ? {} : { 'oci-filters-applied': 'artifactType' }) },
  )
}

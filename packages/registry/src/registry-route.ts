import { type Digest, isDigest } from '@sealift/oci/digest.ts'
import { isRepositoryName, isTag } from '@sealift/oci/reference.ts'
import { RegistryError } from './registry-error.ts'

/** What a request's path asks for; every name in it is well formed. */
export type RegistryRoute =
  | { readonly kind: 'base' }
  | { readonly kind: 'catalog' }
  | { readonly kind: 'token' }
  | { readonly kind: 'tags'; readonly repository: string }
  | { readonly kind: 'manifest'; readonly repository: string; readonly reference: string | Digest }
  | { readonly kind: 'blob'; readonly repository: string; readonly digest: Digest }
  | { readonly kind: 'referrers'; readonly repository: string; readonly digest: Digest }
  | { readonly kind: 'uploads'; readonly repository: string }
  | { readonly kind: 'upload'; readonly repository: string; readonly id: string }

/** Where clients turn their login into a bearer token. No repository's path is like it. */
export const TOKEN_PATH = '/v2/token'

function checkedName(name: string): string {
  if (!isRepositoryName(name)) throw new RegistryError('NAME_INVALID', 'invalid repository name', { detail: { name } })
  return name
}

/** @throws RegistryError `DIGEST_INVALID`, for other algorithms too: the store names content by sha256 alone */
export function checkedDigest(text: string): Digest {
  if (isDigest(text)) return text
  const algorithm = /^([a-z0-9]+(?:[+._-][a-z0-9]+)*):[\w=-]+$/.exec(text)?.[1]
  const why = algorithm === undefined || algorithm === 'sha256' ? '' : `; ${algorithm} is not taken here`
  throw new RegistryError('DIGEST_INVALID', `expected sha256: and 64 hexadecimal digits${why}`, { detail: { digest: text } })
}

/** What no tag can be called is not there for who reads, as the specification has it, and invalid for who changes. */
function checkedReference(text: string, isRead: boolean): string {
  if (text.includes(':')) return checkedDigest(text)
  if (isTag(text)) return text
  if (isRead) throw new RegistryError('MANIFEST_UNKNOWN', 'manifest unknown: no tag can have this name', { detail: { reference: text } })
  throw new RegistryError('TAG_INVALID', 'invalid tag', { detail: { tag: text } })
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    throw new RegistryError('NAME_INVALID', 'the path is not well formed')
  }
}

/**
 * Reads the path of a request, `/v2/` included. A repository's name may itself hold `manifests` or
 * `blobs`, so the path is read from its end.
 * @param isRead whether the request changes nothing
 * @returns undefined where the path is none of the specification's
 * @throws RegistryError `NAME_INVALID`, `DIGEST_INVALID`, `TAG_INVALID`, `MANIFEST_UNKNOWN`
 */
export function parseRoute(encodedPath: string, isRead: boolean): RegistryRoute | undefined {
  const path = decoded(encodedPath)
  if (path === '/v2/' || path === '/v2') return { kind: 'base' }
  if (path === '/v2/_catalog') return { kind: 'catalog' }
  if (path === TOKEN_PATH) return { kind: 'token' }
  const uploads = /^\/v2\/(.+)\/blobs\/uploads(?:\/([^/]*))?$/.exec(path)
  if (uploads) {
    const [, name = '', id = ''] = uploads
    const repository = checkedName(name)
    return id === '' ? { kind: 'uploads', repository } : { kind: 'upload', repository, id }
  }
  const tags = /^\/v2\/(.+)\/tags\/list$/.exec(path)
  if (tags) return { kind: 'tags', repository: checkedName(tags[1] as string) }
  const [, name = '', what = '', last = ''] = /^\/v2\/(.+)\/(manifests|blobs|referrers)\/([^/]+)$/.exec(path) ?? []
  switch (what) {
    case 'manifests':
      return { kind: 'manifest', repository: checkedName(name), reference: checkedReference(last, isRead) }
    case 'blobs':
      return { kind: 'blob', repository: checkedName(name), digest: checkedDigest(last) }
    case 'referrers':
      return { kind: 'referrers', repository: checkedName(name), digest: checkedDigest(last) }
    default:
      return undefined
  }
}

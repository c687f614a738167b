import { type Digest, isDigest } from '@sealift/oci/digest.ts'
import { isRepositoryName, isTag } from '@sealift/oci/reference.ts'
import { RegistryError } from './registry-error.ts'

/** What a request's path asks for; every name in it is well formed. */
export type RegistryRoute =
  | { readonly kind: 'base' }
  | { readonly kind: 'catalog' }
  | { readonly kind: 'tags'; readonly repository: string }
  | { readonly kind: 'manifest'; readonly repository: string; readonly reference: string | Digest }
  | { readonly kind: 'blob'; readonly repository: string; readonly digest: Digest }
  | { readonly kind: 'referrers'; readonly repository: string; readonly digest: Digest }
  | { readonly kind: 'uploads'; readonly repository: string }

function checkedName(name: string): string {
  if (!isRepositoryName(name)) throw new RegistryError('NAME_INVALID', 'invalid repository name', { name })
  return name
}

function checkedDigest(text: string): Digest {
  if (!isDigest(text)) throw new RegistryError('DIGEST_INVALID', 'expected sha256: and 64 hexadecimal digits', { digest: text })
  return text
}

function checkedReference(text: string): string {
  if (text.includes(':')) return checkedDigest(text)
  if (!isTag(text)) throw new RegistryError('TAG_INVALID', 'invalid tag', { tag: text })
  return text
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
 * @returns undefined where the path is none of the specification's
 * @throws RegistryError `NAME_INVALID`, `DIGEST_INVALID`, `TAG_INVALID`
 */
export function parseRoute(encodedPath: string): RegistryRoute | undefined {
  const path = decoded(encodedPath)
  if (path === '/v2/' || path === '/v2') return { kind: 'base' }
  if (path === '/v2/_catalog') return { kind: 'catalog' }
  const uploads = /^\/v2\/(.+)\/blobs\/uploads\/[^/]*$/.exec(path)
  if (uploads) return { kind: 'uploads', repository: checkedName(uploads[1] as string) }
  const tags = /^\/v2\/(.+)\/tags\/list$/.exec(path)
  if (tags) return { kind: 'tags', repository: checkedName(tags[1] as string) }
  const [, name = '', what = '', last = ''] = /^\/v2\/(.+)\/(manifests|blobs|referrers)\/([^/]+)$/.exec(path) ?? []
  switch (what) {
    case 'manifests':
      return { kind: 'manifest', repository: checkedName(name), reference: checkedReference(last) }
    case 'blobs':
      return { kind: 'blob', repository: checkedName(name), digest: checkedDigest(last) }
    case 'referrers':
      return { kind: 'referrers', repository: checkedName(name), digest: checkedDigest(last) }
    default:
      return undefined
  }
}

import { type Digest, parseDigest } from './digest.ts'
import { SealiftError } from './sealift-error.ts'

/** A parsed image reference: where an image is, under which tag or digest. */
export interface Reference {
  /** Host and port of the registry, `docker.io` where the text named none. */
  readonly registry: string
  /** The path inside the registry, `library/` filled in for Docker Hub's short names. */
  readonly repository: string
  readonly tag?: string
  readonly digest?: Digest
}

const LABEL = '[a-zA-Z0-9]+(?:-+[a-zA-Z0-9]+)*'
const DOMAIN = new RegExp(`^(?:localhost|${LABEL}(?:\\.${LABEL})+|\\[[0-9a-fA-F:]+\\]|${LABEL}(?=:))(?::[0-9]+)?$`)
const PATH = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/
/** A site's registry has the whole name as its path, registry included: see {@link siteRepository}. */
const MAX_NAME_LENGTH = 255
const TAG = /^[\w][\w.-]{0,127}$/

/** Whether a text can be the name of a repository in a registry. */
export function isRepositoryName(text: string): boolean {
  return text.length <= MAX_NAME_LENGTH && PATH.test(text)
}

/** Whether a text can be a tag. */
export function isTag(text: string): boolean {
  return TAG.test(text)
}

/**
 * Reads an image reference by Docker's rules: no registry means `docker.io`, no tag and no digest means `latest`.
 * @throws SealiftError `REFERENCE_INVALID`, `DIGEST_INVALID`
 */
export function parseReference(text: string): Reference {
  const invalid = (why: string): SealiftError => new SealiftError('REFERENCE_INVALID', `image ${JSON.stringify(text)}: ${why}`)
  const at = text.indexOf('@')
  const digest = at < 0 ? undefined : parseDigest(text.slice(at + 1), `image ${JSON.stringify(text)}`)
  let name = at < 0 ? text : text.slice(0, at)
  const colon = name.indexOf(':', name.lastIndexOf('/') + 1)
  let tag: string | undefined
  if (colon >= 0) {
    tag = name.slice(colon + 1)
    name = name.slice(0, colon)
    if (!TAG.test(tag)) throw invalid(`${JSON.stringify(tag)} is no tag`)
  }
  const slash = name.indexOf('/')
  const first = slash < 0 ? '' : name.slice(0, slash)
  const hasRegistry = slash >= 0 && (first.includes('.') || first.includes(':') || first === 'localhost')
  let registry = hasRegistry ? first : 'docker.io'
  let repository = hasRegistry ? name.slice(slash + 1) : name
  if (registry === 'index.docker.io') registry = 'docker.io'
  if (hasRegistry && !(DOMAIN.test(first) && URL.canParse(`https://${first}`))) throw invalid(`${JSON.stringify(first)} is no host`)
  if (registry === 'docker.io' && !repository.includes('/')) repository = `library/${repository}`
  if (!isRepositoryName(repository))
    throw invalid(`${JSON.stringify(repository)} is no repository name; only lower-case letters, digits and . _ - / are allowed`)
  if (registry.length + 1 + repository.length > MAX_NAME_LENGTH) throw invalid(`registry and repository together have more than ${MAX_NAME_LENGTH} characters`)
  if (tag === undefined && digest === undefined) tag = 'latest'
  return { registry, repository, ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) }
}

/** The whole reference as text. */
export function formatReference({ registry, repository, tag, digest }: Reference): string {
  return `${registry}/${repository}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`
}

/**
 * The repository under which a site's registry gives out this image: the whole original name, so that
 * equal paths of two registries never meet. A port's colon becomes a dash, since a path allows none.
 */
export function siteRepository({ registry, repository }: Reference): string {
  return `${registry
    .toLowerCase()
    .replaceAll(/[^a-z0-9.]+/g, '-')
    .replaceAll(/^-|-$/g, '')}/${repository}`
}

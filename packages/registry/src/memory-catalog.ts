import type { ContentStore } from '@sealift/content/content-store.ts'
import { readBlob } from '@sealift/content/read-blob.ts'
import type { Digest } from '@sealift/oci/digest.ts'
import { MAX_MANIFEST_BYTES, manifestMediaType, parseManifest } from '@sealift/oci/manifest.ts'
import type { RegistryCatalog, ResolvedManifest } from './registry-catalog.ts'

interface Repository {
  readonly tags: Map<string, Digest>
  readonly manifests: Map<Digest, ResolvedManifest>
  readonly blobs: Set<Digest>
}

/** A {@link RegistryCatalog} in memory. */
export interface MemoryCatalog extends RegistryCatalog {
  /**
   * Shows a manifest or index of the store, and all that it refers to, in a repository.
   * @throws SealiftError `CONTENT_MISSING`, `MANIFEST_INVALID`
   */
  add(repository: string, digest: Digest, tags?: readonly string[]): Promise<void>
}

/** A catalog over what is added to it. */
export function createMemoryCatalog(store: ContentStore): MemoryCatalog {
  const repositories = new Map<string, Repository>()

  async function addManifest(repository: Repository, digest: Digest): Promise<void> {
    const parsed = parseManifest(await readBlob(store, digest, MAX_MANIFEST_BYTES), `manifest ${digest}`)
    repository.manifests.set(digest, { digest, mediaType: manifestMediaType(parsed) })
    if (parsed.kind === 'index') {
      for (const child of parsed.index.manifests) await addManifest(repository, child.digest)
    } else {
      for (const blob of [parsed.manifest.config, ...parsed.manifest.layers]) repository.blobs.add(blob.digest)
    }
  }

  return {
    async add(name, digest, tags = []) {
      const repository = repositories.get(name) ?? { tags: new Map(), manifests: new Map(), blobs: new Set() }
      await addManifest(repository, digest)
      for (const tag of tags) repository.tags.set(tag, digest)
      repositories.set(name, repository)
    },
    repositories: async () => [...repositories.keys()],
    async tags(name) {
      const repository = repositories.get(name)
      return repository === undefined ? undefined : [...repository.tags.keys()]
    },
    async resolve(name, reference) {
      const repository = repositories.get(name)
      return repository?.manifests.get(repository.tags.get(reference) ?? (reference as Digest))
    },
    hasBlob: async (name, digest) => repositories.get(name)?.blobs.has(digest) ?? false,
    repositoriesWith: async (blob) => [...repositories].flatMap(([name, { blobs }]) => (blobs.has(blob) ? [name] : [])),
    referrers: async () => [],
  }
}

import type { Digest } from '@sealift/oci/digest.ts'
import { missingPart, type PushedManifest } from './push/pushed-manifest.ts'
import type { PushedArea } from './pushed-area.ts'

interface Repository {
  readonly tags: Map<string, Digest>
  readonly manifests: Map<Digest, PushedManifest>
  readonly blobs: Set<Digest>
}

/** A {@link PushedArea} that lives and dies with the process, for tests. */
export function createMemoryArea(): PushedArea {
  const repositories = new Map<string, Repository>()

  const change = <T>(name: string, work: (repository: Repository) => T): T => {
    const repository = repositories.get(name) ?? { tags: new Map(), manifests: new Map(), blobs: new Set() }
    repositories.set(name, repository)
    try {
      return work(repository)
    } finally {
      if (repository.manifests.size + repository.blobs.size === 0) repositories.delete(name)
    }
  }

  const userOf = ({ manifests }: Repository, digest: Digest): Digest | undefined =>
    [...manifests.values()].find((manifest) => manifest.blobs.includes(digest) || manifest.manifests.includes(digest))?.digest

  return {
    repositories: async () => [...repositories.keys()],
    async tags(name) {
      const repository = repositories.get(name)
      return repository && [...repository.tags.keys()]
    },
    async resolve(name, reference) {
      const repository = repositories.get(name)
      const manifest = repository?.manifests.get(repository.tags.get(reference) ?? (reference as Digest))
      return manifest && { digest: manifest.digest, mediaType: manifest.mediaType }
    },
    hasBlob: async (name, digest) => repositories.get(name)?.blobs.has(digest) ?? false,
    repositoriesWith: async (blob) => [...repositories].flatMap(([name, { blobs }]) => (blobs.has(blob) ? [name] : [])),
    async referrers(name, about) {
      const manifests = [...(repositories.get(name)?.manifests.values() ?? [])].filter(({ subject }) => subject === about)
      return manifests.map(({ mediaType, digest, size, artifactType, annotations }) => ({
        mediaType,
        digest,
        size,
        ...(artifactType === undefined ? {} : { artifactType }),
        ...(annotations === undefined ? {} : { annotations }),
      }))
    },
    async addBlob(name, digest, store) {
      await store()
      change(name, ({ blobs }) => blobs.add(digest))
    },
    async putManifest(name, manifest, tag, store) {
      change(name, (repository) => requireParts(repository, manifest))
      await store()
      change(name, (repository) => {
        requireParts(repository, manifest)
        repository.manifests.set(manifest.digest, manifest)
        if (tag !== undefined) repository.tags.set(tag, manifest.digest)
      })
    },
    deleteTag: async (name, tag) => change(name, ({ tags }) => tags.delete(tag)),
    deleteManifest: async (name, digest) =>
      change(name, (repository) => {
        if (!repository.manifests.has(digest)) return 'unknown'
        const neededBy = userOf(repository, digest)
        if (neededBy !== undefined) return { neededBy }
        repository.manifests.delete(digest)
        for (const [tag, target] of repository.tags) if (target === digest) repository.tags.delete(tag)
        return 'deleted'
      }),
    deleteBlob: async (name, digest) =>
      change(name, (repository) => {
        if (!repository.blobs.has(digest)) return 'unknown'
        const neededBy = userOf(repository, digest)
        if (neededBy !== undefined) return { neededBy }
        repository.blobs.delete(digest)
        return 'deleted'
      }),
  }
}

function requireParts({ blobs, manifests }: Repository, manifest: PushedManifest): void {
  const missing = manifest.blobs.find((digest) => !blobs.has(digest)) ?? manifest.manifests.find((digest) => !manifests.has(digest))
  if (missing !== undefined) throw missingPart(missing)
}

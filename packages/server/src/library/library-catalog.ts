import type { ContentStore } from '@sealift/content/content-store.ts'
import { writeBlob } from '@sealift/content/read-blob.ts'
import type { Descriptor } from '@sealift/oci/descriptor.ts'
import { type Digest, isDigest } from '@sealift/oci/digest.ts'
import type { ImageIndex } from '@sealift/oci/manifest.ts'
import { MediaType } from '@sealift/oci/media-types.ts'
import { parseReference, siteRepository } from '@sealift/oci/reference.ts'
import type { RegistryCatalog, ResolvedManifest } from '@sealift/registry/registry-catalog.ts'
import type { ReleaseImagePlatform } from '@sealift/template/release.ts'
import type { ContentRoot } from '../storage/content-root.ts'
import type { ReleaseLibrary } from './release-library.ts'

interface Repository {
  readonly tags: Map<string, Descriptor>
  readonly manifests: Map<Digest, Descriptor>
  readonly blobs: Set<Digest>
}

/**
 * Shows the images of all releases in the library as repositories named after where they came from:
 * `docker.io/library/nginx:1.25` is `docker.io/library/nginx` with the tag `1.25`. Where several
 * releases carry a tag, it leads to what arrived last; every digest stays reachable.
 */
export function createLibraryCatalog(library: ReleaseLibrary, store: ContentStore): RegistryCatalog {
  let known: { readonly generation: number; readonly repositories: ReadonlyMap<string, Repository> } | undefined

  const load = async (): Promise<ReadonlyMap<string, Repository>> => {
    const { generation } = library
    if (known?.generation === generation) return known.repositories
    const repositories = new Map<string, Repository>()
    for (const { release } of await library.all()) {
      for (const { reference: text, platforms } of Object.values(release.images)) {
        const reference = parseReference(text)
        const name = siteRepository(reference)
        const repository = repositories.get(name) ?? { tags: new Map(), manifests: new Map(), blobs: new Set() }
        repositories.set(name, repository)
        for (const { manifest, config, layers } of platforms) {
          repository.manifests.set(manifest.digest, manifest)
          for (const { digest } of [config, ...layers]) repository.blobs.add(digest)
        }
        const top = await topDescriptor(platforms, store)
        repository.manifests.set(top.digest, top)
        if (reference.tag !== undefined) repository.tags.set(reference.tag, top)
      }
    }
    known = { generation, repositories }
    return repositories
  }

  return {
    repositories: async () => [...(await load()).keys()],
    async tags(name) {
      const repository = (await load()).get(name)
      return repository && [...repository.tags.keys()]
    },
    async resolve(name, reference): Promise<ResolvedManifest | undefined> {
      const repository = (await load()).get(name)
      return isDigest(reference) ? repository?.manifests.get(reference) : repository?.tags.get(reference)
    },
    hasBlob: async (name, digest) => (await load()).get(name)?.blobs.has(digest) === true,
    repositoriesWith: async (blob) => [...(await load())].flatMap(([name, { blobs }]) => (blobs.has(blob) ? [name] : [])),
    // What signs an original image does not sign its canonical form.
    referrers: async () => [],
  }
}

/** The indexes that tags of several platforms lead to: no row and no release names them. */
export function libraryIndexes(library: ReleaseLibrary, store: ContentStore): ContentRoot {
  return {
    name: 'registry',
    async content() {
      const platforms = (await library.all()).flatMap(({ release }) => Object.values(release.images).map((image) => image.platforms))
      const tops = await Promise.all(platforms.filter(({ length }) => length > 1).map((several) => topDescriptor(several, store)))
      return tops.map(({ digest }) => digest)
    },
  }
}

/** What a tag leads to: the manifest of the only platform, or an index of several, which is made here and always the same. */
async function topDescriptor(platforms: readonly ReleaseImagePlatform[], store: ContentStore): Promise<Descriptor> {
  const [first, ...others] = platforms
  if (first !== undefined && others.length === 0) return first.manifest
  const index: ImageIndex = {
    schemaVersion: 2,
    mediaType: MediaType.ociIndex,
    manifests: platforms.map(({ manifest: { mediaType, digest, size }, platform }) => ({ mediaType, digest, size, platform })),
  }
  const bytes = Buffer.from(JSON.stringify(index))
  return { mediaType: MediaType.ociIndex, digest: await writeBlob(store, bytes), size: bytes.length }
}

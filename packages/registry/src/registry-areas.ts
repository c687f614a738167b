import type { ContentStore } from '@sealift/content/content-store.ts'
import type { Digest } from '@sealift/oci/digest.ts'
import type { PushedArea } from './pushed-area.ts'
import type { Referrer, RegistryCatalog, ResolvedManifest } from './registry-catalog.ts'
import { RegistryError } from './registry-error.ts'

/**
 * What a registry shows: the library's repositories, which nobody pushes to, and those that clients push
 * to. A repository belongs to the library where its name begins with the host of a registry, as all names
 * of published images do, or where the library has it. Where both have one, which a later import can bring
 * about, all of both is readable, and a tag of the library's goes before.
 */
export class RegistryAreas implements RegistryCatalog {
  readonly #store: ContentStore
  readonly #library: RegistryCatalog
  readonly #pushed: PushedArea | undefined

  /** @param pushed without it nothing can be pushed */
  constructor(store: ContentStore, library: RegistryCatalog, pushed?: PushedArea) {
    this.#store = store
    this.#library = library
    this.#pushed = pushed
  }

  async repositories(): Promise<readonly string[]> {
    const all = [...(await this.#library.repositories()), ...((await this.#pushed?.repositories()) ?? [])]
    return [...new Set(all)]
  }

  async tags(repository: string): Promise<readonly string[] | undefined> {
    const library = await this.#library.tags(repository)
    const pushed = await this.#pushed?.tags(repository)
    if (library === undefined) return pushed
    return pushed === undefined ? library : [...new Set([...library, ...pushed])]
  }

  async resolve(repository: string, reference: string): Promise<ResolvedManifest | undefined> {
    return (await this.#library.resolve(repository, reference)) ?? this.#pushed?.resolve(repository, reference)
  }

  async hasBlob(repository: string, digest: Digest): Promise<boolean> {
    return (await this.#library.hasBlob(repository, digest)) || (await this.#pushed?.hasBlob(repository, digest)) === true
  }

  async repositoriesWith(blob: Digest): Promise<readonly string[]> {
    return [...(await this.#library.repositoriesWith(blob)), ...((await this.#pushed?.repositoriesWith(blob)) ?? [])]
  }

  async referrers(repository: string, subject: Digest): Promise<readonly Referrer[]> {
    return [...(await this.#library.referrers(repository, subject)), ...((await this.#pushed?.referrers(repository, subject)) ?? [])]
  }

  /**
   * The area in which a repository can be changed.
   * @throws RegistryError `UNSUPPORTED` where nothing can be pushed, `DENIED` for a repository of the library's
   */
  pushed(repository: string): PushedArea {
    if (this.#pushed === undefined)
      throw new RegistryError('UNSUPPORTED', 'this registry gives out content and takes none: publish or import a release instead')
    if (isLibraryName(repository)) {
      throw new RegistryError('DENIED', `${repository} belongs to the library: names that begin with a registry are changed by publishing and importing only`)
    }
    return this.#pushed
  }

  /**
   * As {@link RegistryAreas.pushed}, and refuses what the library has under a name that could be pushed to.
   * @throws RegistryError `UNSUPPORTED`, `DENIED`
   */
  async requirePushable(repository: string): Promise<PushedArea> {
    const area = this.pushed(repository)
    if ((await this.#library.tags(repository)) !== undefined) {
      throw new RegistryError('DENIED', `${repository} belongs to the library, which is changed by publishing and importing only: push under another name`)
    }
    return area
  }

  /** Shows a blob of another repository in this one; returns false where the store has lost it. */
  async mount(repository: string, digest: Digest, from: string): Promise<boolean> {
    let there = true
    try {
      await this.pushed(repository).addBlob(repository, digest, async () => {
        there = (await this.#store.info(digest)) !== undefined && (await this.hasBlob(from, digest))
        if (!there) throw new Gone()
      })
    } catch (thrown) {
      if (!(thrown instanceof Gone)) throw thrown
    }
    return there
  }
}

/** The blob to mount went away meanwhile. */
class Gone extends Error {}

/** Published images are named after where they come from: docker.io/library/nginx, registry.example-5000/shop. */
function isLibraryName(repository: string): boolean {
  const slash = repository.indexOf('/')
  const first = slash < 0 ? '' : repository.slice(0, slash)
  return first.includes('.') || /^localhost(-\d+)?$/.test(first)
}

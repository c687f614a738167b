import type { Digest } from '@sealift/oci/digest.ts'

/** Where a tag or digest leads. */
export interface ResolvedManifest {
  readonly digest: Digest
  readonly mediaType: string
}

/**
 * What a registry shows of a store. Content is visible through a repository that refers to it, and
 * through no other: the store itself holds more than anyone may pull.
 */
export interface RegistryCatalog {
  /** Names of all repositories, in any order. */
  repositories(): Promise<readonly string[]>
  /** Tags of a repository in any order, or undefined where there is no such repository. */
  tags(repository: string): Promise<readonly string[] | undefined>
  /** The manifest or index of a tag or digest. */
  resolve(repository: string, reference: string): Promise<ResolvedManifest | undefined>
  /** Whether a manifest of the repository refers to this blob. */
  hasBlob(repository: string, digest: Digest): Promise<boolean>
}

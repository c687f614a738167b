import type { Descriptor } from '@sealift/oci/descriptor.ts'
import type { Digest } from '@sealift/oci/digest.ts'

/** Where a tag or digest leads. */
export interface ResolvedManifest {
  readonly digest: Digest
  readonly mediaType: string
}

/** A manifest that says that it is about another one: a signature, an attestation, a list of parts. */
export interface Referrer extends Descriptor {
  readonly artifactType?: string
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
  /** Whether the repository shows this blob. */
  hasBlob(repository: string, digest: Digest): Promise<boolean>
  /** The repositories that show a blob, in any order. */
  repositoriesWith(blob: Digest): Promise<readonly string[]>
  /** The manifests of a repository that are about a subject, which need not be there; none where there is no such repository. */
  referrers(repository: string, subject: Digest): Promise<readonly Referrer[]>
}

import type { Digest } from '@sealift/oci/digest.ts'
import type { PushedManifest } from './push/pushed-manifest.ts'
import type { RegistryCatalog } from './registry-catalog.ts'

/** How a deletion ended; what something else in the repository still refers to stays. */
export type Deletion = 'deleted' | 'unknown' | { readonly neededBy: Digest }

/**
 * The repositories that clients push to, with what they pushed, exactly as it came. A repository is there
 * as long as it holds anything. Each change is durable, and seen whole or not at all, once it resolves.
 * All that a repository shows is in the store, and stays there as long as it is shown.
 */
export interface PushedArea extends RegistryCatalog {
  /**
   * Shows a blob in a repository.
   * @param store brings the blob into the store; between its end and the repository's showing it nothing collects it
   */
  addBlob(repository: string, digest: Digest, store: () => Promise<unknown>): Promise<void>
  /**
   * Shows a manifest in a repository, and moves a tag to it.
   * @param store as for {@link PushedArea.addBlob}
   * @throws RegistryError `MANIFEST_BLOB_UNKNOWN` where the repository lacks what the manifest refers to
   */
  putManifest(repository: string, manifest: PushedManifest, tag: string | undefined, store: () => Promise<unknown>): Promise<void>
  /** Removes a tag and leaves its manifest; returns whether it was there. */
  deleteTag(repository: string, tag: string): Promise<boolean>
  /** Removes a manifest with all tags that lead to it. */
  deleteManifest(repository: string, digest: Digest): Promise<Deletion>
  /** Shows a blob no longer. */
  deleteBlob(repository: string, digest: Digest): Promise<Deletion>
}

import type { Digest } from '@sealift/oci/digest.ts'

/** An image as an installation uses it: fixed for one platform, so that going back needs no release. */
export interface PinnedImage {
  /** As the template names it. */
  readonly reference: string
  readonly localName: string
  readonly manifest: Digest
  readonly config: Digest
  /** Lowest first; canonical, so a layer's digest is its diffID. Sizes in plain bytes. */
  readonly layers: readonly { readonly digest: Digest; readonly size: number }[]
}

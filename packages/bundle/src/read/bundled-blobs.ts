import { type Digest, digestOf } from '@sealift/oci/digest.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import type { BundledRelease, PlainBlob } from '../format/bundle-index.ts'
import { type Member } from '../format/layout.ts'
import { PayloadType } from '../signature/payload-type.ts'
import { type Signer, verify } from '../signature/signature.ts'
import type { Bundle } from './bundle.ts'
import { faultsError } from './fault.ts'

/** A release as it came out of a bundle, its publisher's signature checked. */
export interface VerifiedRelease extends BundledRelease {
  readonly document: Buffer
  readonly signatureFile: Buffer
  /** Who published it. Proved, not trusted. */
  readonly publisher: Signer
}

/** Every blob that a bundle carries, with the plain size that its index states. */
export function* carriedBlobs({ head: { index } }: Bundle): Generator<PlainBlob> {
  for (const { contents } of index.packs) yield* contents
  for (const { digest, size } of index.entries) yield { digest, size }
}

/** The blobs of a pack out of its plain bytes, each compared with its digest. @throws SealiftError `BUNDLE_DAMAGED` */
export function unpack(bundle: Bundle, member: Member, contents: readonly PlainBlob[], plain: Buffer): Map<Digest, Buffer> {
  const blobs = new Map<Digest, Buffer>()
  let at = 0
  for (const { digest, size } of contents) {
    const bytes = plain.subarray(at, (at += size))
    if (digestOf(bytes) !== digest) throw wrongContent(bundle, member, digest, digestOf(bytes))
    blobs.set(digest, bytes)
  }
  return blobs
}

/** The error for a member whose blocks are as the index says, and whose content is not. */
export function wrongContent(bundle: Bundle, member: Member, blob: Digest, found: string): SealiftError {
  const start = bundle.head.size + member.offset
  const reason = `the content of blob ${blob} has the digest ${found}`
  return faultsError(bundle.path, [{ kind: 'damaged', member: member.name, blob, start, end: start + member.encodedSize, reason }])
}

/**
 * The releases of a bundle with their documents, read out of order before anything else, so that all
 * can be decided before anything is written.
 * @throws SealiftError `SIGNATURE_INVALID`, `BUNDLE_DAMAGED`, `BUNDLE_TRUNCATED`
 */
export async function readReleases(bundle: Bundle): Promise<readonly VerifiedRelease[]> {
  const reader = new BlobReader(bundle)
  const releases: VerifiedRelease[] = []
  for (const release of bundle.head.index.releases) {
    const document = await reader.read(release.digest)
    const signatureFile = await reader.read(release.signature)
    const what = `${bundle.path}, release ${release.application}@${release.version}`
    releases.push({ ...release, document, signatureFile, publisher: verify(signatureFile, PayloadType.release, document, what) })
  }
  return releases
}

/** Reads single blobs into memory, out of order; keeps the pack read last, since documents and signatures are neighbours. */
export class BlobReader {
  readonly #bundle: Bundle
  readonly #memberOf = new Map<Digest, number>()
  #position = -1
  #blobs = new Map<Digest, Buffer>()

  constructor(bundle: Bundle) {
    this.#bundle = bundle
    const { packs, entries } = bundle.head.index
    packs.forEach(({ contents }, position) => {
      for (const { digest } of contents) this.#memberOf.set(digest, position)
    })
    entries.forEach(({ digest }, position) => this.#memberOf.set(digest, packs.length + position))
  }

  /**
   * A blob that the index says is carried, in a buffer of its own. Its size is the caller's to bound.
   * @throws SealiftError `BUNDLE_DAMAGED`, `BUNDLE_TRUNCATED`
   */
  async read(digest: Digest): Promise<Buffer> {
    const position = this.#memberOf.get(digest) ?? -1
    if (position !== this.#position) {
      this.#blobs = await this.#readMember(position, digest)
      this.#position = position
    }
    return Buffer.from(this.#blobs.get(digest) as Buffer)
  }

  async #readMember(position: number, digest: Digest): Promise<Map<Digest, Buffer>> {
    const member = this.#bundle.members[position]
    if (member === undefined) throw new SealiftError('INTERNAL', `${this.#bundle.path} does not carry blob ${digest}`)
    const pieces: Buffer[] = []
    for await (const plain of this.#bundle.plainBlocks(member)) pieces.push(Buffer.from(plain))
    const contents = this.#bundle.head.index.packs[position]?.contents ?? [{ digest, size: member.size }]
    return unpack(this.#bundle, member, contents, Buffer.concat(pieces))
  }
}

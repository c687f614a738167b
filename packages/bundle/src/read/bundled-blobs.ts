import { type Digest, digestOf } from '@sealift/oci/digest.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import type { BundledRelease, BundleEntry, PlainBlob } from '../format/bundle-index.ts'
import { type Member } from '../format/layout.ts'
import { PayloadType } from '../signature/payload-type.ts'
import { type Signer, verify } from '../signature/signature.ts'
import { type RootChain, type SignedRoot, verifyChain } from '../trust/root-chain.ts'
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
  const { releases } = bundle.head.index
  const blobs = await readBlobs(bundle, new Set(releases.flatMap(({ digest, signature }) => [digest, signature])))
  return releases.map((release) => {
    const document = blobs.get(release.digest) as Buffer
    const signatureFile = blobs.get(release.signature) as Buffer
    const what = `${bundle.path}, release ${release.application}@${release.version}`
    return { ...release, document, signatureFile, publisher: verify(signatureFile, PayloadType.release, document, what) }
  })
}

/**
 * The trust roots that a bundle carries, each chain proved to hang together.
 * @throws SealiftError `TRUST_ROOT_INVALID`, `BUNDLE_DAMAGED`, `BUNDLE_TRUNCATED`
 */
export async function readRoots(bundle: Bundle): Promise<readonly RootChain[]> {
  const { roots } = bundle.head.index
  const blobs = await readBlobs(bundle, new Set(roots.flat().flatMap(({ digest, signatures }) => [digest, ...signatures])))
  return roots.map((listed, which) => {
    const signed = listed.map(
      ({ digest, signatures }): SignedRoot => ({
        document: blobs.get(digest) as Buffer,
        signatures: signatures.map((signature) => blobs.get(signature) as Buffer),
      }),
    )
    return verifyChain(signed, `${bundle.path}, trust root of vendor ${which + 1}`)
  })
}

/**
 * Blobs that the index says are carried, each in a buffer of its own. Reads each member once, wherever
 * the blobs are in them. Their sizes are the caller's to bound.
 */
async function readBlobs(bundle: Bundle, wanted: ReadonlySet<Digest>): Promise<ReadonlyMap<Digest, Buffer>> {
  const { packs, entries } = bundle.head.index
  const found = new Map<Digest, Buffer>()
  for (const [position, member] of bundle.members.entries()) {
    const contents = packs[position]?.contents ?? [{ digest: (entries[position - packs.length] as BundleEntry).digest, size: member.size }]
    if (!contents.some(({ digest }) => wanted.has(digest))) continue
    for (const [digest, bytes] of await readMember(bundle, member, contents)) if (wanted.has(digest)) found.set(digest, Buffer.from(bytes))
  }
  return found
}

async function readMember(bundle: Bundle, member: Member, contents: readonly PlainBlob[]): Promise<Map<Digest, Buffer>> {
  const pieces: Buffer[] = []
  for await (const plain of bundle.plainBlocks(member)) pieces.push(Buffer.from(plain))
  return unpack(bundle, member, contents, Buffer.concat(pieces))
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
    const contents = this.#bundle.head.index.packs[position]?.contents ?? [{ digest, size: member.size }]
    return readMember(this.#bundle, member, contents)
  }
}

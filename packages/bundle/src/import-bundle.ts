import type { ContentStore } from '@sealift/content/content-store.ts'
import type { Digest } from '@sealift/oci/digest.ts'
import { isSealiftError, SealiftError } from '@sealift/oci/sealift-error.ts'
import { checkBase } from './check-base.ts'
import type { BundledRelease, BundleEntry, BundlePack } from './format/bundle-index.ts'
import type { Member } from './format/layout.ts'
import type { OnProgress } from './progress.ts'
import { Bundle } from './read/bundle.ts'
import { carriedBlobs, readReleases, readRoots, unpack, type VerifiedRelease, wrongContent } from './read/bundled-blobs.ts'
import { type Fault, faultsError } from './read/fault.ts'
import { type Fingerprint, formatFingerprint } from './signature/fingerprint.ts'
import type { Signer } from './signature/signature.ts'
import type { RootChain } from './trust/root-chain.ts'

/** Blobs that are being made durable while the next ones arrive. */
const COMMITS_UNDER_WAY = 4

/** What {@link importBundle} needs. */
export interface ImportBundleOptions {
  readonly store: ContentStore
  /**
   * Told of the trust roots that the bundle carries, each chain proved, before any key is asked about.
   * May refuse by throwing; nothing has been written by then.
   */
  readonly roots?: (chains: readonly RootChain[]) => void | Promise<void>
  /** Whether a key may sign bundles and releases here. */
  readonly trusted: (fingerprint: Fingerprint) => boolean | Promise<boolean>
  /**
   * Everything that a release needs beside its document. May refuse the release by throwing; nothing
   * has been written by then.
   */
  readonly contentOf: (release: VerifiedRelease) => readonly Digest[] | Promise<readonly Digest[]>
  /** Whether a release is here; an increment is judged by its blobs, and this only helps to say what is missing. */
  readonly hasRelease?: (digest: Digest) => boolean | Promise<boolean>
  /** Take a bundle without a signature; the releases in it must be signed by trusted keys all the same. */
  readonly allowUnsigned?: boolean
  /** Free bytes where the store writes, to refuse early. */
  readonly freeBytes?: () => Promise<number>
  readonly progress?: OnProgress
  readonly signal?: AbortSignal
}

/** What an import brought. The content is in the store; making the releases visible is the caller's, in one commit. */
export interface ImportedBundle {
  readonly bundleId: string
  /** Who signed the bundle, undefined where nobody did. */
  readonly signer: Signer | undefined
  /** With document and signature file, which are in the store as blobs too. */
  readonly releases: readonly VerifiedRelease[]
  /** Blobs and plain bytes that were written, and that were there already. */
  readonly stored: Amount
  readonly present: Amount
}

interface Amount {
  readonly blobs: number
  readonly bytes: number
}

/**
 * Takes the content of a bundle into a store, in one pass. Everything that can be refused is refused
 * before the first byte is written. What is in the store already is not read; after an interruption
 * the verified blobs remain, so that the next try goes on from there.
 * @throws SealiftError as {@link Bundle.open}; `BUNDLE_UNSIGNED`, `KEY_UNTRUSTED`, `SIGNATURE_INVALID`, `BUNDLE_BASE_MISSING`,
 *   `BUNDLE_INCOMPLETE`, `BUNDLE_TRUNCATED`, `BUNDLE_DAMAGED`, `DISK_FULL`, and what `contentOf` throws
 */
export async function importBundle(path: string, options: ImportBundleOptions): Promise<ImportedBundle> {
  await using bundle = await Bundle.open(path)
  await bundle.checkEnd()
  const chains = await readRoots(bundle)
  await options.roots?.(chains)
  await checkSigner(bundle, options)
  const releases = await readReleases(bundle)
  for (const release of releases) {
    const what = `${path}: release ${release.application}@${release.version}`
    await checkTrusted(release.publisher.fingerprint, what, options)
  }
  await checkBase(bundle, options)
  await checkComplete(bundle, releases, options)
  const { stored, present } = await new Importer(bundle, options).run()
  return { bundleId: bundle.head.index.bundleId, signer: bundle.head.signer, releases, stored, present }
}

async function checkSigner({ path, head: { signer } }: Bundle, options: ImportBundleOptions): Promise<void> {
  if (signer !== undefined) return checkTrusted(signer.fingerprint, path, options)
  if (options.allowUnsigned !== true) throw new SealiftError('BUNDLE_UNSIGNED', `${path} carries no signature`)
}

async function checkTrusted(fingerprint: Fingerprint, what: string, { trusted }: ImportBundleOptions): Promise<void> {
  if (await trusted(fingerprint)) return
  const shown = formatFingerprint(fingerprint)
  throw new SealiftError('KEY_UNTRUSTED', `${what} is signed by the key ${shown}, which is not trusted here`, {
    hint: `Compare the whole fingerprint with the one that the vendor gave you by another way than this bundle. Only if they are equal, pass --trust ${shown}`,
    details: { fingerprint },
  })
}

async function checkComplete(bundle: Bundle, releases: readonly VerifiedRelease[], { store, contentOf }: ImportBundleOptions): Promise<void> {
  const carried = new Set<Digest>()
  for (const { digest } of carriedBlobs(bundle)) carried.add(digest)
  for (const release of releases) {
    const missing: Digest[] = []
    for (const digest of await contentOf(release)) {
      if (!carried.has(digest) && (await store.info(digest)) === undefined) missing.push(digest)
    }
    if (missing.length > 0) throw incomplete(bundle, release, missing)
  }
}

function incomplete({ path }: Bundle, { application, version }: BundledRelease, missing: readonly Digest[]): SealiftError {
  const shown = missing.slice(0, 5).join(', ')
  return new SealiftError(
    'BUNDLE_INCOMPLETE',
    `${path}: release ${application}@${version} needs ${missing.length} blobs that are neither in the bundle nor here: ${shown}`,
    { details: { missing } },
  )
}

class Importer {
  readonly #bundle: Bundle
  readonly #options: ImportBundleOptions
  readonly #commits = new Set<Promise<void>>()
  readonly #total: number
  #failure: unknown
  #done = 0
  #stored = { blobs: 0, bytes: 0 }
  #present = { blobs: 0, bytes: 0 }

  constructor(bundle: Bundle, options: ImportBundleOptions) {
    this.#bundle = bundle
    this.#options = options
    this.#total = bundle.members.reduce((sum, { encodedSize }) => sum + encodedSize, 0)
  }

  async run(): Promise<{ readonly stored: Amount; readonly present: Amount }> {
    const { members, head } = this.#bundle
    const { packs, entries } = head.index
    await this.#checkSpace()
    try {
      for (const [position, member] of members.entries()) {
        this.#options.signal?.throwIfAborted()
        const pack = packs[position]
        if (pack !== undefined) await this.#importPack(member, pack)
        else await this.#importEntry(member, entries[position - packs.length] as BundleEntry)
      }
    } finally {
      await Promise.all(this.#commits)
    }
    if (this.#failure !== undefined) throw this.#failure
    return { stored: this.#stored, present: this.#present }
  }

  async #checkSpace(): Promise<void> {
    if (this.#options.freeBytes === undefined) return
    let needed = 0
    for (const { digest, encodedSize } of this.#bundle.head.index.entries) if (!(await this.#has(digest))) needed += encodedSize
    const free = await this.#options.freeBytes()
    if (free < needed) {
      throw new SealiftError('DISK_FULL', `importing ${this.#bundle.path} needs ${needed} bytes, ${free} are free`, { details: { needed, free } })
    }
  }

  async #has(digest: Digest): Promise<boolean> {
    return (await this.#options.store.info(digest)) !== undefined
  }

  async #importPack(member: Member, pack: BundlePack): Promise<void> {
    const missing: BundlePack['contents'][number][] = []
    for (const blob of pack.contents) {
      if (await this.#has(blob.digest)) this.#count(this.#present, blob.size)
      else missing.push(blob)
    }
    if (missing.length > 0) {
      await this.#checkFrame(member)
      let whole: Buffer = Buffer.alloc(0)
      for await (const plain of this.#bundle.plainBlocks(member)) whole = Buffer.from(plain)
      const blobs = unpack(this.#bundle, member, pack.contents, whole)
      for (const { digest, size } of missing) {
        this.#options.signal?.throwIfAborted()
        const writer = await this.#options.store.writer({ digest, size })
        try {
          await writer.write(blobs.get(digest) as Buffer)
        } catch (thrown) {
          await writer.abort()
          throw thrown
        }
        await this.#commit(async () => void (await writer.commit()), size)
      }
    }
    this.#advance(member.encodedSize)
  }

  async #importEntry(member: Member, { digest, size, encoding, blocks }: BundleEntry): Promise<void> {
    if (await this.#has(digest)) {
      this.#count(this.#present, size)
      this.#advance(member.encodedSize)
      return
    }
    await this.#checkFrame(member)
    const writer = await this.#options.store.encodedWriter({ digest, size, encoding, blocks })
    let reading = blocks.length === 0 ? undefined : this.#read(member, 0)
    try {
      for (let index = 0; index < blocks.length; index++) {
        this.#options.signal?.throwIfAborted()
        const block = await (reading as Promise<Buffer>)
        reading = index + 1 < blocks.length ? this.#read(member, index + 1) : undefined
        await writer.writeBlock(block)
        this.#advance(block.length)
      }
    } catch (thrown) {
      await reading?.catch(() => {})
      await writer.abort()
      throw await this.#locate(thrown, member, digest)
    }
    await this.#commit(async () => {
      try {
        await writer.commit()
      } catch (thrown) {
        throw await this.#locate(thrown, member, digest)
      }
    }, size)
  }

  /** Reads a block; a fault is reported when its turn comes. */
  #read(member: Member, index: number): Promise<Buffer> {
    const reading = this.#bundle.readEncoded(member, index)
    reading.catch(() => {})
    return reading
  }

  /** Lets a blob become durable while the next ones arrive. */
  async #commit(commit: () => Promise<void>, size: number): Promise<void> {
    const running = commit().then(
      () => this.#count(this.#stored, size),
      (thrown: unknown) => {
        this.#failure ??= thrown
      },
    )
    this.#commits.add(running)
    void running.finally(() => this.#commits.delete(running))
    if (this.#commits.size >= COMMITS_UNDER_WAY) await Promise.race(this.#commits)
    if (this.#failure !== undefined) throw this.#failure
  }

  async #checkFrame(member: Member): Promise<void> {
    const faults = await this.#bundle.findFrameFaults(member)
    if (faults.length > 0) throw faultsError(this.#bundle.path, faults)
  }

  /** The store says only that a blob is corrupt; reading it again finds the place in the bundle's file. */
  async #locate(thrown: unknown, member: Member, blob: Digest): Promise<unknown> {
    if (!isSealiftError(thrown, 'CONTENT_CORRUPT')) return thrown
    const faults: Fault[] = []
    for await (const { fault } of this.#bundle.blocks(member)) if (fault !== undefined) faults.push({ ...fault, blob })
    return faults.length > 0 ? faultsError(this.#bundle.path, faults) : wrongContent(this.#bundle, member, blob, 'of other content')
  }

  #count(amount: { blobs: number; bytes: number }, bytes: number): void {
    amount.blobs++
    amount.bytes += bytes
  }

  #advance(bytes: number): void {
    this.#options.progress?.({ stage: 'import', done: (this.#done += bytes), total: this.#total })
  }
}

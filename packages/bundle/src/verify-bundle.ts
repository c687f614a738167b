import { createDigester } from '@sealift/oci/digest.ts'
import { isSealiftError } from '@sealift/oci/sealift-error.ts'
import type { Member } from './format/layout.ts'
import type { OnProgress } from './progress.ts'
import { Bundle } from './read/bundle.ts'
import type { BundleHead } from './read/bundle-head.ts'
import { readReleases, readRoots, unpack, type VerifiedRelease, wrongContent } from './read/bundled-blobs.ts'
import { type Fault, faultsError } from './read/fault.ts'

/** What a sound bundle holds. */
export interface VerifiedBundle extends BundleHead {
  readonly releases: readonly VerifiedRelease[]
}

/**
 * Checks every byte of a bundle: layout, every block before it is decoded, the digest of every blob,
 * the publishers' signatures. Does not stop at the first fault. Whether the keys are trusted is not looked at.
 * @throws SealiftError as {@link Bundle.open}; `BUNDLE_DAMAGED` and `BUNDLE_TRUNCATED` with all faults
 *   as {@link Fault} in `details.faults`; `SIGNATURE_INVALID`
 */
export async function verifyBundle(path: string, options: { readonly progress?: OnProgress; readonly signal?: AbortSignal } = {}): Promise<VerifiedBundle> {
  await using bundle = await Bundle.open(path)
  const faults: Fault[] = [...(await bundle.findEndFaults())]
  const total = bundle.members.reduce((sum, { encodedSize }) => sum + encodedSize, 0)
  let done = 0
  for (const [position, member] of bundle.members.entries()) {
    options.signal?.throwIfAborted()
    faults.push(...(await bundle.findFrameFaults(member)), ...(await findContentFaults(bundle, position, member)))
    options.progress?.({ stage: 'verify', done: (done += member.encodedSize), total })
  }
  if (faults.length > 0) throw faultsError(path, faults)
  await readRoots(bundle)
  return { ...bundle.head, releases: await readReleases(bundle) }
}

async function findContentFaults(bundle: Bundle, position: number, member: Member): Promise<readonly Fault[]> {
  const { packs, entries } = bundle.head.index
  const pack = packs[position]
  const blob = entries[position - packs.length]?.digest
  const faults: Fault[] = []
  const digester = createDigester()
  let whole: Buffer = Buffer.alloc(0)
  for await (const { plain, fault } of bundle.blocks(member)) {
    if (fault !== undefined) {
      faults.push(blob === undefined ? fault : { ...fault, blob })
      // Nothing that follows in the member is there either.
      if (fault.kind === 'truncated') break
    } else if (pack === undefined) digester.update(plain)
    else whole = Buffer.from(plain)
  }
  if (faults.length > 0) return faults
  try {
    if (pack !== undefined) unpack(bundle, member, pack.contents, whole)
    else if (blob !== undefined) {
      const found = digester.digest()
      if (found !== blob) throw wrongContent(bundle, member, blob, found)
    }
  } catch (thrown) {
    if (!isSealiftError(thrown)) throw thrown
    return thrown.details.faults as readonly Fault[]
  }
  return []
}

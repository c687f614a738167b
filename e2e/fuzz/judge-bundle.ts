import { readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { contentsOf } from '@sealift/bundle/bundle-fixture.ts'
import { type ImportedBundle, importBundle } from '@sealift/bundle/import-bundle.ts'
import { PayloadType } from '@sealift/bundle/signature/payload-type.ts'
import { verify } from '@sealift/bundle/signature/signature.ts'
import { unpackToLayout } from '@sealift/bundle/unpack-to-layout.ts'
import { verifyBundle } from '@sealift/bundle/verify-bundle.ts'
import type { ContentStore } from '@sealift/content/content-store.ts'
import { openFilesystemStore } from '@sealift/content/filesystem/filesystem-store.ts'
import { createMemoryStore } from '@sealift/content/memory/memory-store.ts'
import { writeBlob } from '@sealift/content/read-blob.ts'
import { verifyImage } from '@sealift/images/image-content.ts'
import { digestOf } from '@sealift/oci/digest.ts'
import { parsePlatform, platformMatches } from '@sealift/oci/platform.ts'
import { contentOf, parseRelease } from '@sealift/template/release.ts'
import type { Corpus, Sample } from './corpus.ts'
import { codeOfRefusal, Finding } from './finding.ts'

/** A file to be judged. */
export interface Suspect {
  readonly bytes: Buffer
  /** What it was made of. */
  readonly sample: Pick<Sample, 'base' | 'unsigned'>
  /** Whether nobody with the key has signed it as it is: then it must not come in. */
  readonly isForeign: boolean
  /** Whether bytes of it were changed without anybody signing it anew: then `verify` must say so. */
  readonly isDamaged: boolean
}

/** How a file is judged. */
export interface JudgeOptions {
  /** A folder of this judge's own. */
  readonly folder: string
  /** Imports into a store on disk and unpacks too, which takes longer. */
  readonly onDisk: boolean
}

/**
 * Reads a file in every way in which a site would, and compares what it has then.
 * @returns what became of it: `accepted`, or the code of the refusal
 * @throws Finding where a reader crashed, took what it must not, or wrote where it must not
 */
export async function judgeBundle({ bytes, sample, isForeign, isDamaged }: Suspect, { key }: Corpus, { folder, onDisk }: JudgeOptions): Promise<string> {
  const path = join(folder, 'suspect.sealift')
  await writeFile(path, bytes)
  const verified = await outcomeOf(() => verifyBundle(path))
  const site = join(folder, 'site')
  const store: ContentStore = onDisk ? await openFilesystemStore(site) : createMemoryStore()
  for (const blob of sample.base) await writeBlob(store, blob)
  let imported: ImportedBundle | undefined
  const outcome = await outcomeOf(async () => {
    imported = await importBundle(path, {
      store,
      allowUnsigned: sample.unsigned,
      trusted: (fingerprint) => fingerprint === key.fingerprint,
      contentOf: ({ document, platforms }) => contentOf(parseRelease(document), wanted(platforms)).map(({ digest }) => digest),
    })
  })
  // Computes every digest anew, and throws where one is not what it stands under.
  await contentsOf(store).catch((thrown: unknown) => {
    throw new Finding(`a wrong byte was accepted: ${String(thrown)}`)
  })
  let result = outcome
  if (imported !== undefined) {
    if (isForeign) throw new Finding('a file came in that nobody signed as it is')
    if (verified !== 'accepted') throw new Finding(`import took what verify refuses with ${verified}`)
    result = await checkImported(imported, store, key.fingerprint)
  }
  if (isDamaged && verified === 'accepted') throw new Finding('verify takes a file that was changed')
  if (onDisk) await checkFolders(path, folder, site)
  return result
}

async function outcomeOf(work: () => Promise<unknown>): Promise<string> {
  try {
    await work()
    return 'accepted'
  } catch (thrown) {
    return codeOfRefusal(thrown)
  }
}

/** What was taken in is signed, whole and hangs together, or the check before it becomes visible says so. */
async function checkImported({ releases }: ImportedBundle, store: ContentStore, trusted: string): Promise<string> {
  for (const { document, signatureFile, digest, platforms } of releases) {
    if (digestOf(document) !== digest) throw new Finding(`release ${digest} was taken in as ${digestOf(document)}`)
    if (verify(signatureFile, PayloadType.release, document, 'release').fingerprint !== trusted)
      throw new Finding('a release came in under a key that is not trusted')
    const release = parseRelease(document)
    const chosen = wanted(platforms)
    for (const { digest: blob } of contentOf(release, chosen))
      if ((await store.info(blob)) === undefined) throw new Finding(`blob ${blob} is missing after the import`)
    for (const image of Object.values(release.images).flatMap((one) => one.platforms)) {
      if (chosen !== undefined && !chosen.some((platform) => platformMatches(image.platform, platform))) continue
      const outcome = await outcomeOf(() => verifyImage(store, image, 'image'))
      if (outcome !== 'accepted') return outcome
    }
  }
  return 'accepted'
}

async function checkFolders(path: string, folder: string, site: string): Promise<void> {
  const layout = join(folder, 'layout')
  await outcomeOf(() =>
    unpackToLayout(path, layout, {
      imagesOf: ({ document }) =>
        Object.values(parseRelease(document).images).flatMap(({ reference, platforms }) =>
          platforms.map(({ manifest, platform }) => ({ name: reference, descriptor: { ...manifest, platform } })),
        ),
    }),
  )
  const beside = (await readdir(folder)).filter((name) => !['suspect.sealift', 'site', 'layout'].includes(name))
  if (beside.length > 0) throw new Finding(`something was written outside: ${beside.join(', ')}`)
  const names = await readdir(folder, { recursive: true })
  const strange = names.find(
    (name) =>
      !/^(suspect\.sealift|site(\/(blobs(\/sha256(\/[0-9a-f]{2}(\/[0-9a-f]{64}(\.zst)?)?)?)?|[a-z]+))?|layout(\/(oci-layout|index\.json|blobs(\/sha256(\/[0-9a-f]{64})?)?))?)$/.test(
        name,
      ),
  )
  if (strange !== undefined) throw new Finding(`a file of a strange name was written: ${strange}`)
  await rm(site, { recursive: true })
  await rm(layout, { recursive: true, force: true })
}

function wanted(platforms: readonly string[] | undefined) {
  return platforms?.map((text) => parsePlatform(text)).filter((platform) => platform !== undefined)
}

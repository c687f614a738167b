import type { ContentStore } from '@sealift/content/content-store.ts'
import { defaultEngineAddress } from '@sealift/driver-docker/engine-address.ts'
import { EngineClient } from '@sealift/driver-docker/engine-client.ts'
import type { ImageDetails } from '@sealift/driver-docker/engine-types.ts'
import { ingestDockerArchive } from '@sealift/images/ingest-docker-archive.ts'
import type { StoredImage } from '@sealift/images/stored-image.ts'
import { formatPlatform, type Platform, platformMatches } from '@sealift/oci/platform.ts'
import { formatReference, parseReference } from '@sealift/oci/reference.ts'
import { isSealiftError, SealiftError } from '@sealift/oci/sealift-error.ts'
import type { ReleaseImagePlatform } from '@sealift/template/release.ts'
import type { JobContext } from '../jobs/job-work.ts'
import type { ImageOrigin } from './image-origin.ts'
import type { HeldRelease } from './release-library.ts'

const STAGE = 'Reading images from the engine'

/** An image as a release pins it. */
type PinnedImage = Omit<StoredImage, 'references'>

/**
 * The images that an engine has, brought into the store; those that a held release carries already are not read again.
 * @throws SealiftError `ENGINE_UNREACHABLE` unless the origin is `auto`, `IMAGE_PLATFORM_MISSING`, and what reading an archive refuses
 */
export async function engineImages(
  store: ContentStore,
  texts: readonly string[],
  origin: ImageOrigin,
  held: readonly HeldRelease[],
  context: JobContext,
): Promise<ReadonlyMap<string, PinnedImage>> {
  using engine = new EngineClient(origin.engine ?? defaultEngineAddress())
  const found = new Map<string, PinnedImage>()
  const toRead: string[] = []
  let size = 0
  for (const text of texts) {
    const details = await inspect(engine, origin.engineIds?.get(text) ?? text, origin)
    if (details === undefined) continue
    checkPlatform(text, details, origin.platforms)
    const known = await findHeld(store, held, details)
    if (known === undefined) {
      toRead.push(text)
      size += details.Size
    } else found.set(text, known)
  }
  if (found.size + toRead.length > 0 && origin.platforms.length > 1) {
    context.log('The engine gives its images for one platform only; publish with --images registry to carry all that requires.arch names.', 'warning')
  }
  if (toRead.length === 0) return found
  context.progress(STAGE, 0, size, 'bytes')
  const ids = origin.engineIds ?? new Map<string, string>()
  const read = await readImages(
    engine,
    store,
    toRead.filter((text) => !ids.has(text)),
    size,
    context,
  )
  for (const [text, image] of read) found.set(text, image)
  // An archive says nothing of names that an image does not have: each of these has one of its own.
  for (const text of toRead.filter((each) => ids.has(each))) {
    const [image] = await ingestDockerArchive(await engine.saveImages([ids.get(text) ?? text]), store, { signal: context.signal })
    if (image === undefined) throw new SealiftError('ENGINE_FAILED', `the engine's archive does not hold the image of ${text}, which it says it has`)
    found.set(text, image)
  }
  return found
}

async function readImages(
  engine: EngineClient,
  store: ContentStore,
  texts: readonly string[],
  size: number,
  context: JobContext,
): Promise<ReadonlyMap<string, PinnedImage>> {
  const found = new Map<string, PinnedImage>()
  if (texts.length === 0) return found
  const stored = await ingestDockerArchive(await engine.saveImages(texts), store, {
    signal: context.signal,
    // The sum of the images counts shared layers twice, so that the archive is never longer.
    progress: (done) => context.progress(STAGE, Math.min(done, size), size, 'bytes'),
  })
  const byName = new Map(stored.flatMap((image) => image.references.map((name) => [formatReference(parseReference(name)), image] as const)))
  for (const text of texts) {
    const image = byName.get(formatReference(parseReference(text))) ?? (texts.length === 1 ? stored[0] : undefined)
    if (image === undefined) throw new SealiftError('ENGINE_FAILED', `the engine's archive does not hold ${text}, which it says it has`)
    found.set(text, image)
  }
  return found
}

async function inspect(engine: EngineClient, text: string, origin: ImageOrigin): Promise<ImageDetails | undefined> {
  try {
    return await engine.inspectImage(text)
  } catch (thrown) {
    // With `auto` a side without an engine publishes from registries alone.
    if (origin.from === 'auto' && isSealiftError(thrown, 'ENGINE_UNREACHABLE')) return undefined
    throw thrown
  }
}

function checkPlatform(text: string, { Os, Architecture, Variant }: ImageDetails, wanted: readonly Platform[]): void {
  const have: Platform = { os: Os, architecture: Architecture, ...(Variant ? { variant: Variant } : {}) }
  if (wanted.some((platform) => platformMatches(have, platform))) return
  throw new SealiftError(
    'IMAGE_PLATFORM_MISSING',
    `image ${text}: the engine has it for ${formatPlatform(have)}, the release is to be for ${wanted.map(formatPlatform).join(', ')}`,
    { hint: 'Correct requires.arch in the template, or publish from a registry that has all platforms with --images registry.' },
  )
}

/**
 * The same image out of a held release. The engine's ID is the config's digest with its classic store;
 * with another store nothing is found, and the image is read.
 */
async function findHeld(store: ContentStore, held: readonly HeldRelease[], { Id, RootFS }: ImageDetails): Promise<PinnedImage | undefined> {
  const images = held.flatMap(({ release }) => Object.values(release.images).flatMap(({ platforms }) => platforms))
  const same = images.find((image) => image.config.digest === Id && image.provenance.source === 'engine' && hasLayers(image, RootFS.Layers ?? []))
  if (same === undefined) return undefined
  for (const { digest } of [same.manifest, same.config, ...same.layers]) if ((await store.info(digest)) === undefined) return undefined
  return same
}

function hasLayers({ layers }: ReleaseImagePlatform, diffIds: readonly string[]): boolean {
  return layers.length === diffIds.length && layers.every(({ digest }, index) => digest === diffIds[index])
}

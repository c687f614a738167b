import type { ContentStore } from '@sealift/content/content-store.ts'
import { defaultEngineAddress } from '@sealift/driver-docker/engine-address.ts'
import { EngineClient } from '@sealift/driver-docker/engine-client.ts'
import { ingestDockerArchive } from '@sealift/images/ingest-docker-archive.ts'
import { pullImage } from '@sealift/images/pull-image.ts'
import type { StoredImage } from '@sealift/images/stored-image.ts'
import type { Platform } from '@sealift/oci/platform.ts'
import { formatReference, parseReference } from '@sealift/oci/reference.ts'
import { isSealiftError, SealiftError } from '@sealift/oci/sealift-error.ts'
import type { ReleaseImage } from '@sealift/template/release.ts'
import type { JobContext } from '../jobs/job-queue.ts'

/** Where a publication takes images from. */
export interface ImageOrigin {
  /** `auto`: the engine where it has the image, else the registry that the reference names. */
  readonly from: 'auto' | 'engine' | 'registry'
  readonly engine?: string
  readonly insecureRegistries: readonly string[]
  readonly platforms: readonly Platform[]
}

/**
 * Brings images into the store in canonical form, each text of the template pinned to digests.
 * @throws SealiftError `IMAGE_NOT_FOUND` naming every image that is nowhere
 */
export async function collectImages(
  store: ContentStore,
  texts: readonly string[],
  origin: ImageOrigin,
  context: JobContext,
): Promise<Record<string, ReleaseImage>> {
  const images: Record<string, ReleaseImage> = {}
  const fromEngine = origin.from === 'registry' ? [] : await engineImages(store, texts, origin, context)
  for (const [text, image] of fromEngine) images[text] = releaseImage(text, [image])
  const missing: string[] = []
  for (const text of texts) {
    if (images[text] !== undefined) continue
    if (origin.from === 'engine') {
      missing.push(text)
      continue
    }
    context.signal.throwIfAborted()
    images[text] = releaseImage(text, await pull(store, text, origin, context))
  }
  if (missing.length > 0) {
    throw new SealiftError('IMAGE_NOT_FOUND', `the engine does not have ${missing.join(', ')}`, {
      hint: 'Build or pull the image on that engine, correct its name in the template, or leave out --images engine.',
      details: { images: missing },
    })
  }
  return images
}

async function engineImages(store: ContentStore, texts: readonly string[], origin: ImageOrigin, context: JobContext): Promise<Map<string, StoredImage>> {
  using engine = new EngineClient(origin.engine ?? defaultEngineAddress())
  const there: string[] = []
  let size = 0
  for (const text of texts) {
    try {
      const details = await engine.inspectImage(text)
      if (details === undefined) continue
      there.push(text)
      size += details.Size ?? 0
    } catch (thrown) {
      // With `auto` a side without an engine publishes from registries alone.
      if (origin.from === 'auto' && isSealiftError(thrown, 'ENGINE_UNREACHABLE')) return new Map()
      throw thrown
    }
  }
  if (there.length === 0) return new Map()
  context.progress('Reading images from the engine', 0, size, 'bytes')
  const stored = await ingestDockerArchive(await engine.saveImages(there), store, {
    signal: context.signal,
    // The sum of the images counts shared layers twice, so that the archive is never longer.
    progress: (done) => context.progress('Reading images from the engine', Math.min(done, size), size, 'bytes'),
  })
  const byName = new Map(stored.flatMap((image) => image.references.map((name) => [formatReference(parseReference(name)), image] as const)))
  const found = new Map<string, StoredImage>()
  for (const text of there) {
    const image = byName.get(formatReference(parseReference(text))) ?? (there.length === 1 ? stored[0] : undefined)
    if (image === undefined) throw new SealiftError('ENGINE_FAILED', `the engine's archive does not hold ${text}, which it says it has`)
    found.set(text, image)
  }
  return found
}

async function pull(store: ContentStore, text: string, origin: ImageOrigin, context: JobContext): Promise<StoredImage[]> {
  const stage = `Pulling ${text}`
  context.progress(stage)
  return pullImage(text, store, {
    platforms: origin.platforms,
    insecure: origin.insecureRegistries.includes(parseReference(text).registry),
    signal: context.signal,
    progress: (done, total) => context.progress(stage, done, total, 'bytes'),
  })
}

function releaseImage(text: string, stored: readonly StoredImage[]): ReleaseImage {
  return {
    reference: formatReference(parseReference(text)),
    platforms: stored.map(({ platform, manifest, config, layers, provenance }) => ({ platform, manifest, config, layers: [...layers], provenance })),
  }
}

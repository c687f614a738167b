import type { ContentStore } from '@sealift/content/content-store.ts'
import { pullImage } from '@sealift/images/pull-image.ts'
import type { StoredImage } from '@sealift/images/stored-image.ts'
import { formatReference, parseReference } from '@sealift/oci/reference.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import type { ReleaseImage } from '@sealift/template/release.ts'
import type { JobContext } from '../jobs/job-work.ts'
import { engineImages } from './engine-images.ts'
import type { ImageOrigin } from './image-origin.ts'
import type { HeldRelease } from './release-library.ts'

/**
 * Brings images into the store in canonical form, each text of the template pinned to digests.
 * @param held the releases whose content is in the store already
 * @throws SealiftError `IMAGE_NOT_FOUND` naming every image that is nowhere
 */
export async function collectImages(
  store: ContentStore,
  texts: readonly string[],
  origin: ImageOrigin,
  held: readonly HeldRelease[],
  context: JobContext,
): Promise<Record<string, ReleaseImage>> {
  const images: Record<string, ReleaseImage> = {}
  const onEngine = origin.from === 'registry' ? texts.filter((text) => origin.engineIds?.has(text) === true) : texts
  const fromEngine = onEngine.length === 0 ? [] : await engineImages(store, onEngine, origin, held, context)
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

function releaseImage(text: string, stored: readonly Omit<StoredImage, 'references'>[]): ReleaseImage {
  return {
    reference: formatReference(parseReference(text)),
    platforms: stored.map(({ platform, manifest, config, layers, provenance }) => ({ platform, manifest, config, layers: [...layers], provenance })),
  }
}

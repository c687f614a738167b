import { Readable, Transform } from 'node:stream'
import type { ImageArchive, Progress, WantedImage } from '@sealift/deploy/driver.ts'
import type { Digest } from '@sealift/oci/digest.ts'
import { parseReference } from '@sealift/oci/reference.ts'
import { isSealiftError, SealiftError } from '@sealift/oci/sealift-error.ts'
import type { EngineClient } from './engine-client.ts'
import { type ImageDetails, isPodman } from './engine-types.ts'
import { createHolderImage } from './holder-image.ts'
import { inParallel } from './in-parallel.ts'
import { layersToOmit } from './layer-chains.ts'
import type { ProgramImage } from './program-image.ts'

/** Whether what the engine has is the image: by its layers, since an engine's own ID can be the config's or the manifest's digest. */
function isImage(details: ImageDetails | undefined, diffIds: readonly Digest[]): boolean {
  const layers = details?.RootFS.Layers ?? []
  return details !== undefined && layers.length === diffIds.length && layers.every((layer, position) => layer === diffIds[position])
}

async function has(engine: EngineClient, { localName, diffIds }: WantedImage): Promise<boolean> {
  return isImage(await engine.inspectImage(localName), diffIds)
}

/** Those of the images that the engine does not have under their local name. */
export async function missingImages(engine: EngineClient, images: readonly WantedImage[]): Promise<readonly WantedImage[]> {
  const there = await inParallel(images, (image) => has(engine, image))
  return images.filter((_, position) => !there[position])
}

/**
 * Gives the engine the images that it lacks. What it has under another name is only tagged; layers
 * that it surely has are not sent; where it does not go along with that, everything is.
 * @throws SealiftError `ENGINE_FAILED` where the engine does not have an image afterwards; what the archive throws
 */
export async function ensureImages(
  engine: EngineClient,
  images: readonly WantedImage[],
  archive: ImageArchive,
  progress: Progress,
  signal?: AbortSignal,
): Promise<void> {
  signal?.throwIfAborted()
  const missing: WantedImage[] = []
  for (const image of await missingImages(engine, images)) if (!(await tagExisting(engine, image))) missing.push(image)
  if (missing.length === 0) return
  const omit = (await reusesLayers(engine)) ? await knownLayers(engine, missing) : new Set<Digest>()
  if (omit.size === 0) await load(engine, missing, archive, undefined, progress, signal)
  else {
    try {
      await load(engine, missing, archive, omit, progress, signal)
    } catch (thrown) {
      // The layers may have been removed since they were looked up: the whole archive needs none.
      if (signal?.aborted || !isSealiftError(thrown, 'ENGINE_FAILED')) throw thrown
      await load(engine, missing, archive, undefined, progress, signal)
    }
  }
  for (const image of missing) await requireImage(engine, image)
}

/** Docker's classic store opens no layer that it has; containerd's and Podman's read every one that an archive names. */
async function reusesLayers(engine: EngineClient): Promise<boolean> {
  if (isPodman(await engine.version())) return false
  const { DriverStatus } = await engine.info()
  return !DriverStatus?.some(([name, value]) => name === 'driver-type' && value?.startsWith('io.containerd.') === true)
}

async function load(
  engine: EngineClient,
  images: readonly WantedImage[],
  archive: ImageArchive,
  omit: ReadonlySet<Digest> | undefined,
  progress: Progress,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { stream, size } = archive.open(images, omit)
  let done = 0
  const counter = new Transform({
    transform(piece: Buffer, _encoding, give) {
      done += piece.length
      progress(Math.min(done, size), size)
      give(null, piece)
    },
  })
  stream.on('error', (failure) => counter.destroy(failure))
  counter.on('close', () => stream.destroy())
  await engine.loadImages(stream.pipe(counter), signal)
  progress(size, size)
}

/** Tags an image that the engine has under its ID alone, as a clean-up of names leaves it. */
async function tagExisting(engine: EngineClient, { config, localName, diffIds }: WantedImage): Promise<boolean> {
  const details = await engine.inspectImage(config)
  // Only an ID that is the config's digest proves that the settings are the same, not the layers alone.
  if (details?.Id !== config || !isImage(details, diffIds)) return false
  const { registry, repository, tag } = parseReference(localName)
  await engine.tagImage(config, `${registry}/${repository}`, tag ?? 'latest')
  return true
}

async function requireImage(engine: EngineClient, image: WantedImage): Promise<void> {
  const { reference, localName, diffIds } = image
  const details = await engine.inspectImage(localName)
  if (isImage(details, diffIds) || (await tagExisting(engine, image))) return
  const found = details === undefined ? 'it is not there' : `it has ${details.RootFS.Layers?.length ?? 0} layers that are not the ${diffIds.length} expected`
  throw new SealiftError('ENGINE_FAILED', `image ${reference}: the engine took the archive without complaint, but under ${localName} ${found}`)
}

async function knownLayers(engine: EngineClient, wanted: readonly WantedImage[]): Promise<ReadonlySet<Digest>> {
  const present = await inParallel(await engine.listImages(), async ({ Id }) => (await engine.inspectImage(Id))?.RootFS.Layers ?? [])
  return layersToOmit(
    wanted.map(({ diffIds }) => diffIds),
    present,
  )
}

/**
 * Makes sure that the engine has an image of ours.
 * @returns its name
 */
export async function ensureProgramImage(engine: EngineClient, { name, diffIds, archive }: ProgramImage): Promise<string> {
  if (isImage(await engine.inspectImage(name), diffIds)) return name
  await engine.loadImages(Readable.from([archive]))
  if (!isImage(await engine.inspectImage(name), diffIds)) throw new SealiftError('ENGINE_FAILED', `the engine did not keep the image ${name}`)
  return name
}

/**
 * Makes sure that the engine has the holder's image.
 * @returns its name
 * @throws SealiftError `ENGINE_UNSUPPORTED`
 */
export async function ensureHolderImage(engine: EngineClient): Promise<string> {
  return ensureProgramImage(engine, await createHolderImage((await engine.version()).Arch))
}

import { randomBytes } from 'node:crypto'
import { mkdir, open, readdir, rename, rm, rmdir, statfs, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { renameDurably, syncFolder } from '@sealift/content/filesystem/durable.ts'
import { writeAt } from '@sealift/content/filesystem/write-at.ts'
import type { Descriptor } from '@sealift/oci/descriptor.ts'
import { createDigester, type Digest, digestOf, hexOf } from '@sealift/oci/digest.ts'
import { MAX_MANIFEST_BYTES, parseManifest } from '@sealift/oci/manifest.ts'
import { MediaType } from '@sealift/oci/media-types.ts'
import { SealiftError, toSealiftError } from '@sealift/oci/sealift-error.ts'
import type { Member } from './format/layout.ts'
import type { OnProgress } from './progress.ts'
import { Bundle } from './read/bundle.ts'
import { BlobReader, carriedBlobs, readReleases, unpack, type VerifiedRelease, wrongContent } from './read/bundled-blobs.ts'
import type { Signer } from './signature/signature.ts'

/** An image of a release: the name that it gets in the layout, and its manifest. */
export interface NamedImage {
  readonly name: string
  readonly descriptor: Descriptor
}

/** What {@link unpackToLayout} needs beside bundle and folder. */
export interface UnpackOptions {
  /** The images of a release; names repeat only with the same descriptor. */
  readonly imagesOf: (release: VerifiedRelease) => readonly NamedImage[]
  readonly progress?: OnProgress
  readonly signal?: AbortSignal
}

/** A manifest for the layout, and its bytes where the bundle does not carry them. */
interface LayoutImage extends NamedImage {
  readonly made?: Buffer
}

/** What was unpacked. */
export interface UnpackedBundle {
  readonly signer: Signer | undefined
  readonly releases: readonly VerifiedRelease[]
  /** With the manifests that the layout names. */
  readonly images: readonly NamedImage[]
}

/**
 * Writes a whole bundle as an OCI image layout: every blob plain, every image under its name. Release
 * documents and signatures are among the blobs. A layout names OCI manifests only, so that an image of
 * Docker's schema 2 gets one beside its own, with the same config and layers.
 * The folder appears when it is complete, or not at all; in one that is there already, a stick's root say, `oci-layout` comes last,
 * without which it is no layout.
 * @param folder must not exist, or be empty
 * @throws SealiftError as {@link Bundle.open}; `USAGE` (a folder with something in it), `BUNDLE_BASE_MISSING` (an increment),
 *   `BUNDLE_INCOMPLETE`, `BUNDLE_DAMAGED`, `BUNDLE_TRUNCATED`, `SIGNATURE_INVALID`, `DISK_FULL`
 */
export async function unpackToLayout(path: string, folder: string, { imagesOf, progress, signal }: UnpackOptions): Promise<UnpackedBundle> {
  await using bundle = await Bundle.open(path)
  const { index, signer } = bundle.head
  if (index.base.length > 0 || index.requires.length > 0) {
    throw new SealiftError('BUNDLE_BASE_MISSING', `${path} is an increment: an image layout made of it would lack ${index.requires.length} blobs`)
  }
  await bundle.checkEnd()
  const releases = await readReleases(bundle)
  const images = await layoutImages(
    bundle,
    releases.flatMap((release) => imagesOf(release)),
  )
  const isThere = await checkEmpty(folder)
  const target = resolve(folder)
  const name = `${randomBytes(6).toString('hex')}.partial`
  // Beside or inside the target: never on another file system, so that the moves at the end are possible.
  const temporary = isThere ? join(target, `.${name}`) : `${target}.${name}`
  try {
    await checkSpace(bundle, dirname(temporary))
    await mkdir(join(temporary, 'blobs', 'sha256'), { recursive: true })
    await writeBlobs(bundle, join(temporary, 'blobs', 'sha256'), progress, signal)
    for (const { descriptor, made } of images) {
      if (made !== undefined) await writeFile(join(temporary, 'blobs', 'sha256', hexOf(descriptor.digest)), made, { flush: true })
    }
    await writeFile(join(temporary, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }), { flush: true })
    await writeFile(join(temporary, 'index.json'), JSON.stringify(layoutIndex(images)), { flush: true })
    for (const made of [join('blobs', 'sha256'), 'blobs', '.']) await syncFolder(join(temporary, made))
    if (isThere) await moveItems(temporary, target)
    else await renameDurably(temporary, target)
  } catch (thrown) {
    await rm(temporary, { recursive: true, force: true })
    throw toSealiftError(thrown, `unpacking ${path} to ${folder}`)
  }
  return { signer, releases, images: images.map(({ name, descriptor }) => ({ name, descriptor })) }
}

async function layoutImages(bundle: Bundle, images: readonly NamedImage[]): Promise<readonly LayoutImage[]> {
  const carried = new Map<Digest, number>()
  for (const { digest, size } of carriedBlobs(bundle)) carried.set(digest, size)
  const reader = new BlobReader(bundle)
  const result: LayoutImage[] = []
  for (const image of images) {
    const { name, descriptor } = image
    const what = `${bundle.path}: the manifest ${descriptor.digest} of image ${name}`
    const size = carried.get(descriptor.digest)
    if (size === undefined) throw new SealiftError('BUNDLE_INCOMPLETE', `${what} is not in the bundle`)
    if (descriptor.mediaType !== MediaType.dockerManifest) result.push(image)
    else if (size > MAX_MANIFEST_BYTES) throw new SealiftError('MANIFEST_INVALID', `${what} has ${size} bytes, more than the limit of ${MAX_MANIFEST_BYTES}`)
    else result.push({ name, ...asOci(descriptor, await reader.read(descriptor.digest), what) })
  }
  return result
}

const OCI_TYPES: Readonly<Record<string, string>> = {
  [MediaType.dockerConfig]: MediaType.ociConfig,
  [MediaType.dockerLayer]: MediaType.ociLayer,
  [MediaType.dockerLayerGzip]: MediaType.ociLayerGzip,
}

/** The OCI manifest for an image of Docker's schema 2: other media types, everything else as it is. */
function asOci({ platform }: Descriptor, bytes: Buffer, what: string): { readonly descriptor: Descriptor; readonly made: Buffer } {
  const parsed = parseManifest(bytes, what)
  if (parsed.kind === 'index') throw new SealiftError('MANIFEST_INVALID', `${what} is an index`)
  const convert = (part: Descriptor): Descriptor => ({ ...part, mediaType: OCI_TYPES[part.mediaType] ?? part.mediaType })
  const { config, layers, annotations } = parsed.manifest
  const made = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MediaType.ociManifest,
      config: convert(config),
      layers: layers.map(convert),
      ...(annotations === undefined ? {} : { annotations }),
    }),
  )
  return { made, descriptor: { mediaType: MediaType.ociManifest, digest: digestOf(made), size: made.length, ...(platform === undefined ? {} : { platform }) } }
}

async function moveItems(temporary: string, target: string): Promise<void> {
  for (const item of ['blobs', 'index.json', 'oci-layout']) await rename(join(temporary, item), join(target, item))
  await rmdir(temporary)
  await syncFolder(target)
}

/** Whether the folder is there; refuses one with something in it. */
async function checkEmpty(folder: string): Promise<boolean> {
  const there = await readdir(folder).catch((thrown: NodeJS.ErrnoException) => {
    if (thrown.code === 'ENOENT') return undefined
    throw toSealiftError(thrown, `unpacking to ${folder}`)
  })
  if (there !== undefined && there.length > 0) {
    throw new SealiftError('USAGE', `unpacking to ${folder}: the folder has ${there.length} items, expected none`, {
      hint: 'Name a folder that does not exist.',
    })
  }
  return there !== undefined
}

async function checkSpace(bundle: Bundle, folder: string): Promise<void> {
  let needed = 0
  for (const { size } of carriedBlobs(bundle)) needed += size
  const { bavail, bsize } = await statfs(folder)
  if (bavail * bsize < needed) {
    throw new SealiftError('DISK_FULL', `unpacking in ${folder} needs ${needed} bytes, ${bavail * bsize} are free`, {
      details: { needed, free: bavail * bsize },
    })
  }
}

async function writeBlobs(bundle: Bundle, folder: string, progress: OnProgress | undefined, signal: AbortSignal | undefined): Promise<void> {
  const { packs, entries } = bundle.head.index
  const total = bundle.members.reduce((sum, { size }) => sum + size, 0)
  let done = 0
  for (const [position, member] of bundle.members.entries()) {
    signal?.throwIfAborted()
    const pack = packs[position]
    if (pack === undefined) {
      await writeEntry(bundle, member, entries[position - packs.length]?.digest as Digest, folder)
    } else {
      let whole: Buffer = Buffer.alloc(0)
      for await (const plain of bundle.plainBlocks(member)) whole = Buffer.from(plain)
      for (const [digest, bytes] of unpack(bundle, member, pack.contents, whole)) await writeFile(join(folder, hexOf(digest)), bytes, { flush: true })
    }
    progress?.({ stage: 'unpack', done: (done += member.size), total })
  }
}

async function writeEntry(bundle: Bundle, member: Member, digest: Digest, folder: string): Promise<void> {
  const digester = createDigester()
  const file = await open(join(folder, hexOf(digest)), 'wx')
  try {
    let position = 0
    for await (const plain of bundle.plainBlocks(member)) {
      const written = writeAt(file, plain, position)
      // A rejection is seen below, after the hashing that goes on meanwhile.
      written.catch(() => {})
      digester.update(plain)
      await written
      position += plain.length
    }
    await file.datasync()
  } finally {
    await file.close()
  }
  const found = digester.digest()
  if (found !== digest) throw wrongContent(bundle, member, digest, found)
}

function layoutIndex(images: readonly NamedImage[]): object {
  const manifests = new Map(images.map((image) => [`${image.name} ${image.descriptor.digest}`, image]))
  return {
    schemaVersion: 2,
    mediaType: MediaType.ociIndex,
    manifests: [...manifests.values()].map(({ name, descriptor: { mediaType, digest, size, platform } }) => ({
      mediaType,
      digest,
      size,
      ...(platform === undefined ? {} : { platform }),
      annotations: { 'org.opencontainers.image.ref.name': name },
    })),
  }
}

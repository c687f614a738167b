import { isUtf8 } from 'node:buffer'
import type { Descriptor } from '@sealift/oci/descriptor.ts'
import { type Digest, digestOf } from '@sealift/oci/digest.ts'
import { MediaType } from '@sealift/oci/media-types.ts'
import { formatPlatform, type Platform, platformMatches } from '@sealift/oci/platform.ts'
import { formatReference, parseReference } from '@sealift/oci/reference.ts'
import { isSealiftError, messageOf, SealiftError } from '@sealift/oci/sealift-error.ts'
import { canonicalJson } from './canonical-json.ts'
import { checkTemplate } from './check-template.ts'
import { imagePlaces } from './image-places.ts'
import { formatPath, type Path } from './problem.ts'
import { ReleaseSchema } from './schema/release.ts'
import type { API_VERSION, Template } from './schema/template.ts'
import { schemaProblems } from './schema-problems.ts'
import { parseVersion } from './version.ts'

/** Where an image came from, and how far its origin was proved when it was published. */
export interface ReleaseProvenance {
  source: 'engine' | 'registry'
  verified: 'here' | 'at-publication' | 'not-verified' | 'none'
  /** Fingerprint of the key that verified it. */
  key?: string
  /** Index, manifests and signatures as the source had them, kept byte for byte. */
  originals: readonly Descriptor[]
}

/** An image as it is delivered for one platform. */
export interface ReleaseImagePlatform {
  platform: Platform
  /** The canonical manifest. */
  manifest: Descriptor
  config: Descriptor
  /** Uncompressed, lowest first: their digests are the config's diffIDs. */
  layers: readonly Descriptor[]
  provenance: ReleaseProvenance
}

/** An image of the template, pinned. */
export interface ReleaseImage {
  /** The whole reference: registry, repository, tag or digest. */
  reference: string
  platforms: readonly ReleaseImagePlatform[]
}

/** A file of the template, pinned. */
export interface ReleaseFile {
  digest: Digest
  size: number
}

/**
 * A template with every image and file pinned by digest. The digest of its bytes, as
 * {@link encodeRelease} writes them, is the release's identity.
 */
export interface Release {
  apiVersion: typeof API_VERSION
  kind: 'Release'
  application: string
  version: string
  /** Grows with every publication of the application. */
  sequence: number
  /** ISO 8601, UTC. */
  createdAt: string
  template: Template
  /** By the text that the template has. */
  images: Record<string, ReleaseImage>
  /** By the path that the template has. */
  files: Record<string, ReleaseFile>
  /** The components that were published anew; the others are as in `base`. */
  published: readonly string[]
  base?: Digest
}

/** The largest release document that is read. */
export const MAX_RELEASE_BYTES = 16 * 1024 * 1024

/** Nothing that a template holds nests deeper. */
const MAX_DEPTH = 96

/** The texts of all images of a template, each once, in the order in which they appear. */
export function imagesOf(template: Template): readonly string[] {
  return [...new Set([...imagePlaces(template)].map(({ image }) => image))]
}

/** The paths beside the template of all files that it delivers, each once: configuration files, logo, notes. */
export function filesOf(template: Template): readonly string[] {
  const sources = [...template.components, ...(template.configurationGroups ?? [])].flatMap(({ files }) => (files ?? []).map(({ source }) => source))
  return [...new Set([template.logo, template.release?.notes, ...sources].filter((path) => path !== undefined))]
}

/** The bytes of a release document: JSON in canonical form, so that equal releases have equal bytes. */
export function encodeRelease(release: Release): Buffer {
  return Buffer.from(canonicalJson(release))
}

/** The identity of a release. */
export function releaseDigest(bytes: Uint8Array): Digest {
  return digestOf(bytes)
}

const invalid = (message: string, cause?: unknown): SealiftError => new SealiftError('RELEASE_INVALID', `release document: ${message}`, { cause })

function isDeep(value: unknown, depth = 0): boolean {
  if (typeof value !== 'object' || value === null) return false
  return depth >= MAX_DEPTH || Object.values(value).some((member) => isDeep(member, depth + 1))
}

/** Collects what a document that has the right shape gets wrong. */
class ReleaseCheck {
  readonly faults: string[] = []
  readonly #sizes = new Map<string, number>()

  report(path: Path, message: string): void {
    this.faults.push(`${formatPath(path)}: ${message}`)
  }

  /** Two sizes for one digest: one of them is a lie. */
  content(path: Path, { digest, size }: { readonly digest: string; readonly size: number }): void {
    const before = this.#sizes.get(digest)
    if (before === undefined) this.#sizes.set(digest, size)
    else if (before !== size) this.report(path, `${digest} has ${size} bytes here and ${before} elsewhere.`)
  }

  /** The keys are those that the template names, each and no other. */
  pinned(path: string, what: string, pinned: Readonly<Record<string, unknown>>, wanted: readonly string[]): void {
    for (const text of wanted) if (!Object.hasOwn(pinned, text)) this.report([path], `${what} ${JSON.stringify(text)} of the template is not pinned.`)
    const known = new Set(wanted)
    for (const text of Object.keys(pinned)) if (!known.has(text)) this.report([path, text], `the template names no such ${what}.`)
  }

  image(text: string, { reference, platforms }: ReleaseImage): void {
    const path = ['images', text]
    try {
      const whole = formatReference(parseReference(text))
      if (reference !== whole) this.report([...path, 'reference'], `expected ${whole}, found ${JSON.stringify(reference)}.`)
    } catch (thrown) {
      if (!isSealiftError(thrown)) throw thrown
      this.report(path, `${thrown.message}.`)
    }
    const seen = new Set<string>()
    for (const [position, image] of platforms.entries()) {
      const name = formatPlatform(image.platform)
      if (seen.has(name)) this.report([...path, 'platforms', position], `${name} is there twice.`)
      seen.add(name)
      this.#platform(image, [...path, 'platforms', position])
    }
  }

  #platform({ manifest, config, layers, provenance }: ReleaseImagePlatform, path: Path): void {
    const docker = manifest.mediaType === MediaType.dockerManifest
    if (!docker && manifest.mediaType !== MediaType.ociManifest) this.report([...path, 'manifest'], `${manifest.mediaType} is no image manifest.`)
    const wantedConfig = docker ? MediaType.dockerConfig : MediaType.ociConfig
    const wantedLayer = docker ? MediaType.dockerLayer : MediaType.ociLayer
    if (config.mediaType !== wantedConfig) this.report([...path, 'config'], `expected ${wantedConfig} as the manifest has it, found ${config.mediaType}.`)
    this.content([...path, 'manifest'], manifest)
    this.content([...path, 'config'], config)
    for (const [position, layer] of layers.entries()) {
      if (layer.mediaType !== wantedLayer) {
        this.report([...path, 'layers', position], `expected ${wantedLayer}, uncompressed and as the manifest has it, found ${layer.mediaType}.`)
      }
      this.content([...path, 'layers', position], layer)
    }
    for (const [position, original] of provenance.originals.entries()) this.content([...path, 'provenance', 'originals', position], original)
  }
}

function meaningFaults(release: Release): readonly string[] {
  const { application, version, createdAt, template, images, files, published } = release
  const check = new ReleaseCheck()
  for (const { code, path, message } of checkTemplate(template)) if (code === 'TEMPLATE_INVALID') check.report(['template', ...path], message)
  if (application !== template.name) check.report(['application'], `is ${JSON.stringify(application)}, but the template describes ${template.name}.`)
  try {
    parseVersion(version)
  } catch (thrown) {
    check.report(['version'], `${messageOf(thrown)}.`)
  }
  if (Number.isNaN(Date.parse(createdAt))) check.report(['createdAt'], `${createdAt} is no time.`)
  check.pinned('images', 'image', images, imagesOf(template))
  check.pinned('files', 'file', files, filesOf(template))
  for (const [text, image] of Object.entries(images)) check.image(text, image)
  for (const [source, file] of Object.entries(files)) check.content(['files', source], file)
  const components = new Set(template.components.map(({ name }) => name))
  for (const [position, name] of published.entries()) {
    if (!components.delete(name)) check.report(['published', position], `${JSON.stringify(name)} is no component of the template, or is named twice.`)
  }
  return check.faults
}

/**
 * Reads a release document that came from anywhere. Nothing in it is believed: shape, template, pins,
 * descriptors and canonical form are all checked; only whether the content is there and is what the
 * digests say is left to the store.
 * @throws SealiftError `RELEASE_INVALID`
 */
export function parseRelease(bytes: Uint8Array): Release {
  if (bytes.length > MAX_RELEASE_BYTES) throw invalid(`has ${bytes.length} bytes, more than the limit of ${MAX_RELEASE_BYTES}`)
  if (!isUtf8(bytes)) throw invalid('is not UTF-8')
  let json: unknown
  try {
    json = JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch (cause) {
    throw invalid('is no JSON', cause)
  }
  if (isDeep(json)) throw invalid(`is nested deeper than ${MAX_DEPTH} levels`)
  const mismatches = schemaProblems(ReleaseSchema, json, { limit: 20 })
  const [first] = mismatches.map(({ path, message }) => `${formatPath(path)}: ${message}`)
  if (first !== undefined) throw invalid(first)
  const release = json as Release
  // A key given twice, or any other spelling, would be read differently by different programs.
  if (!encodeRelease(release).equals(bytes)) throw invalid('is not in canonical form: keys in order, each once, no spaces')
  const faults = meaningFaults(release)
  if (faults.length > 0) throw new SealiftError('RELEASE_INVALID', `release document: ${faults[0]}`, { details: { problems: faults.slice(0, 100) } })
  return release
}

/** The platforms that every image of a release has; undefined where it has no image at all and runs anywhere. */
export function platformsOf({ images }: Release): readonly Platform[] | undefined {
  const [first, ...others] = Object.values(images)
  if (first === undefined) return undefined
  return first.platforms
    .map(({ platform }) => platform)
    .filter((platform) => others.every(({ platforms }) => platforms.some((other) => platformMatches(other.platform, platform))))
}

/**
 * Every blob that a release needs, each once: canonical manifests, configs, layers, originals and files.
 * @param platforms only images for these; all where it is not given
 */
export function contentOf({ images, files }: Release, platforms?: readonly Platform[]): readonly Descriptor[] {
  const content = new Map<Digest, Descriptor>()
  const add = (descriptor: Descriptor): void => {
    if (!content.has(descriptor.digest)) content.set(descriptor.digest, descriptor)
  }
  for (const { platforms: all } of Object.values(images)) {
    for (const { platform, manifest, config, layers, provenance } of all) {
      if (platforms !== undefined && !platforms.some((wanted) => platformMatches(platform, wanted))) continue
      for (const descriptor of [manifest, config, ...layers, ...provenance.originals]) add(descriptor)
    }
  }
  for (const { digest, size } of Object.values(files)) add({ mediaType: MediaType.octetStream, digest, size })
  return [...content.values()]
}

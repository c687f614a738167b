import { isDeepStrictEqual } from 'node:util'
import type { Job } from '@sealift/api/job.ts'
import type { PublicationPreview, PublishRequest } from '@sealift/api/publication.ts'
import type { Published } from '@sealift/api/published.ts'
import { type Fingerprint, formatFingerprint } from '@sealift/bundle/signature/fingerprint.ts'
import { PayloadType } from '@sealift/bundle/signature/payload-type.ts'
import { sign } from '@sealift/bundle/signature/signature.ts'
import type { ContentStore } from '@sealift/content/content-store.ts'
import { writeBlob } from '@sealift/content/read-blob.ts'
import { hostPlatform, type Platform, parsePlatform } from '@sealift/oci/platform.ts'
import { isSealiftError, SealiftError } from '@sealift/oci/sealift-error.ts'
import { checkFileContent } from '@sealift/template/check-template.ts'
import { type PinnedTemplate, publishedPart, publishPartially } from '@sealift/template/partial-publication.ts'
import { contentOf, encodeRelease, filesOf, imagesOf, type Release, type ReleaseImage, releaseDigest } from '@sealift/template/release.ts'
import type { Template } from '@sealift/template/schema/template.ts'
import type { JobQueue } from '../jobs/job-queue.ts'
import type { JobContext } from '../jobs/job-work.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import type { ImageOrigin } from '../library/image-origin.ts'
import { collectImages } from '../library/release-images.ts'
import { type HeldRelease, type ReleaseLibrary, releaseSize } from '../library/release-library.ts'
import { openSource, type SourceParts } from './open-source.ts'
import { writeOutTemplate } from './out-template.ts'
import type { TemplateSource } from './template-source.ts'

/** What a publication makes anew, and from what it takes the rest. */
interface Partly {
  readonly components: readonly string[]
  readonly base: HeldRelease
}

/** Makes releases out of templates, files and images. */
export class Publisher {
  readonly #store: ContentStore
  readonly #library: ReleaseLibrary
  readonly #keys: KeyRing
  readonly #jobs: JobQueue
  readonly #sources: SourceParts

  constructor({ keys, jobs, ...sources }: SourceParts & { keys: KeyRing; jobs: JobQueue }) {
    const { store, library } = sources
    this.#sources = sources
    this.#store = store
    this.#library = library
    this.#keys = keys
    this.#jobs = jobs
  }

  /**
   * Reads and checks what is to be published, then starts the job that publishes it.
   * @throws SealiftError `FILE_NOT_FOUND`, `TEMPLATE_INVALID`, `SECRET_LITERAL`, `COMPOSE_INVALID`, `IMPORT_REFUSED`, `RELEASE_NOT_FOUND`, `NAME_UNKNOWN`, `USAGE`, `JOB_CONFLICT`
   */
  async start(request: PublishRequest): Promise<Job> {
    const source = await openSource(request, this.#sources)
    const { template } = source
    requireSupported(source)
    const version = versionOf(template, request)
    const partly = await this.#partly(template, request)
    const outTemplate = request.outTemplate === undefined ? undefined : await writeOutTemplate(request.outTemplate, source)
    return this.#jobs.start({
      kind: 'publish',
      title: `publish ${template.name} ${version}`,
      request: withoutSecrets(request),
      exclusive: [`application ${template.name}`],
      run: async (context) => {
        const published = await this.#publish(source, version, partly, request, context)
        return { ...published, notes: [...source.notes], ...(outTemplate === undefined ? {} : { outTemplate }) }
      },
    })
  }

  /** What a publication would make. @throws SealiftError as {@link start} */
  async preview(request: PublishRequest): Promise<PublicationPreview> {
    const source = await openSource(request, this.#sources)
    const { template, name, text, notes } = source
    requireSupported(source)
    const partly = await this.#partly(template, request)
    const part = partly === undefined ? template : publishedPart(template, partly.components, partly.base.release)
    const files = await Promise.all(filesOf(part).map(async (path) => ({ path, size: (await source.readFile(path)).length })))
    const outTemplate = request.outTemplate === undefined ? undefined : await writeOutTemplate(request.outTemplate, source)
    const published = part.components.map((component) => component.name)
    return {
      application: template.name,
      version: versionOf(template, request),
      source: name,
      template: text,
      files,
      images: [...imagesOf(part)],
      published,
      kept: template.components.map((component) => component.name).filter((each) => !published.includes(each)),
      ...(partly === undefined ? {} : { base: partly.base.row.digest }),
      notes: [...notes],
      ...(outTemplate === undefined ? {} : { outTemplate }),
    }
  }

  /** What was asked for of a partial publication, checked as far as it can be before images are looked for. */
  async #partly(template: Template, { components, base }: PublishRequest): Promise<Partly | undefined> {
    if (components === undefined) {
      if (base === undefined) return undefined
      throw new SealiftError('USAGE', `a base (${base}) was named, but no components`, {
        hint: 'Say which components are to be published anew: --components a,b',
      })
    }
    const held = await this.#library.find(template.name, base)
    publishedPart(template, components, held.release)
    return { components, base: held }
  }

  async #publish(
    source: TemplateSource,
    version: string,
    partly: Partly | undefined,
    request: PublishRequest,
    context: JobContext,
  ): Promise<Omit<Published, 'notes'>> {
    const whole = source.template
    const pinned = await this.#pin(
      partly === undefined ? source : { ...source, template: publishedPart(whole, partly.components, partly.base.release) },
      request,
      context,
    )
    const merged = partly === undefined ? { ...pinned, kept: [], dropped: [] } : publishPartially(whole, pinned, partly.base.release)
    const { template, images, files, kept, dropped } = merged
    context.signal.throwIfAborted()
    context.progress('Signing the release')
    const key = await this.#keys.signingKey()
    const known = await this.#library.application(template.name)
    if (known !== undefined && known.boundKey !== key.fingerprint) await this.#refuseForeign(template.name, known.boundKey)
    const release: Release = {
      apiVersion: 'sealift.dev/v1',
      kind: 'Release',
      application: template.name,
      version,
      sequence: (known?.lastSequence ?? 0) + 1,
      createdAt: new Date().toISOString(),
      template,
      images,
      files,
      published: pinned.template.components.map(({ name }) => name),
      ...(partly === undefined ? {} : { base: partly.base.row.digest }),
    }
    const signer = formatFingerprint(key.fingerprint)
    const held = await this.#labelled(template.name, version)
    if (held !== undefined && isSame(held, release, key.fingerprint)) return publishedOf(held.release, held.row.digest, signer, { unchanged: true, dropped })
    await this.#requireContent(release)
    const bytes = encodeRelease(release)
    const digest = releaseDigest(bytes)
    await writeBlob(this.#store, bytes)
    const signature = await writeBlob(this.#store, sign(key, PayloadType.release, bytes))
    await this.#library.add([
      { digest, release, signature, signer: key.fingerprint, origin: 'published', ...(known === undefined ? {} : { rebind: 'same-vendor' }) },
    ])
    if (kept.length > 0) context.log(`Taken from ${partly?.base.row.version}: ${kept.join(', ')}`)
    if (dropped.length > 0) context.log(`No longer in the application: ${dropped.join(', ')}`)
    return publishedOf(release, digest, signer, { unchanged: false, dropped, ...(held === undefined ? {} : { replaced: held.row.digest }) })
  }

  /** Looks every blob of a release up, so that none is collected before the release is committed. @throws SealiftError `CONTENT_MISSING` */
  async #requireContent(release: Release): Promise<void> {
    for (const { digest } of contentOf(release)) {
      if ((await this.#store.info(digest)) !== undefined) continue
      throw new SealiftError('CONTENT_MISSING', `the store lacks ${digest}, which the release needs`, {
        hint: 'Publish all components anew, without --components.',
      })
    }
  }

  /** A template's images and files, brought into the store. */
  async #pin(source: TemplateSource, request: PublishRequest, context: JobContext): Promise<PinnedTemplate> {
    const { template } = source
    const files = await this.#storeFiles(source, context)
    const origin: ImageOrigin = {
      from: request.images ?? 'auto',
      ...(request.engine === undefined ? {} : { engine: request.engine }),
      engineIds: source.engineIds,
      insecureRegistries: request.insecureRegistries ?? [],
      platforms: platformsOf(template),
    }
    const { pins = {} } = source
    const wanted = imagesOf(template)
    const collected = await collectImages(
      this.#store,
      wanted.filter((text) => pins[text] === undefined),
      origin,
      await this.#library.all(),
      context,
    )
    const images = Object.fromEntries(
      wanted.flatMap((text): (readonly [string, ReleaseImage])[] => {
        const image = pins[text] ?? collected[text]
        return image === undefined ? [] : [[text, image]]
      }),
    )
    return { template, images, files }
  }

  /** The release that a version's label points to. */
  async #labelled(application: string, version: string): Promise<HeldRelease | undefined> {
    return this.#library.find(application, version).catch((thrown: unknown) => {
      if (isSealiftError(thrown, 'RELEASE_NOT_FOUND')) return undefined
      throw thrown
    })
  }

  async #refuseForeign(application: string, boundKey: string): Promise<void> {
    if (await this.#keys.isOwn(boundKey)) return
    throw new SealiftError('APPLICATION_BOUND', `the application ${application} is bound here to another vendor's key, ${boundKey}`, {
      hint: 'Publish under another name, or on the side that holds that key.',
    })
  }

  async #storeFiles(from: TemplateSource, context: JobContext): Promise<Release['files']> {
    const { template } = from
    const files: Release['files'] = {}
    for (const source of filesOf(template)) {
      context.progress(`Reading ${source}`)
      const bytes = await from.readFile(source)
      checkSubstitution(template, source, bytes)
      files[source] = { digest: await writeBlob(this.#store, bytes), size: bytes.length }
    }
    return files
  }
}

/** Whether a label's release has the very content that was to be published. Under a new key all is published anew: it may be the only one that sites still trust. */
function isSame(held: HeldRelease, release: Release, signer: Fingerprint): boolean {
  const comparable = ({ sequence: _sequence, createdAt: _createdAt, ...content }: Release): unknown => JSON.parse(JSON.stringify(content)) as unknown
  return held.row.signer === signer && isDeepStrictEqual(comparable(held.release), comparable(release))
}

function publishedOf(
  release: Release,
  digest: string,
  signer: string,
  { unchanged, dropped, replaced }: { readonly unchanged: boolean; readonly dropped: readonly string[]; readonly replaced?: string },
): Omit<Published, 'notes'> {
  const { application, version, sequence, published, base } = release
  return {
    application,
    version,
    digest,
    sequence,
    signer,
    size: releaseSize(release),
    images: Object.keys(release.images).length,
    unchanged,
    published: [...published],
    dropped: [...dropped],
    ...(base === undefined ? {} : { base }),
    ...(replaced === undefined ? {} : { replaced }),
  }
}

/** Nothing is left out in silence. @throws SealiftError `TEMPLATE_UNSUPPORTED` */
function requireSupported({ template, name }: TemplateSource): void {
  if ((template.artifacts ?? []).length === 0) return
  throw new SealiftError('TEMPLATE_UNSUPPORTED', `${name}: artifacts: this version of Sealift does not carry artifacts yet, and leaves nothing out in silence`)
}

/** What is kept with the job: values of variables may be secrets. */
function withoutSecrets(request: PublishRequest): PublishRequest {
  if (request.fromCompose?.variables === undefined) return request
  const { variables: _variables, ...fromCompose } = request.fromCompose
  return { ...request, fromCompose }
}

function versionOf(template: Template, { version }: PublishRequest): string {
  const chosen = version ?? template.release?.version
  if (chosen !== undefined) return chosen
  throw new SealiftError('USAGE', `the template of ${template.name} names no release.version`, { hint: 'Write it into the template, or add --version V.' })
}

function platformsOf(template: Template): readonly Platform[] {
  const wanted = template.requires?.arch?.map((text) => parsePlatform(text)).filter((platform) => platform !== undefined)
  return wanted !== undefined && wanted.length > 0 ? wanted : [hostPlatform()]
}

/** Refuses a file with `template: true` whose expressions name nothing that is there. */
function checkSubstitution(template: Template, source: string, content: Buffer): void {
  for (const { name, files } of template.components) {
    if (files?.some((file) => file.source === source && file.template === true) !== true) continue
    const [problem] = checkFileContent(template, name, source, content)
    if (problem !== undefined) throw new SealiftError('TEMPLATE_INVALID', `${source}: ${problem.message}`)
  }
}

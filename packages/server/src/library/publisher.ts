import { readFile, realpath, stat } from 'node:fs/promises'
import { dirname, isAbsolute, join, relative } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { Job } from '@sealift/api/job.ts'
import type { Published } from '@sealift/api/published.ts'
import type { RouteInput } from '@sealift/api/route.ts'
import type { releaseRoutes } from '@sealift/api/routes/releases.ts'
import { type Fingerprint, formatFingerprint } from '@sealift/bundle/signature/fingerprint.ts'
import { PayloadType } from '@sealift/bundle/signature/payload-type.ts'
import { sign } from '@sealift/bundle/signature/signature.ts'
import type { ContentStore } from '@sealift/content/content-store.ts'
import { writeBlob } from '@sealift/content/read-blob.ts'
import { hostPlatform, type Platform, parsePlatform } from '@sealift/oci/platform.ts'
import { isSealiftError, SealiftError, toSealiftError } from '@sealift/oci/sealift-error.ts'
import { checkFileContent } from '@sealift/template/check-template.ts'
import { parseTemplate } from '@sealift/template/parse-template.ts'
import { encodeRelease, filesOf, imagesOf, type Release, releaseDigest } from '@sealift/template/release.ts'
import type { Template } from '@sealift/template/schema/template.ts'
import type { JobQueue } from '../jobs/job-queue.ts'
import type { JobContext } from '../jobs/job-work.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import type { ImageOrigin } from './image-origin.ts'
import { collectImages } from './release-images.ts'
import { type ReleaseLibrary, releaseSize } from './release-library.ts'

type PublishRequest = RouteInput<typeof releaseRoutes.publish>['body']

/** The largest file that a template may carry for a component. */
const MAX_FILE_BYTES = 16 * 1024 * 1024

/** Makes releases out of templates, files and images. */
export class Publisher {
  readonly #store: ContentStore
  readonly #library: ReleaseLibrary
  readonly #keys: KeyRing
  readonly #jobs: JobQueue

  constructor({ store, library, keys, jobs }: { store: ContentStore; library: ReleaseLibrary; keys: KeyRing; jobs: JobQueue }) {
    this.#store = store
    this.#library = library
    this.#keys = keys
    this.#jobs = jobs
  }

  /**
   * Reads and checks the template, then starts the job that publishes it.
   * @throws SealiftError `FILE_NOT_FOUND`, `TEMPLATE_INVALID`, `SECRET_LITERAL`, `JOB_CONFLICT`
   */
  async start(request: PublishRequest): Promise<Job> {
    const template = await this.#readTemplate(request)
    const version = versionOf(template, request)
    return this.#jobs.start({
      kind: 'publish',
      title: `publish ${template.name} ${version}`,
      request,
      exclusive: [`application ${template.name}`],
      run: (context) => this.#publish(template, version, request, context),
    })
  }

  async #readTemplate(request: PublishRequest): Promise<Template> {
    let text: string
    try {
      text = await readFile(request.template, 'utf8')
    } catch (thrown) {
      throw toSealiftError(thrown, `reading the template ${request.template}`)
    }
    const template = parseTemplate(text, request.template, { allowSecrets: request.allowSecrets ?? [] })
    if (template.artifacts !== undefined && template.artifacts.length > 0) {
      throw new SealiftError(
        'TEMPLATE_UNSUPPORTED',
        `${request.template}: artifacts: this version of Sealift does not carry artifacts yet, and leaves nothing out in silence`,
      )
    }
    return template
  }

  async #publish(template: Template, version: string, request: PublishRequest, context: JobContext): Promise<Published> {
    const files = await this.#storeFiles(template, dirname(request.template), context)
    const origin: ImageOrigin = {
      from: request.images ?? 'auto',
      ...(request.engine === undefined ? {} : { engine: request.engine }),
      insecureRegistries: request.insecureRegistries ?? [],
      platforms: platformsOf(template),
    }
    const images = await collectImages(this.#store, imagesOf(template), origin, await this.#library.all(), context)
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
      published: template.components.map(({ name }) => name),
    }
    const same = await this.#sameAsHeld(release, key.fingerprint)
    if (same !== undefined) return { ...same, unchanged: true }
    const bytes = encodeRelease(release)
    const digest = releaseDigest(bytes)
    await writeBlob(this.#store, bytes)
    const signature = await writeBlob(this.#store, sign(key, PayloadType.release, bytes))
    await this.#library.add([{ digest, release, signature, signer: key.fingerprint, origin: 'published', rebind: known !== undefined }])
    return this.#published(release, digest, formatFingerprint(key.fingerprint), false)
  }

  #published(release: Release, digest: string, signer: string, unchanged: boolean): Published {
    const { application, version, sequence } = release
    return { application, version, digest, sequence, signer, size: releaseSize(release), images: Object.keys(release.images).length, unchanged }
  }

  /** The label's release where it has the very content that was to be published. Under a new key all is published anew: it may be the only one that sites still trust. */
  async #sameAsHeld(release: Release, signer: Fingerprint): Promise<Published | undefined> {
    const held = await this.#library.find(release.application, release.version).catch((thrown: unknown) => {
      if (isSealiftError(thrown, 'RELEASE_NOT_FOUND')) return undefined
      throw thrown
    })
    if (held === undefined || held.row.signer !== signer) return undefined
    const comparable = ({ sequence: _sequence, createdAt: _createdAt, ...content }: Release): unknown => JSON.parse(JSON.stringify(content)) as unknown
    if (!isDeepStrictEqual(comparable(held.release), comparable(release))) return undefined
    return this.#published(held.release, held.row.digest, formatFingerprint(signer), true)
  }

  async #refuseForeign(application: string, boundKey: string): Promise<void> {
    const own = (await this.#keys.list()).some(({ fingerprint, use }) => use !== 'trusted' && fingerprint.replaceAll('-', '') === boundKey)
    if (own) return
    throw new SealiftError('APPLICATION_BOUND', `the application ${application} is bound here to another vendor's key, ${boundKey}`, {
      hint: 'Publish under another name, or on the side that holds that key.',
    })
  }

  async #storeFiles(template: Template, folder: string, context: JobContext): Promise<Release['files']> {
    const files: Release['files'] = {}
    for (const source of filesOf(template)) {
      context.progress(`Reading ${source}`)
      const bytes = await readTemplateFile(folder, source)
      checkSubstitution(template, source, bytes)
      files[source] = { digest: await writeBlob(this.#store, bytes), size: bytes.length }
    }
    return files
  }
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

/** A file of the template's folder; links that lead out of it are refused, so that a template from elsewhere carries off nothing else. */
async function readTemplateFile(folder: string, source: string): Promise<Buffer> {
  try {
    const root = await realpath(folder)
    const path = await realpath(join(root, source))
    const inside = relative(root, path)
    if (inside.startsWith('..') || isAbsolute(inside)) throw new SealiftError('FILE_DENIED', `${source}: lies outside the template's folder ${folder}`)
    const { size } = await stat(path)
    if (size > MAX_FILE_BYTES) throw new SealiftError('TEMPLATE_INVALID', `${source}: has ${size} bytes, more than the ${MAX_FILE_BYTES} that a file may have`)
    return await readFile(path)
  } catch (thrown) {
    throw toSealiftError(thrown, `reading ${source}, which the template names`)
  }
}

import type { ReleaseDetail, ReleaseSummary } from '@sealift/api/release.ts'
import { type Fingerprint, formatFingerprint } from '@sealift/bundle/signature/fingerprint.ts'
import type { ContentStore } from '@sealift/content/content-store.ts'
import { readBlob } from '@sealift/content/read-blob.ts'
import type { Digest } from '@sealift/oci/digest.ts'
import { formatPlatform } from '@sealift/oci/platform.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { contentOf, parseRelease, type Release, type ReleaseImagePlatform } from '@sealift/template/release.ts'
import { type Kysely, type Selectable, sql } from 'kysely'
import type { Database } from '../database/open-database.ts'
import type { ReleaseRow, Tables } from '../database/tables.ts'

/** A release as the library holds it. */
export interface HeldRelease {
  readonly row: Selectable<ReleaseRow>
  readonly release: Release
}

/** What makes a release visible. Its document, signature and content are in the store already. */
export interface NewRelease {
  readonly digest: Digest
  readonly release: Release
  readonly signature: Digest | null
  readonly signer: Fingerprint | ''
  readonly origin: ReleaseRow['origin']
  /**
   * Binds the application to the signer: another key of the vendor that it is bound to, or that of
   * another vendor, whose numbers begin anew and whose releases are newer than all before.
   */
  readonly rebind?: 'same-vendor' | 'other-vendor'
}

/** The name that stands for the release with the highest sequence. */
export const LATEST = 'latest'

/** The component library: the releases that this side holds. */
export class ReleaseLibrary {
  readonly #db: Database
  readonly #store: ContentStore
  readonly #parsed = new Map<Digest, Release>()
  #generation = 0

  constructor(db: Database, store: ContentStore) {
    this.#db = db
    this.#store = store
  }

  /** Another number after each change of what is held, so that whoever derives something from it knows when to do so anew. */
  get generation(): number {
    return this.#generation
  }

  /** Tells that what is held was changed by someone else than {@link ReleaseLibrary.add}. */
  changed(): void {
    this.#generation++
  }

  /** The releases that labels point to, newest first. */
  async list(application?: string): Promise<ReleaseSummary[]> {
    let query = this.#db
      .selectFrom('release_label')
      .innerJoin('release', 'release.digest', 'release_label.digest')
      .selectAll('release')
      .orderBy('release.application')
      .orderBy('release.epoch', 'desc')
      .orderBy('release.sequence', 'desc')
    if (application !== undefined) query = query.where('release.application', '=', application)
    const rows = await query.execute()
    return Promise.all(rows.map(async (row) => summaryOf({ row, release: await this.open(row.digest) })))
  }

  /** One release whole. @throws SealiftError `RELEASE_NOT_FOUND` */
  async describe(application: string, version: string): Promise<ReleaseDetail> {
    const held = await this.find(application, version)
    const { release, row } = held
    const labelled = await this.#db.selectFrom('release_label').select('version').where('digest', '=', row.digest).executeTakeFirst()
    return {
      ...summaryOf(held),
      description: release.template.description ?? '',
      template: release.template,
      published: [...release.published],
      ...(release.base === undefined ? {} : { base: { digest: release.base, ...(await this.#versionOf(release.base)) } }),
      labelled: labelled !== undefined,
      componentList: componentsOf(release),
      files: Object.entries(release.files).map(([path, { digest, size }]) => ({ path, digest, size })),
      images: Object.values(release.images).flatMap(({ reference, platforms }) =>
        platforms.map((image) => ({
          reference,
          platform: formatPlatform(image.platform),
          config: image.config.digest,
          manifest: image.manifest.digest,
          size: imageSize(image),
          provenance: provenanceInWords(image),
        })),
      ),
    }
  }

  /**
   * The release that a version's label points to.
   * @param version a version, {@link LATEST}, or a release digest
   * @throws SealiftError `RELEASE_NOT_FOUND`
   */
  async find(application: string, version: string = LATEST): Promise<HeldRelease> {
    const base = this.#db.selectFrom('release').selectAll('release').where('release.application', '=', application)
    let row: Selectable<ReleaseRow> | undefined
    if (version === LATEST) row = await base.orderBy('epoch', 'desc').orderBy('sequence', 'desc').orderBy(sql`release.rowid`, 'desc').executeTakeFirst()
    else if (version.startsWith('sha256:')) row = await base.where('release.digest', '=', version as Digest).executeTakeFirst()
    else row = await base.innerJoin('release_label', 'release_label.digest', 'release.digest').where('release_label.version', '=', version).executeTakeFirst()
    if (row === undefined) throw await this.#notFound(application, version)
    return { row, release: await this.open(row.digest) }
  }

  /** Whether a release document is held. */
  async holds(digest: Digest): Promise<boolean> {
    return (await this.#db.selectFrom('release').select('digest').where('digest', '=', digest).executeTakeFirst()) !== undefined
  }

  /** A release by its digest. @throws SealiftError `CONTENT_MISSING`, `CONTENT_CORRUPT`, `RELEASE_INVALID` */
  async open(digest: Digest): Promise<Release> {
    const known = this.#parsed.get(digest)
    if (known !== undefined) return known
    const release = parseRelease(await readBlob(this.#store, digest))
    this.#parsed.set(digest, release)
    return release
  }

  /** All releases that are held, superseded ones too, in the order in which they arrived. */
  async all(): Promise<HeldRelease[]> {
    const rows = await this.#db.selectFrom('release').selectAll().orderBy(sql`rowid`).execute()
    return Promise.all(rows.map(async (row) => ({ row, release: await this.open(row.digest) })))
  }

  /** How many releases are held: grows with every one that arrives. */
  async count(): Promise<number> {
    const { count } = await this.#db
      .selectFrom('release')
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow()
    return count
  }

  /** What is known of an application: its key and highest sequence here. */
  async application(name: string): Promise<{ readonly boundKey: string; readonly lastSequence: number } | undefined> {
    const row = await this.#db.selectFrom('application').selectAll().where('name', '=', name).executeTakeFirst()
    return row && { boundKey: row.bound_key, lastSequence: row.last_sequence }
  }

  /**
   * Makes releases visible, all in one transaction, and points their versions' labels to them.
   * @param also what belongs into the same transaction
   */
  async add(releases: readonly NewRelease[], also?: (tx: Kysely<Tables>) => Promise<void>): Promise<void> {
    await this.#db.transaction().execute(async (tx) => {
      await also?.(tx)
      for (const { digest, release, signature, signer, origin, rebind } of releases) {
        const { application: name, version, sequence } = release
        await tx
          .insertInto('application')
          .values({ name, bound_key: signer, last_sequence: sequence })
          .onConflict((conflict) =>
            conflict.column('name').doUpdateSet((eb) => ({
              last_sequence: eb.fn<number>('max', ['application.last_sequence', eb.val(sequence)]),
              ...(rebind === undefined ? {} : { bound_key: signer }),
              ...(rebind === 'other-vendor' ? { last_sequence: sequence, epoch: eb('application.epoch', '+', 1) } : {}),
            })),
          )
          .execute()
        await tx
          .insertInto('release')
          .values({
            digest,
            application: name,
            version,
            sequence,
            created_at: release.createdAt,
            arrived_at: new Date().toISOString(),
            origin,
            signature,
            signer,
            epoch: (eb) => eb.selectFrom('application').select('epoch').where('application.name', '=', name),
          })
          .onConflict((conflict) =>
            conflict.column('digest').doUpdateSet((eb) => ({ epoch: eb.selectFrom('application').select('epoch').where('application.name', '=', name) })),
          )
          .execute()
        await tx
          .insertInto('release_label')
          .values({ application: name, version, digest })
          .onConflict((conflict) => conflict.columns(['application', 'version']).doUpdateSet({ digest }))
          .execute()
      }
    })
    this.changed()
  }

  async #versionOf(digest: Digest): Promise<{ readonly version?: string }> {
    return (await this.#db.selectFrom('release').select('version').where('digest', '=', digest).executeTakeFirst()) ?? {}
  }

  /** The key that signed a release that is held. */
  async signerOf(digest: Digest): Promise<string | undefined> {
    return (await this.#db.selectFrom('release').select('signer').where('digest', '=', digest).executeTakeFirst())?.signer
  }

  /** The release that a version's label points to. */
  async labelled(application: string, version: string): Promise<Digest | undefined> {
    const label = await this.#db
      .selectFrom('release_label')
      .select('digest')
      .where('application', '=', application)
      .where('version', '=', version)
      .executeTakeFirst()
    return label?.digest
  }

  /** Puts other signatures of their publisher in the place of those that releases have. */
  async resign(
    releases: readonly { readonly digest: Digest; readonly signature: Digest; readonly signer: Fingerprint }[],
    db: Kysely<Tables> = this.#db,
  ): Promise<void> {
    for (const { digest, signature, signer } of releases) await db.updateTable('release').set({ signature, signer }).where('digest', '=', digest).execute()
  }

  async #notFound(application: string, version: string): Promise<SealiftError> {
    const held = await this.#db.selectFrom('release_label').selectAll().execute()
    const versions = held.filter((label) => label.application === application).map((label) => label.version)
    if (versions.length > 0) {
      return new SealiftError('RELEASE_NOT_FOUND', `${application} has no release ${version} here`, { hint: `Here are: ${versions.join(', ')}` })
    }
    const applications = [...new Set(held.map((label) => label.application))]
    const hint = applications.length > 0 ? `Here are: ${applications.join(', ')}` : 'Bring a bundle in with: sealift import FILE'
    return new SealiftError('RELEASE_NOT_FOUND', `there is no application ${application} in the library`, { hint })
  }
}

/** Plain bytes of everything that a release consists of. */
export function releaseSize(release: Release): number {
  return contentOf(release).reduce((sum, { size }) => sum + size, 0)
}

const imageSize = ({ layers, config, manifest }: ReleaseImagePlatform): number => layers.reduce((sum, { size }) => sum + size, config.size + manifest.size)

function componentsOf({ template, images, published }: Release): ReleaseDetail['componentList'] {
  return template.components.map(({ name, workload, module, image }) => {
    const [first] = image === undefined ? [] : (images[image]?.platforms ?? [])
    return {
      name,
      workload,
      ...(module === undefined ? {} : { module }),
      ...(image === undefined ? {} : { image }),
      size: first === undefined ? 0 : imageSize(first),
      published: published.includes(name),
    }
  })
}

function summaryOf({ row, release }: HeldRelease): ReleaseSummary {
  return {
    application: row.application,
    title: release.template.title ?? row.application,
    version: row.version,
    digest: row.digest,
    sequence: row.sequence,
    createdAt: row.created_at,
    origin: row.origin,
    signer: row.signer === '' ? '' : formatFingerprint(row.signer as Fingerprint),
    components: release.template.components.length,
    size: releaseSize(release),
  }
}

function provenanceInWords({ provenance }: ReleaseImagePlatform): string {
  switch (provenance.verified) {
    case 'here':
      return `verified here by ${provenance.key}`
    case 'at-publication':
      return 'verified at publication'
    case 'not-verified':
      return 'present, not verified'
    case 'none':
      return 'none (from an engine)'
  }
}

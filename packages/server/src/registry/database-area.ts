import type { Digest } from '@sealift/oci/digest.ts'
import { missingPart, type PushedManifest } from '@sealift/registry/push/pushed-manifest.ts'
import type { Deletion, PushedArea } from '@sealift/registry/pushed-area.ts'
import type { Referrer, ResolvedManifest } from '@sealift/registry/registry-catalog.ts'
import type { Kysely } from 'kysely'
import type { Database } from '../database/open-database.ts'
import type { RegistryManifestRow, Tables } from '../database/tables.ts'

/** Answers that are kept in memory: the same few tags and digests are asked for again and again. */
const KEPT = 10_000

/** Names asked for in one query. */
const AT_ONCE = 500

/** The {@link PushedArea} of a data folder. */
export class DatabaseArea implements PushedArea {
  readonly #db: Database
  readonly #hold: () => Disposable
  readonly #resolved = new Map<string, ResolvedManifest>()
  #changes = 0

  /** @param hold holds collection off until disposed of */
  constructor(db: Database, hold: () => Disposable) {
    this.#db = db
    this.#hold = hold
  }

  async repositories(): Promise<readonly string[]> {
    const rows = await this.#db.selectFrom('registry_manifest').select('repository').union(this.#db.selectFrom('registry_blob').select('repository')).execute()
    return rows.map(({ repository }) => repository)
  }

  async tags(repository: string): Promise<readonly string[] | undefined> {
    const rows = await this.#db.selectFrom('registry_tag').select('tag').where('repository', '=', repository).execute()
    if (rows.length === 0 && !(await this.#isThere(repository))) return undefined
    return rows.map(({ tag }) => tag)
  }

  async resolve(repository: string, reference: string): Promise<ResolvedManifest | undefined> {
    const key = `${repository} ${reference}`
    const kept = this.#resolved.get(key)
    if (kept !== undefined) return kept
    const changes = this.#changes
    const manifests = this.#db
      .selectFrom('registry_manifest')
      .select(['registry_manifest.digest', 'media_type'])
      .where('registry_manifest.repository', '=', repository)
    const found = await (reference.includes(':')
      ? manifests.where('registry_manifest.digest', '=', reference as Digest)
      : manifests
          .innerJoin('registry_tag', (join) =>
            join.onRef('registry_tag.digest', '=', 'registry_manifest.digest').onRef('registry_tag.repository', '=', 'registry_manifest.repository'),
          )
          .where('tag', '=', reference)
    ).executeTakeFirst()
    if (found === undefined) return undefined
    const resolved = { digest: found.digest, mediaType: found.media_type }
    if (this.#resolved.size >= KEPT) this.#resolved.clear()
    // What was found before a change may be wrong after it.
    if (changes === this.#changes) this.#resolved.set(key, resolved)
    return resolved
  }

  async hasBlob(repository: string, digest: Digest): Promise<boolean> {
    return isShown(this.#db, 'registry_blob', repository, digest)
  }

  async repositoriesWith(blob: Digest): Promise<readonly string[]> {
    const rows = await this.#db.selectFrom('registry_blob').select('repository').where('digest', '=', blob).execute()
    return rows.map(({ repository }) => repository)
  }

  async referrers(repository: string, subject: Digest): Promise<readonly Referrer[]> {
    const rows = await this.#db.selectFrom('registry_manifest').selectAll().where('repository', '=', repository).where('subject', '=', subject).execute()
    return rows.map(referrerOf)
  }

  async addBlob(repository: string, digest: Digest, store: () => Promise<unknown>): Promise<void> {
    await this.#holding(async () => {
      await store()
      const now = new Date().toISOString()
      await this.#db
        .insertInto('registry_blob')
        .values({ repository, digest, added_at: now })
        .onConflict((conflict) => conflict.columns(['repository', 'digest']).doUpdateSet({ added_at: now }))
        .execute()
    })
  }

  async putManifest(repository: string, manifest: PushedManifest, tag: string | undefined, store: () => Promise<unknown>): Promise<void> {
    // Before anything is written; once more when it counts.
    await requireParts(this.#db, repository, manifest)
    await this.#holding(async () => {
      await store()
      await this.#change((tx) => showManifest(tx, repository, manifest, tag))
    })
  }

  async deleteTag(repository: string, tag: string): Promise<boolean> {
    return this.#change(async (tx) => {
      const { numDeletedRows } = await tx.deleteFrom('registry_tag').where('repository', '=', repository).where('tag', '=', tag).executeTakeFirst()
      return numDeletedRows > 0n
    })
  }

  deleteManifest(repository: string, digest: Digest): Promise<Deletion> {
    return this.#delete('registry_manifest', repository, digest)
  }

  deleteBlob(repository: string, digest: Digest): Promise<Deletion> {
    return this.#delete('registry_blob', repository, digest)
  }

  /**
   * Removes a repository with everything in it.
   * @returns how many manifests it had, or undefined where there is no such repository
   */
  async deleteRepository(repository: string): Promise<number | undefined> {
    return this.#change(async (tx) => {
      const { numDeletedRows: manifests } = await tx.deleteFrom('registry_manifest').where('repository', '=', repository).executeTakeFirst()
      const { numDeletedRows: blobs } = await tx.deleteFrom('registry_blob').where('repository', '=', repository).executeTakeFirst()
      return manifests + blobs === 0n ? undefined : Number(manifests)
    })
  }

  #delete(table: 'registry_blob' | 'registry_manifest', repository: string, digest: Digest): Promise<Deletion> {
    return this.#change(async (tx) => {
      if (!(await isShown(tx, table, repository, digest))) return 'unknown'
      const user = await tx.selectFrom('registry_part').select('manifest').where('repository', '=', repository).where('part', '=', digest).executeTakeFirst()
      if (user !== undefined) return { neededBy: user.manifest }
      await tx.deleteFrom(table).where('repository', '=', repository).where('digest', '=', digest).execute()
      return 'deleted'
    })
  }

  async #holding(work: () => Promise<void>): Promise<void> {
    const held = this.#hold()
    try {
      await work()
    } finally {
      held[Symbol.dispose]()
    }
  }

  /** Tells that the rows were changed by someone else. */
  changed(): void {
    this.#changes++
    this.#resolved.clear()
  }

  async #change<T>(work: (tx: Kysely<Tables>) => Promise<T>): Promise<T> {
    try {
      return await this.#db.transaction().execute(work)
    } finally {
      this.changed()
    }
  }

  async #isThere(repository: string): Promise<boolean> {
    for (const table of ['registry_manifest', 'registry_blob'] as const) {
      if ((await this.#db.selectFrom(table).select('digest').where('repository', '=', repository).executeTakeFirst()) !== undefined) return true
    }
    return false
  }
}

async function isShown(db: Kysely<Tables>, table: 'registry_blob' | 'registry_manifest', repository: string, digest: Digest): Promise<boolean> {
  return (await db.selectFrom(table).select('digest').where('repository', '=', repository).where('digest', '=', digest).executeTakeFirst()) !== undefined
}

async function showManifest(tx: Kysely<Tables>, repository: string, manifest: PushedManifest, tag: string | undefined): Promise<void> {
  await requireParts(tx, repository, manifest)
  const { digest, mediaType, size, artifactType, annotations, subject, blobs, manifests } = manifest
  const now = new Date().toISOString()
  await tx
    .insertInto('registry_manifest')
    .values({
      repository,
      digest,
      media_type: mediaType,
      size,
      artifact_type: artifactType ?? null,
      annotations_json: annotations === undefined ? null : JSON.stringify(annotations),
      subject: subject ?? null,
      pushed_at: now,
    })
    .onConflict((conflict) => conflict.columns(['repository', 'digest']).doUpdateSet({ pushed_at: now }))
    .execute()
  for (const part of new Set([...blobs, ...manifests])) {
    await tx
      .insertInto('registry_part')
      .values({ repository, manifest: digest, part })
      .onConflict((conflict) => conflict.doNothing())
      .execute()
  }
  if (tag === undefined) return
  await tx
    .insertInto('registry_tag')
    .values({ repository, tag, digest, pushed_at: now })
    .onConflict((conflict) => conflict.columns(['repository', 'tag']).doUpdateSet({ digest, pushed_at: now }))
    .execute()
}

async function requireParts(db: Kysely<Tables>, repository: string, { blobs, manifests }: PushedManifest): Promise<void> {
  for (const [table, parts] of [
    ['registry_blob', blobs],
    ['registry_manifest', manifests],
  ] as const) {
    for (let at = 0; at < parts.length; at += AT_ONCE) {
      const asked = parts.slice(at, at + AT_ONCE)
      const rows = await db.selectFrom(table).select('digest').where('repository', '=', repository).where('digest', 'in', asked).execute()
      const there = new Set(rows.map(({ digest }) => digest))
      const missing = asked.find((digest) => !there.has(digest))
      if (missing !== undefined) throw missingPart(missing)
    }
  }
}

function referrerOf({ media_type, digest, size, artifact_type, annotations_json }: RegistryManifestRow): Referrer {
  return {
    mediaType: media_type,
    digest,
    size,
    ...(artifact_type === null ? {} : { artifactType: artifact_type }),
    ...(annotations_json === null ? {} : { annotations: JSON.parse(annotations_json) as Record<string, string> }),
  }
}

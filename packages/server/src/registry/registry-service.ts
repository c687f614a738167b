import type { RegistryState } from '@sealift/api/routes/registry.ts'
import type { FilesystemStore } from '@sealift/content/filesystem/filesystem-store.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { createTokenAccess } from '@sealift/registry/access/token-access.ts'
import { Uploads } from '@sealift/registry/push/uploads.ts'
import type { RegistryCatalog } from '@sealift/registry/registry-catalog.ts'
import { createRegistryHandler, type RegistryHandler } from '@sealift/registry/registry-handler.ts'
import type { Database } from '../database/open-database.ts'
import type { Waste } from '../storage/content-root.ts'
import { clearPushed } from './clear-pushed.ts'
import { DatabaseArea } from './database-area.ts'
import { RegistrySettings } from './registry-settings.ts'
import { RegistryTokens } from './registry-tokens.ts'

interface Opened {
  readonly settings: RegistrySettings
  readonly tokens: RegistryTokens
}

/** The registry of a data folder: what was pushed, who may do what, and the handler that answers clients. */
export class RegistryService {
  readonly #db: Database
  readonly #store: FilesystemStore
  readonly #library: RegistryCatalog
  readonly #area: DatabaseArea
  readonly #uploads: Uploads
  #opened: Promise<Opened> | undefined
  #address = ''

  constructor({ db, store, library }: { readonly db: Database; readonly store: FilesystemStore; readonly library: RegistryCatalog }) {
    this.#db = db
    this.#store = store
    this.#library = library
    this.#area = new DatabaseArea(db, () => store.lease())
    this.#uploads = new Uploads(store)
  }

  /** What answers below `/v2/`. */
  async handler(onFault: (fault: unknown) => void): Promise<RegistryHandler> {
    const { settings, tokens } = await this.#open()
    const access = createTokenAccess({
      find: (name) => tokens.find(name),
      get isEmpty() {
        return tokens.isEmpty
      },
      get anonymousPull() {
        return settings.anonymousPull
      },
    })
    const push = { area: this.#area, uploads: this.#uploads }
    return createRegistryHandler({ store: this.#store, catalog: this.#library, push, access, onFault })
  }

  /** Notes where it answers, for {@link RegistryService.state}. */
  answersAt(address: string): void {
    this.#address = address
  }

  /** The tokens. */
  async tokens(): Promise<RegistryTokens> {
    return (await this.#open()).tokens
  }

  /** What there is, and how it is set. */
  async state(): Promise<RegistryState> {
    const { settings } = await this.#open()
    const repositories = async (catalog: RegistryCatalog, area: 'library' | 'pushed'): Promise<RegistryState['repositories']> =>
      Promise.all((await catalog.repositories()).map(async (name) => ({ name, area, tags: [...((await catalog.tags(name)) ?? [])].toSorted() })))
    const all = [...(await repositories(this.#library, 'library')), ...(await repositories(this.#area, 'pushed'))]
    return {
      address: this.#address,
      anonymous: settings.anonymousPull ? 'pull' : 'none',
      ...(settings.retentionDays === undefined ? {} : { retentionDays: settings.retentionDays }),
      repositories: all.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
      uploads: (await this.#uploads.list()).length,
    }
  }

  /** Changes what is allowed and kept; what is left out stays. 0 days of retention are for ever. */
  async configure({ anonymous, retentionDays }: { readonly anonymous?: 'pull' | 'none'; readonly retentionDays?: number }): Promise<RegistryState> {
    const { settings } = await this.#open()
    if (anonymous !== undefined) await settings.setAnonymousPull(anonymous === 'pull')
    if (retentionDays !== undefined) await settings.setRetentionDays(retentionDays === 0 ? undefined : retentionDays)
    return this.state()
  }

  /**
   * Removes a pushed repository, or one tag of it.
   * @throws SealiftError `REPOSITORY_NOT_FOUND`
   */
  async remove(repository: string, tag?: string): Promise<{ repository: string; tag?: string; manifests: number }> {
    if (tag !== undefined) {
      if (!(await this.#area.deleteTag(repository, tag))) throw new SealiftError('REPOSITORY_NOT_FOUND', `nothing was pushed as ${repository}:${tag}`)
      return { repository, tag, manifests: 0 }
    }
    const manifests = await this.#area.deleteRepository(repository)
    if (manifests === undefined) throw new SealiftError('REPOSITORY_NOT_FOUND', `nothing was pushed to ${repository}`)
    return { repository, manifests }
  }

  /** What a collection clears away beside content. */
  wastes(): readonly Waste[] {
    return [
      {
        kind: 'uploads',
        clear: ({ dryRun, isAgo }) => this.#uploads.expire((changedAt, age) => isAgo(changedAt.getTime(), age), dryRun),
      },
      {
        kind: 'pushed',
        clear: async ({ dryRun, isAgo }) => {
          const { settings } = await this.#open()
          try {
            return { count: await clearPushed(this.#db, { retentionDays: settings.retentionDays, isAgo, dryRun }), bytes: 0 }
          } finally {
            this.#area.changed()
          }
        },
      },
    ]
  }

  /** Lets go of uploads; what has come of them is kept. */
  close(): Promise<void> {
    return this.#uploads.close()
  }

  #open(): Promise<Opened> {
    this.#opened ??= (async () => ({ settings: await RegistrySettings.open(this.#db), tokens: await RegistryTokens.open(this.#db) }))()
    return this.#opened
  }
}

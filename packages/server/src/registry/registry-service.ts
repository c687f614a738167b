import { X509Certificate } from 'node:crypto'
import type { RouteInput } from '@sealift/api/route.ts'
import type { Authority, RegistryState, registryRoutes } from '@sealift/api/routes/registry.ts'
import type { FilesystemStore } from '@sealift/content/filesystem/filesystem-store.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { createTokenAccess } from '@sealift/registry/access/token-access.ts'
import { Uploads } from '@sealift/registry/push/uploads.ts'
import type { RegistryCatalog } from '@sealift/registry/registry-catalog.ts'
import { createRegistryHandler, type RegistryHandler } from '@sealift/registry/registry-handler.ts'
import type { MasterKey } from '../data/master-key.ts'
import type { Database } from '../database/open-database.ts'
import { parseListen, type RegistryServer, serveRegistry } from '../http/registry-server.ts'
import type { Waste } from '../storage/content-root.ts'
import { clearPushed } from './clear-pushed.ts'
import { DatabaseArea } from './database-area.ts'
import { RegistrySettings } from './registry-settings.ts'
import { RegistryTokens } from './registry-tokens.ts'
import { RegistryTls } from './tls/registry-tls.ts'
import { TlsAuthority } from './tls/tls-authority.ts'

/** How often it is looked whether the certificate has to be renewed, in milliseconds. */
const RENEWAL = 60 * 60 * 1000

interface Opened {
  readonly settings: RegistrySettings
  readonly tls: RegistryTls
  readonly tokens: RegistryTokens
}

/** What the registry is made of. */
export interface RegistryParts {
  readonly db: Database
  readonly store: FilesystemStore
  readonly library: RegistryCatalog
  readonly masterKey: MasterKey
}

/** The registry of a data folder: what was pushed, who may do what, and the handler that answers clients. */
export class RegistryService {
  readonly #db: Database
  readonly #store: FilesystemStore
  readonly #library: RegistryCatalog
  readonly #area: DatabaseArea
  readonly #uploads: Uploads
  readonly #authority: TlsAuthority
  #opened: Promise<Opened> | undefined
  #server: RegistryServer | undefined
  #listenHost = '127.0.0.1'

  constructor({ db, store, library, masterKey }: RegistryParts) {
    this.#db = db
    this.#store = store
    this.#library = library
    this.#area = new DatabaseArea(db, () => store.lease())
    this.#uploads = new Uploads(store)
    this.#authority = new TlsAuthority(db, masterKey)
  }

  /**
   * Answers clients on a TCP address until it is closed.
   * @returns `host:port`, and the address of the API
   * @throws SealiftError `ADDRESS_INVALID`, `ADDRESS_IN_USE`; `TLS_INVALID` and others where it is to speak TLS and can't
   */
  async serve(listen: string, onFault: (fault: unknown) => void): Promise<{ readonly address: string; readonly url: string; close(): Promise<void> }> {
    this.#listenHost = parseListen(listen).host
    const { tls } = await this.#open()
    const certificate = await tls.current(this.#listenHost)
    const server = await serveRegistry(await this.#handler(onFault), listen)
    server.useTls(certificate)
    this.#server = server
    const renewal = setInterval(() => void this.#renew().catch(onFault), RENEWAL).unref()
    return {
      address: server.address,
      url: `${certificate === undefined ? 'http' : 'https'}://${server.address}/v2/`,
      close: async () => {
        clearInterval(renewal)
        this.#server = undefined
        await server.close()
        await this.#uploads.close()
      },
    }
  }

  /** The authority whose certificate clients have to trust. */
  async authority(): Promise<Authority> {
    const pem = await this.#authority.certificate()
    const { fingerprint256, validTo } = new X509Certificate(pem)
    const { tls } = await this.#open()
    const { names } = await tls.state(this.#listenHost)
    const port = this.#server?.address.split(':').at(-1) ?? '7070'
    const addresses = names.map((name) => `${name.includes(':') ? `[${name}]` : name}:${port}`)
    return { certificate: pem, fingerprint: fingerprint256, until: new Date(validTo).toISOString(), addresses }
  }

  async #renew(): Promise<void> {
    const { tls } = await this.#open()
    this.#server?.useTls(await tls.current(this.#listenHost))
  }

  async #handler(onFault: (fault: unknown) => void): Promise<RegistryHandler> {
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

  /** The tokens. */
  async tokens(): Promise<RegistryTokens> {
    return (await this.#open()).tokens
  }

  /** What there is, and how it is set. */
  async state(): Promise<RegistryState> {
    const { settings, tls } = await this.#open()
    const repositories = async (catalog: RegistryCatalog, area: 'library' | 'pushed'): Promise<RegistryState['repositories']> =>
      Promise.all((await catalog.repositories()).map(async (name) => ({ name, area, tags: [...((await catalog.tags(name)) ?? [])].toSorted() })))
    const all = [...(await repositories(this.#library, 'library')), ...(await repositories(this.#area, 'pushed'))]
    return {
      address: this.#server?.address ?? '',
      tls: await tls.state(this.#listenHost),
      anonymous: settings.anonymousPull ? 'pull' : 'none',
      ...(settings.retentionDays === undefined ? {} : { retentionDays: settings.retentionDays }),
      repositories: all.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
      uploads: (await this.#uploads.list()).length,
    }
  }

  /**
   * Changes what is allowed and kept, and how it speaks; what is left out stays. 0 days of retention are for ever.
   * @throws SealiftError `TLS_INVALID`, `FILE_NOT_FOUND`, `FILE_DENIED`
   */
  async configure({ anonymous, retentionDays, tls: mode }: RouteInput<typeof registryRoutes.configureRegistry>['body']): Promise<RegistryState> {
    const { settings, tls } = await this.#open()
    if (mode !== undefined) {
      await tls.set(mode, this.#listenHost)
      await this.#renew()
    }
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

  #open(): Promise<Opened> {
    this.#opened ??= (async () => ({
      settings: await RegistrySettings.open(this.#db),
      tokens: await RegistryTokens.open(this.#db),
      tls: await RegistryTls.open(this.#db, this.#authority),
    }))()
    return this.#opened
  }
}

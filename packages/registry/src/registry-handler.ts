import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ContentStore } from '@sealift/content/content-store.ts'
import type { PlainFiles } from '@sealift/content/plain-files.ts'
import { isSealiftError } from '@sealift/oci/sealift-error.ts'
import type { Caller, RegistryAccess, RegistryAction } from './access/caller.ts'
import { READ_ONLY_ACCESS } from './access/read-only-access.ts'
import { pageOf } from './pull/page.ts'
import { PullRequests } from './pull/pull-requests.ts'
import { sendJson, sendReferrers } from './pull/send-lists.ts'
import { ManifestRequests } from './push/manifest-requests.ts'
import { ClientGone } from './push/receive-body.ts'
import { UploadRequests } from './push/upload-requests.ts'
import type { Uploads } from './push/uploads.ts'
import type { PushedArea } from './pushed-area.ts'
import { RegistryAreas } from './registry-areas.ts'
import type { RegistryCatalog } from './registry-catalog.ts'
import { RegistryError } from './registry-error.ts'
import { parseRoute, type RegistryRoute } from './registry-route.ts'

/** What a registry is made of. */
export interface RegistryOptions {
  readonly store: ContentStore & Partial<PlainFiles>
  /** What is given out and never pushed to. */
  readonly catalog: RegistryCatalog
  /** Where clients push to; without it they can't. */
  readonly push?: { readonly area: PushedArea; readonly uploads: Uploads }
  /** Who may do what; without it everybody may read. */
  readonly access?: RegistryAccess
  /** Told of faults that the client could not be told of in full. */
  readonly onFault?: (fault: unknown) => void
}

/** Answers one request, whatever happens; never rejects. */
export type RegistryHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>

/** What a request asks for, read from its path. */
interface Asked {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly query: URLSearchParams
  readonly caller: Caller
}

const NO_QUERY = new URLSearchParams()

class Registry {
  readonly #areas: RegistryAreas
  readonly #access: RegistryAccess
  readonly #pull: PullRequests
  readonly #manifests: ManifestRequests
  readonly #uploads: UploadRequests | undefined
  readonly #onFault: (fault: unknown) => void

  constructor({ store, catalog, push, access = READ_ONLY_ACCESS, onFault = () => {} }: RegistryOptions) {
    this.#areas = new RegistryAreas(store, catalog, push?.area)
    this.#access = access
    this.#pull = new PullRequests(store, this.#areas, onFault)
    this.#manifests = new ManifestRequests(store, this.#areas)
    this.#uploads = push && new UploadRequests(push.uploads, this.#areas)
    this.#onFault = onFault
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A client that goes away is noticed where its bytes are sent.
    response.on('error', () => {})
    response.setHeader('docker-distribution-api-version', 'registry/2.0')
    try {
      await this.#answer(request, response)
    } catch (thrown) {
      this.#refuse(thrown, request, response)
    } finally {
      request.resume()
    }
  }

  #refuse(thrown: unknown, request: IncomingMessage, response: ServerResponse): void {
    // There is nobody to tell, and it is no fault.
    if (thrown instanceof ClientGone || request.socket.destroyed) return void response.destroy()
    const error = refusalOf(thrown)
    if (error.status >= 500) this.#onFault(thrown)
    // Half a body can only be taken back by cutting the connection: the client sees it as incomplete.
    if (response.headersSent) return void response.destroy()
    const body = Buffer.from(error.toJson())
    response.writeHead(error.status, {
      'content-type': 'application/json',
      'content-length': body.length,
      'cache-control': 'no-store',
      ...(error.status === 405 ? { allow: 'GET, HEAD' } : {}),
      ...(error.status === 401 && error.headers['www-authenticate'] === undefined ? { 'www-authenticate': this.#access.challenge(request) } : {}),
      ...error.headers,
    })
    response.end(request.method === 'HEAD' ? undefined : body)
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = request.url ?? '/'
    const at = url.indexOf('?')
    const isRead = request.method === 'GET' || request.method === 'HEAD'
    const route = parseRoute(at < 0 ? url : url.slice(0, at), isRead)
    if (route === undefined) throw new RegistryError('UNSUPPORTED', 'no such endpoint', { status: 404 })
    if (route.kind === 'token' && isRead) return this.#access.sendToken(request, response)
    const asked: Asked = { request, response, query: at < 0 ? NO_QUERY : new URLSearchParams(url.slice(at + 1)), caller: this.#access.callerOf(request) }
    if (route.kind === 'uploads' || route.kind === 'upload') return this.#upload(route, asked)
    if (isRead) return this.#read(route, asked)
    await this.#change(route, asked)
  }

  async #read(route: Exclude<RegistryRoute, { kind: 'uploads' | 'upload' }>, asked: Asked): Promise<void> {
    const { request, response, query, caller } = asked
    switch (route.kind) {
      case 'base':
        if (this.#access.invitesLogin(caller)) throw new RegistryError('UNAUTHORIZED', 'log in, or ask for a token without a login')
        return sendJson(request, response, {})
      case 'token':
        return
      case 'catalog': {
        const visible = (await this.#areas.repositories()).filter((name) => caller.may('pull', name))
        const { items, headers } = pageOf(visible, query, '/v2/_catalog')
        return sendJson(request, response, { repositories: items }, headers)
      }
      case 'tags': {
        const { repository } = route
        this.#require('pull', repository, asked)
        const tags = await this.#areas.tags(repository)
        if (tags === undefined) throw new RegistryError('NAME_UNKNOWN', 'repository not known to this registry', { detail: { name: repository } })
        const { items, headers } = pageOf(tags, query, `/v2/${repository}/tags/list`)
        return sendJson(request, response, { name: repository, tags: items }, headers)
      }
      case 'referrers': {
        const { repository, digest: subject } = route
        this.#require('pull', repository, asked)
        return sendReferrers(await this.#areas.referrers(repository, subject), { repository, subject, query }, request, response)
      }
      case 'manifest':
        this.#require('pull', route.repository, asked)
        return this.#pull.sendManifest(route.repository, route.reference, request, response)
      case 'blob':
        this.#require('pull', route.repository, asked)
        return this.#pull.sendBlob(route.repository, route.digest, request, response)
    }
  }

  async #change(route: RegistryRoute, asked: Asked): Promise<void> {
    const { request, response } = asked
    const { method } = request
    if (route.kind !== 'manifest' && route.kind !== 'blob') throw notAllowed(method)
    const { repository } = route
    if (method === 'PUT' && route.kind === 'manifest') {
      await this.#requireChange('push', repository, asked)
      return this.#manifests.put(repository, route.reference, request, response)
    }
    if (method !== 'DELETE') throw notAllowed(method)
    await this.#requireChange('delete', repository, asked)
    if (route.kind === 'manifest') await this.#manifests.delete(repository, route.reference, response)
    else await this.#manifests.deleteBlob(repository, route.digest, response)
  }

  async #upload(route: Extract<RegistryRoute, { kind: 'uploads' | 'upload' }>, asked: Asked): Promise<void> {
    const { repository } = route
    const uploads = await this.#requireChange('push', repository, asked)
    const upload = { ...asked, repository }
    const { method } = asked.request
    if (route.kind === 'uploads') {
      if (method === 'POST') return uploads.begin(upload)
      throw notAllowed(method)
    }
    if (method === 'GET' || method === 'HEAD') return uploads.status(upload, route.id)
    if (method === 'PATCH') return uploads.append(upload, route.id)
    if (method === 'PUT') return uploads.end(upload, route.id)
    if (method === 'DELETE') return uploads.cancel(upload, route.id)
    throw notAllowed(method)
  }

  #require(action: RegistryAction, repository: string, { request, caller }: Asked): void {
    if (caller.may(action, repository)) return
    if (caller.name !== undefined) throw new RegistryError('DENIED', `the token ${caller.name} may not ${action} in ${repository}`)
    const challenge = this.#access.challenge(request, { action, repository })
    throw new RegistryError('UNAUTHORIZED', action === 'pull' ? 'this needs a login' : `to ${action} needs a login with a token of this registry's`, {
      headers: { 'www-authenticate': challenge },
    })
  }

  /** What can't be changed by anyone is refused as that, and not with a call to log in. */
  async #requireChange(action: RegistryAction, repository: string, asked: Asked): Promise<UploadRequests> {
    this.#areas.pushed(repository)
    this.#require(action, repository, asked)
    await this.#areas.requirePushable(repository)
    return this.#uploads as UploadRequests
  }
}

function notAllowed(method: string | undefined): RegistryError {
  return new RegistryError('UNSUPPORTED', `there is no ${method ?? 'such request'} here`)
}

function refusalOf(thrown: unknown): RegistryError {
  if (thrown instanceof RegistryError) return thrown
  if (isSealiftError(thrown, 'DISK_FULL')) return new RegistryError('UNKNOWN', 'the registry has no space left on its disk', { status: 507 })
  // What went wrong inside, with its paths, is for the log.
  return new RegistryError('UNKNOWN', 'the registry failed to answer; its log says more')
}

/**
 * The OCI distribution API over a store, for everything below `/v2/`. It is a plain Node handler, so any
 * server can mount it. Blobs are given out plain, and taken exactly as they come; a read that began is held to
 * its end by the store, and let go when the client goes away.
 */
export function createRegistryHandler(options: RegistryOptions): RegistryHandler {
  const registry = new Registry(options)
  return (request, response) => registry.handle(request, response)
}

import type { IncomingMessage } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import type { Descriptor } from '@sealift/oci/descriptor.ts'
import { type Digest, digestOf, isDigest } from '@sealift/oci/digest.ts'
import { MAX_MANIFEST_BYTES, manifestMediaType, parseManifest } from '@sealift/oci/manifest.ts'
import { MediaType } from '@sealift/oci/media-types.ts'
import type { Reference } from '@sealift/oci/reference.ts'
import { messageOf, SealiftError } from '@sealift/oci/sealift-error.ts'
import { type AuthChallenge, parseAuthChallenge } from './auth-challenge.ts'
import { httpGet, readBody } from './http-get.ts'
import { dockerCredentials, type RegistryCredentials } from './registry-credentials.ts'

/** How a registry is spoken to. */
export interface RegistryAccess {
  /** Plain http. Registries on this machine are spoken to so in any case. */
  readonly insecure?: boolean
  /** Without them those of `docker login` are used. */
  readonly credentials?: RegistryCredentials
  readonly signal?: AbortSignal
  /** Milliseconds before the first repetition of a request that failed; each further one waits twice as long. */
  readonly retryDelay?: number
}

/** A manifest or index as a registry gave it out. */
export interface FetchedManifest {
  readonly descriptor: Descriptor
  readonly bytes: Buffer
  readonly parsed: ReturnType<typeof parseManifest>
}

/** How often in a row a request may fail. */
const MAX_ATTEMPTS = 5

const MAX_TOKEN_BYTES = 1024 * 1024
const MAX_ERROR_BYTES = 64 * 1024

/** The longest wait that a registry may ask for, in milliseconds. */
const MAX_RETRY_AFTER = 60_000

const ACCEPT_MANIFESTS = [MediaType.ociIndex, MediaType.dockerIndex, MediaType.ociManifest, MediaType.dockerManifest].join(', ')

const LOCAL_HOST = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/

/** Failures to connect that no repetition mends: no such host, nothing listening there, a certificate that is not trusted. */
const HOPELESS = /^(ENOTFOUND|ECONNREFUSED|EPROTO|CERT_\w+|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+|ERR_TLS_\w+|ERR_SSL_\w+)$/

/** A failure that may pass when the request is made again. */
class Transient extends Error {
  override readonly name = 'Transient'
  /** milliseconds that the registry asks to wait for */
  readonly after: number | undefined

  constructor(message: string, cause: unknown, after?: number) {
    super(message, { cause })
    this.after = after
  }
}

function basic({ username, password }: RegistryCredentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
}

/** What a registry says in the body of an error. */
async function errorText(response: IncomingMessage): Promise<string> {
  const body = (await readBody(response, MAX_ERROR_BYTES))?.toString('utf8') ?? ''
  let said = body
  try {
    const { errors } = JSON.parse(body) as { errors?: readonly { code?: unknown; message?: unknown }[] }
    said = (errors ?? []).map(({ code, message }) => `${String(code)}: ${String(message)}`).join('; ')
  } catch {
    // Not every proxy before a registry answers with JSON.
  }
  // Control characters from outside don't belong on a terminal.
  const clean = said.replaceAll(/[\p{Cc}\s]+/gu, ' ').trim()
  return clean === '' ? '' : ` (${clean.slice(0, 300)})`
}

/** Reads one repository of a registry that speaks the OCI distribution API. */
export class RegistryClient {
  readonly #reference: Reference
  readonly #base: URL
  readonly #access: RegistryAccess
  readonly #insecure: boolean
  #authorization: string | undefined

  constructor(reference: Reference, access: RegistryAccess = {}) {
    this.#reference = reference
    this.#access = access
    this.#insecure = access.insecure === true || LOCAL_HOST.test(reference.registry)
    const host = reference.registry === 'docker.io' ? 'registry-1.docker.io' : reference.registry
    this.#base = new URL(`${this.#insecure ? 'http' : 'https'}://${host}/v2/${reference.repository}/`)
  }

  /**
   * The manifest or index of a tag or digest, byte for byte.
   * @throws SealiftError `IMAGE_NOT_FOUND`, `REGISTRY_UNREACHABLE`, `REGISTRY_DENIED`, `REGISTRY_FAILED`,
   * `MANIFEST_INVALID`, and `CONTENT_CORRUPT` where the bytes are not those of the digest
   */
  async manifest(reference: string): Promise<FetchedManifest> {
    const what = this.#name(reference)
    return this.#retrying(async () => {
      const response = await this.#get(`manifests/${reference}`, { accept: ACCEPT_MANIFESTS }, what)
      const bytes = await readBody(response, MAX_MANIFEST_BYTES)
      if (bytes === undefined) throw new SealiftError('MANIFEST_INVALID', `${what}: its manifest is larger than ${MAX_MANIFEST_BYTES} bytes`)
      const length = response.headers['content-length']
      if (length !== undefined && Number(length) !== bytes.length) throw new Transient('the answer was cut off', undefined)
      const digest = digestOf(bytes)
      const expected = isDigest(reference) ? reference : response.headers['docker-content-digest']
      if (expected !== undefined && expected !== digest) {
        throw new SealiftError('CONTENT_CORRUPT', `${what}: the manifest that came has the digest ${digest}, expected ${String(expected)}`)
      }
      const parsed = parseManifest(bytes, what)
      return { bytes, parsed, descriptor: { mediaType: manifestMediaType(parsed), digest, size: bytes.length } }
    }, what)
  }

  /**
   * The bytes of a blob, not compared with its digest; exactly as many as the descriptor says. A
   * connection that breaks is taken up again where it broke.
   * @throws SealiftError as {@link RegistryClient.manifest}
   */
  async *blob({ digest, size }: Descriptor): AsyncGenerator<Buffer> {
    const what = `${this.#name()}: blob ${digest}`
    let offset = 0
    let failures = 0
    while (offset < size) {
      let response: IncomingMessage | undefined
      try {
        response = await this.#get(`blobs/${digest}`, offset === 0 ? {} : { range: `bytes=${offset}-` }, what)
        let known = this.#alreadyRead(response, offset, what)
        for await (const piece of response as AsyncIterable<Buffer>) {
          const fresh = piece.subarray(Math.min(known, piece.length))
          known -= piece.length - fresh.length
          if (fresh.length === 0) continue
          if (offset + fresh.length > size) throw new SealiftError('CONTENT_CORRUPT', `${what}: is longer than the ${size} bytes that its manifest says`)
          offset += fresh.length
          failures = 0
          yield fresh
        }
        if (offset < size) throw new Transient(`it ended after ${offset} of ${size} bytes`, undefined)
      } catch (thrown) {
        await this.#waitToRetry(thrown, ++failures, what)
      } finally {
        response?.destroy()
      }
    }
  }

  #name(reference?: string): string {
    const { registry, repository } = this.#reference
    return `image ${registry}/${repository}${reference === undefined ? '' : isDigest(reference) ? `@${reference}` : `:${reference}`}`
  }

  /** Bytes at the start of an answer that are known already, where a registry can't begin in the middle. */
  #alreadyRead({ statusCode, headers }: IncomingMessage, offset: number, what: string): number {
    if (statusCode !== 206) return offset
    if (headers['content-range']?.startsWith(`bytes ${offset}-`) === true) return 0
    throw new SealiftError('REGISTRY_FAILED', `${what}: asked for the bytes from ${offset} on, the registry sent ${JSON.stringify(headers['content-range'])}`)
  }

  async #retrying<T>(attempt: () => Promise<T>, what: string): Promise<T> {
    for (let failures = 1; ; failures++) {
      try {
        return await attempt()
      } catch (thrown) {
        await this.#waitToRetry(thrown, failures, what)
      }
    }
  }

  /** Returns when the request should be made again; throws when it should not. */
  async #waitToRetry(thrown: unknown, failures: number, what: string): Promise<void> {
    const { signal, retryDelay = 500 } = this.#access
    signal?.throwIfAborted()
    if (thrown instanceof SealiftError) throw thrown
    const errno = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : ''
    if (failures >= MAX_ATTEMPTS || HOPELESS.test(errno)) {
      const code = thrown instanceof Transient ? 'REGISTRY_FAILED' : 'REGISTRY_UNREACHABLE'
      // Where a host has several addresses, Node's error has a code and an empty message.
      throw new SealiftError(code, `${what}: ${messageOf(thrown) || errno} (tried ${failures === 1 ? 'once' : `${failures} times`})`, { cause: thrown })
    }
    const wait = (thrown instanceof Transient ? thrown.after : undefined) ?? retryDelay * 2 ** (failures - 1)
    await delay(wait, undefined, signal === undefined ? {} : { signal })
  }

  /** One request with authorisation; answers with 2xx only. */
  async #get(path: string, headers: Readonly<Record<string, string>>, what: string): Promise<IncomingMessage> {
    const url = new URL(path, this.#base)
    let response = await this.#send(url, headers)
    if (response.statusCode === 401) {
      const challenge = parseAuthChallenge(response.headers['www-authenticate'])
      response.destroy()
      if (challenge === undefined) throw new SealiftError('REGISTRY_DENIED', `${what}: the registry asks for a login of a kind that is not known`)
      this.#authorization = await this.#authorize(challenge, what)
      response = await this.#send(url, headers)
    }
    const { statusCode = 0 } = response
    if (statusCode === 200 || (statusCode === 206 && headers.range !== undefined)) return response
    const said = `the registry answered with ${statusCode}${await errorText(response)}`
    if (statusCode === 404) throw new SealiftError('IMAGE_NOT_FOUND', `${what}: ${said}`)
    if (statusCode === 401 || statusCode === 403) throw new SealiftError('REGISTRY_DENIED', `${what}: ${said}`)
    if (statusCode === 429 || statusCode === 408 || statusCode >= 500) {
      const seconds = Number(response.headers['retry-after'])
      throw new Transient(said, undefined, seconds > 0 ? Math.min(seconds * 1000, MAX_RETRY_AFTER) : undefined)
    }
    throw new SealiftError('REGISTRY_FAILED', `${what}: ${said}`)
  }

  #send(url: URL, headers: Readonly<Record<string, string>>): Promise<IncomingMessage> {
    const { signal } = this.#access
    return httpGet(url, {
      headers: { 'user-agent': 'sealift', ...headers },
      insecure: this.#insecure,
      ...(this.#authorization === undefined ? {} : { authorization: this.#authorization }),
      ...(signal === undefined ? {} : { signal }),
    })
  }

  async #authorize(challenge: AuthChallenge, what: string): Promise<string> {
    const { registry, repository } = this.#reference
    const credentials = this.#access.credentials ?? (await dockerCredentials(registry))
    if (challenge.scheme === 'basic') {
      if (credentials === undefined) {
        throw new SealiftError('REGISTRY_DENIED', `${what}: the registry asks for a login, and there are no credentials for ${registry}`)
      }
      return basic(credentials)
    }
    const realm = URL.parse(challenge.realm)
    if (realm === null || (realm.protocol !== 'https:' && !(realm.protocol === 'http:' && this.#insecure))) {
      throw new SealiftError('REGISTRY_DENIED', `${what}: the registry sends for its tokens to ${JSON.stringify(challenge.realm)}, which is no https address`)
    }
    if (challenge.service !== undefined) realm.searchParams.set('service', challenge.service)
    for (const scope of (challenge.scope ?? `repository:${repository}:pull`).split(' ')) realm.searchParams.append('scope', scope)
    const { signal } = this.#access
    const response = await httpGet(realm, {
      insecure: this.#insecure,
      headers: { 'user-agent': 'sealift' },
      ...(credentials === undefined ? {} : { authorization: basic(credentials) }),
      ...(signal === undefined ? {} : { signal }),
    })
    const { statusCode = 0 } = response
    if (statusCode >= 500 || statusCode === 429) throw new Transient(`the token service answered with ${statusCode}`, undefined)
    if (statusCode !== 200) {
      throw new SealiftError('REGISTRY_DENIED', `${what}: the token service ${realm.host} answered with ${statusCode}${await errorText(response)}`)
    }
    const token = tokenOf(await readBody(response, MAX_TOKEN_BYTES))
    if (token === undefined) throw new SealiftError('REGISTRY_FAILED', `${what}: the token service ${realm.host} gave no token`)
    return `Bearer ${token}`
  }
}

function tokenOf(body: Buffer | undefined): string | undefined {
  try {
    const { token, access_token: accessToken } = JSON.parse(body?.toString('utf8') ?? '') as Record<string, unknown>
    const found = token ?? accessToken
    // It becomes a header: nothing but what a token may consist of.
    return typeof found === 'string' && /^[\x21-\x7e]+$/.test(found) ? found : undefined
  } catch {
    return undefined
  }
}

/** Reads a small blob whole and compares it with its digest. */
export async function fetchSmallBlob(client: RegistryClient, descriptor: Descriptor, limit: number, what: string): Promise<Buffer> {
  if (descriptor.size > limit) throw new SealiftError('MANIFEST_INVALID', `${what} has ${descriptor.size} bytes, more than the limit of ${limit}`)
  const pieces: Buffer[] = []
  for await (const piece of client.blob(descriptor)) pieces.push(piece)
  const bytes = Buffer.concat(pieces)
  const digest: Digest = digestOf(bytes)
  if (digest !== descriptor.digest) throw new SealiftError('CONTENT_CORRUPT', `${what} has the digest ${digest}, expected ${descriptor.digest}`)
  return bytes
}

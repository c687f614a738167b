import { type IncomingMessage, type RequestOptions, request } from 'node:http'
import { type Duplex, pipeline, type Readable } from 'node:stream'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import type { EngineAddress } from './engine-address.ts'
import type { EngineVersion } from './engine-types.ts'

/** The newest API version whose meaning this client was written for. */
const NEWEST_API = '1.44'
/** Docker Engine 20.10; Podman's compatible API answers with the same. */
const OLDEST_API = '1.41'
/** Bytes of an error's body that are read. */
const ERROR_LIMIT = 64 * 1024
/** Bytes of a JSON answer that are read; a list of many thousand containers stays below it. */
const ANSWER_LIMIT = 256 * 1024 * 1024

type QueryValue = string | number | boolean | readonly string[] | undefined

/** What a request carries. */
export interface EngineRequest {
  readonly query?: Readonly<Record<string, QueryValue>>
  readonly json?: unknown
  /** Sent as it comes; a failure of the stream is thrown as it is. */
  readonly body?: Readable
  readonly contentType?: string
  readonly signal?: AbortSignal
  /** Statuses from 400 on that are an answer, not an error. */
  readonly accept?: readonly number[]
}

/**
 * Sends requests to one engine in the API version that both sides know, and turns its failures into
 * coded errors. Each request has a connection of its own: one to a socket costs nothing, and none is
 * found dead after the engine was restarted.
 */
export class EngineConnection implements Disposable {
  readonly address: EngineAddress
  #version: Promise<EngineVersion> | undefined
  #prefix = ''
  readonly #closed = new AbortController()

  constructor(address: EngineAddress) {
    this.address = address
  }

  /**
   * What the engine is, asked once; afterwards requests carry the negotiated API version.
   * @throws SealiftError `ENGINE_UNREACHABLE`, `ENGINE_TOO_OLD`
   */
  version(): Promise<EngineVersion> {
    this.#version ??= this.#negotiate().catch((thrown: unknown) => {
      this.#version = undefined
      throw thrown
    })
    return this.#version
  }

  async #negotiate(): Promise<EngineVersion> {
    const version = await readJson<EngineVersion>(await this.#send('GET', '/version', {}), 'GET /version')
    const api = version.ApiVersion
    if (typeof api !== 'string' || !/^\d+\.\d+$/.test(api)) {
      throw new SealiftError('ENGINE_FAILED', `${this.address.text} answers, but not as a container engine: it names no API version`)
    }
    if (compareApi(api, OLDEST_API) < 0) {
      throw new SealiftError('ENGINE_TOO_OLD', `engine ${version.Version} at ${this.address.text} speaks API ${api}; at least ${OLDEST_API} is needed`)
    }
    this.#prefix = `/v${compareApi(api, NEWEST_API) < 0 ? api : NEWEST_API}`
    return version
  }

  /**
   * Sends a request and returns the answer with its body still to be read.
   * @throws SealiftError `ENGINE_UNREACHABLE`, `ENGINE_FAILED`
   */
  async send(method: string, path: string, options: EngineRequest = {}): Promise<IncomingMessage> {
    await this.version()
    return this.#send(method, `${this.#prefix}${path}${queryText(options.query)}`, options)
  }

  /** Sends a request and reads its answer as JSON. The type is the API's promise and is not checked. */
  async json<T>(method: string, path: string, options: EngineRequest = {}): Promise<T> {
    return readJson<T>(await this.send(method, path, options), `${method} ${path}`)
  }

  /** Sends a request for its effect and returns its status; the answer's body is thrown away. */
  async do(method: string, path: string, options: EngineRequest = {}): Promise<number> {
    const response = await this.send(method, path, options)
    response.resume()
    return response.statusCode ?? 0
  }

  /** Sends a request after which the connection itself carries bytes both ways. */
  async hijack(path: string, json: unknown): Promise<Duplex> {
    await this.version()
    const text = Buffer.from(JSON.stringify(json))
    return new Promise((resolve, reject) => {
      const sent = request({
        ...this.#target(),
        method: 'POST',
        path: `${this.#prefix}${path}`,
        headers: { 'content-type': 'application/json', 'content-length': text.length, connection: 'Upgrade', upgrade: 'tcp' },
        signal: this.#closed.signal,
      })
      sent.on('upgrade', (_response, socket, head) => {
        if (head.length > 0) socket.unshift(head)
        resolve(socket)
      })
      sent.on('response', (response) => {
        this.#failure(response, `POST ${path}`).then(reject, reject)
      })
      sent.on('error', (cause) => reject(this.#unreachable(cause)))
      sent.end(text)
    })
  }

  /** Ends all that is under way. */
  [Symbol.dispose](): void {
    this.#closed.abort(new SealiftError('ENGINE_UNREACHABLE', `the connection to ${this.address.text} was closed by this program`))
  }

  #target(): RequestOptions {
    const { address } = this
    // No agent: a pooled connection may be one that an engine's restart has cut.
    return { agent: false, ...(address.kind === 'unix' ? { socketPath: address.path } : { host: address.host, port: address.port }) }
  }

  async #send(method: string, path: string, { json, body, contentType, signal, accept }: EngineRequest): Promise<IncomingMessage> {
    const text = json === undefined ? undefined : Buffer.from(JSON.stringify(json))
    const stop = signal === undefined ? this.#closed.signal : AbortSignal.any([signal, this.#closed.signal])
    stop.throwIfAborted()
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      let bodyFailure: unknown
      const sent = request({
        ...this.#target(),
        method,
        path,
        headers: {
          host: 'engine',
          ...(text === undefined ? {} : { 'content-type': 'application/json', 'content-length': text.length }),
          ...(contentType === undefined ? {} : { 'content-type': contentType }),
        },
        signal: stop,
      })
      sent.on('response', resolve)
      sent.on('error', (cause) => {
        if (stop.aborted) reject(stop.reason as Error)
        else reject(bodyFailure === undefined ? this.#unreachable(cause) : (bodyFailure as Error))
      })
      if (body === undefined) sent.end(text)
      else {
        body.on('error', (cause) => {
          bodyFailure = cause
        })
        pipeline(body, sent, () => {})
      }
    })
    const status = response.statusCode ?? 0
    if (status >= 400 && !accept?.includes(status)) throw await this.#failure(response, `${method} ${path}`)
    return response
  }

  async #failure(response: IncomingMessage, what: string): Promise<SealiftError> {
    const text = (await readAll(response, ERROR_LIMIT)).toString('utf8').trim()
    const message = engineMessage(text)
    const status = response.statusCode ?? 0
    return new SealiftError('ENGINE_FAILED', `the engine at ${this.address.text} says: ${message === '' ? `status ${status}` : message}`, {
      details: { status, request: what.replace(/\?.*$/, ''), engineMessage: message },
    })
  }

  #unreachable(cause: Error): SealiftError {
    const { text } = this.address
    const errno = 'code' in cause ? cause.code : undefined
    switch (errno) {
      case 'EACCES':
      case 'EPERM':
        return new SealiftError('ENGINE_UNREACHABLE', `no permission to talk to the container engine at ${text}`, {
          cause,
          hint: "Run as root, or as a member of the group that owns the socket (usually 'docker').",
        })
      case 'ENOENT':
        return new SealiftError('ENGINE_UNREACHABLE', `there is no container engine at ${text}: the socket does not exist`, { cause })
      case 'ECONNREFUSED':
        return new SealiftError('ENGINE_UNREACHABLE', `nothing listens at ${text}: the container engine is not running`, { cause })
      case 'ECONNRESET':
      case 'EPIPE':
        return new SealiftError('ENGINE_UNREACHABLE', `the container engine at ${text} broke the connection off`, {
          cause,
          hint: 'The engine may have been restarted: run the same command again. Its journal says more.',
        })
      default:
        return new SealiftError('ENGINE_UNREACHABLE', `the container engine at ${text} can't be reached: ${cause.message}`, { cause })
    }
  }
}

/** The `message` of an error body, or its text where it is no JSON. */
function engineMessage(text: string): string {
  try {
    const parsed: unknown = JSON.parse(text)
    if (typeof parsed === 'object' && parsed !== null && 'message' in parsed && typeof parsed.message === 'string') return parsed.message.trim()
  } catch {
    // Not JSON: the text itself is what there is to say.
  }
  return text
}

function compareApi(a: string, b: string): number {
  const [majorA = 0, minorA = 0] = a.split('.').map(Number)
  const [majorB = 0, minorB = 0] = b.split('.').map(Number)
  return majorA - majorB || minorA - minorB
}

function queryText(query: EngineRequest['query']): string {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value === undefined) continue
    for (const item of Array.isArray(value) ? value : [value]) parameters.append(name, String(item))
  }
  const text = parameters.toString()
  return text === '' ? '' : `?${text}`
}

async function readAll(response: Readable, limit: number): Promise<Buffer> {
  const pieces: Buffer[] = []
  let size = 0
  for await (const piece of response as AsyncIterable<Buffer>) {
    size += piece.length
    pieces.push(piece)
    if (size > limit) break
  }
  return Buffer.concat(pieces).subarray(0, limit)
}

async function readJson<T>(response: Readable, what: string): Promise<T> {
  let text: string
  try {
    text = (await readAll(response, ANSWER_LIMIT)).toString('utf8')
  } catch (cause) {
    throw new SealiftError('ENGINE_UNREACHABLE', `the container engine broke off in the middle of its answer to ${what}`, { cause })
  }
  try {
    return JSON.parse(text) as T
  } catch (cause) {
    throw new SealiftError('ENGINE_FAILED', `the engine's answer to ${what} is no JSON: ${JSON.stringify(text.slice(0, 200))}`, { cause })
  }
}

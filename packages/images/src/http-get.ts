import { once } from 'node:events'
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { SealiftError } from '@sealift/oci/sealift-error.ts'

/** Milliseconds without a byte after which a connection counts as dead. */
const IDLE_TIMEOUT = 60_000

const MAX_REDIRECTS = 5

/** Pieces of this size come out of a response at most; large ones spare work at each layer above. */
const PIECE = 1024 * 1024

const agentOptions = { keepAlive: true, proxyEnv: process.env, highWaterMark: PIECE }
const httpAgent = new HttpAgent(agentOptions)
const httpsAgent = new HttpsAgent(agentOptions)

/** One GET request. */
export interface GetOptions {
  readonly headers?: Readonly<Record<string, string>>
  /** Sent to the origin of the first URL only, never to where a redirect leads. */
  readonly authorization?: string
  /** Whether a redirect may lead from https to http. */
  readonly insecure: boolean
  readonly signal?: AbortSignal
}

async function getOnce(url: URL, headers: Readonly<Record<string, string>>, signal: AbortSignal | undefined): Promise<IncomingMessage> {
  const options = { headers, ...(signal === undefined ? {} : { signal }) }
  const request = url.protocol === 'https:' ? httpsRequest(url, { ...options, agent: httpsAgent }) : httpRequest(url, { ...options, agent: httpAgent })
  // A connection that fails after the answer began is reported by the answer; here it would be an event that nobody handles, which ends the process.
  request.on('error', () => {})
  request.setTimeout(IDLE_TIMEOUT, () => request.destroy(new Error(`no byte came for ${IDLE_TIMEOUT / 1000} s`)))
  request.end()
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  return response
}

/**
 * Follows redirects and returns the first other answer, whatever its status; its body has to be
 * read or destroyed. Proxies of the environment are used (HTTPS_PROXY, NO_PROXY).
 * @throws SealiftError `REGISTRY_FAILED` for a redirect that must not be followed; network errors pass unchanged
 */
export async function httpGet(first: URL, { headers = {}, authorization, insecure, signal }: GetOptions): Promise<IncomingMessage> {
  let url = first
  for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
    const sent = url.origin === first.origin && authorization !== undefined ? { ...headers, authorization } : headers
    const response = await getOnce(url, sent, signal)
    const { statusCode = 0 } = response
    const { location } = response.headers
    if (![301, 302, 303, 307, 308].includes(statusCode) || location === undefined) return response
    response.destroy()
    const next = URL.parse(location, url.href)
    if (next === null || (next.protocol !== 'https:' && next.protocol !== 'http:')) {
      throw new SealiftError('REGISTRY_FAILED', `registry ${first.host}: redirects to ${JSON.stringify(location.slice(0, 100))}, which is no http address`)
    }
    if (url.protocol === 'https:' && next.protocol === 'http:' && !insecure) {
      throw new SealiftError('REGISTRY_FAILED', `registry ${first.host}: redirects from https to plain http at ${next.host}`)
    }
    url = next
  }
  throw new SealiftError('REGISTRY_FAILED', `registry ${first.host}: redirects more than ${MAX_REDIRECTS} times`)
}

/**
 * A body whole.
 * @returns undefined where it is larger than the limit in bytes; the rest is then not read
 */
export async function readBody(response: IncomingMessage, limit: number): Promise<Buffer | undefined> {
  const pieces: Buffer[] = []
  let size = 0
  for await (const piece of response as AsyncIterable<Buffer>) {
    size += piece.length
    if (size > limit) return undefined
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

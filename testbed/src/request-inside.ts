/** The program that makes one request where it is started: reads an errand on stdin, writes the result on stdout. */
import { request as overHttp } from 'node:http'
import { request as overHttps } from 'node:https'
import { text } from 'node:stream/consumers'
import type { Errand, ErrandResult } from './request.ts'

// Not by fetch, which lets nobody choose the Host: a site's routes are told apart by it.
function perform({ url, method, headers, body, timeout = 10_000 }: Errand): Promise<ErrandResult> {
  return new Promise((resolve) => {
    const fail = (error: unknown) => resolve({ failed: error instanceof Error ? error.message : String(error) })
    const send = url.startsWith('https:') ? overHttps : overHttp
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
    // A site's certificates come from an authority of its own, and what they are worth is not what is tested by this.
    const options = { method: method ?? (body === undefined ? 'GET' : 'POST'), headers: { ...length, ...headers }, rejectUnauthorized: false }
    const request = send(url, { ...options, signal: AbortSignal.timeout(timeout) }, (response) => {
      const answered = Object.entries(response.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')])
      const head = { status: response.statusCode ?? 0, headers: Object.fromEntries(answered) }
      text(response).then((received) => resolve({ ...head, body: received }), fail)
    })
    request.on('error', fail)
    request.end(body)
  })
}

const errand = JSON.parse(await text(process.stdin)) as Errand
process.stdout.write(JSON.stringify(await perform(errand)))

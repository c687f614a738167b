import { once } from 'node:events'
import { createServer, type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createMemoryStore } from '@sealift/content/memory/memory-store.ts'
import { type Digest, digestOf } from '@sealift/oci/digest.ts'
import { MediaType } from '@sealift/oci/media-types.ts'
import { createMemoryArea } from './memory-area.ts'
import { createMemoryCatalog, type MemoryCatalog } from './memory-catalog.ts'
import { type UploadLimits, Uploads } from './push/uploads.ts'
import type { PushedArea } from './pushed-area.ts'
import { createRegistryHandler, type RegistryOptions } from './registry-handler.ts'

/** Everybody may do everything. */
export const OPEN_ACCESS: NonNullable<RegistryOptions['access']> = {
  callerOf: () => ({ name: 'anyone', may: () => true }),
  challenge: () => 'Basic realm="test"',
  invitesLogin: () => false,
  sendToken: () => {},
}

/** How a request ended. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Buffer
  /** The code of the first error in the body. */
  readonly code: string | undefined
}

/** A registry for tests, listening on a port of this machine. */
export interface TestRegistry extends AsyncDisposable {
  readonly base: string
  readonly store: ReturnType<typeof createMemoryStore>
  readonly catalog: MemoryCatalog
  readonly area: PushedArea
  readonly uploads: Uploads
  readonly faults: unknown[]
  send(method: string, path: string, options?: { readonly body?: Buffer | string; readonly headers?: Readonly<Record<string, string>> }): Promise<Answer>
  /** Pushes a blob in one request. */
  pushBlob(repository: string, bytes: Buffer | string): Promise<Digest>
  /** Pushes a manifest with its config and layers. */
  pushImage(repository: string, tag: string, layers: readonly string[], more?: Readonly<Record<string, unknown>>): Promise<Digest>
}

export async function startTestRegistry(
  options: { readonly access?: RegistryOptions['access']; readonly limits?: Partial<UploadLimits> } = {},
): Promise<TestRegistry> {
  const store = createMemoryStore()
  const catalog = createMemoryCatalog(store)
  const area = createMemoryArea()
  const uploads = new Uploads(store, options.limits)
  const faults: unknown[] = []
  const handler = createRegistryHandler({
    store,
    catalog,
    push: { area, uploads },
    access: options.access ?? OPEN_ACCESS,
    onFault: (fault) => faults.push(fault),
  })
  const server = createServer((incoming, response) => void handler(incoming, response)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo

  const send: TestRegistry['send'] = async (method, path, { body, headers = {} } = {}) => {
    const length = 'transfer-encoding' in headers ? {} : { 'content-length': String(Buffer.byteLength(body ?? '')) }
    const sent = request({ host: '127.0.0.1', port, method, path, agent: false, headers: { ...length, ...headers } })
    // A registry that refuses a body does not wait for its end.
    sent.on('error', () => {})
    sent.end(body)
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    const pieces: Buffer[] = []
    for await (const piece of response as AsyncIterable<Buffer>) pieces.push(piece)
    const whole = Buffer.concat(pieces)
    const isJson = response.headers['content-type'] === 'application/json' && whole.length > 0
    const errors = isJson ? (JSON.parse(whole.toString()) as { errors?: { code: string }[] }).errors : undefined
    return { status: response.statusCode ?? 0, headers: response.headers, body: whole, code: errors?.[0]?.code }
  }
  const pushBlob: TestRegistry['pushBlob'] = async (repository, bytes) => {
    const digest = digestOf(bytes)
    const { status } = await send('POST', `/v2/${repository}/blobs/uploads/?digest=${digest}`, { body: bytes })
    if (status !== 201) throw new Error(`a blob was answered with ${status}`)
    return digest
  }
  return {
    base: `http://127.0.0.1:${port}`,
    store,
    catalog,
    area,
    uploads,
    faults,
    send,
    pushBlob,
    async pushImage(repository, tag, layers, more = {}) {
      const config = Buffer.from(JSON.stringify({ layers }))
      await pushBlob(repository, config)
      for (const layer of layers) await pushBlob(repository, layer)
      const body = JSON.stringify({
        schemaVersion: 2,
        mediaType: MediaType.ociManifest,
        config: { mediaType: MediaType.ociConfig, digest: digestOf(config), size: config.length },
        layers: layers.map((layer) => ({ mediaType: MediaType.ociLayerGzip, digest: digestOf(layer), size: layer.length })),
        ...more,
      })
      const reference = tag === '' ? digestOf(body) : tag
      const answer = await send('PUT', `/v2/${repository}/manifests/${reference}`, { body, headers: { 'content-type': MediaType.ociManifest } })
      if (answer.status !== 201) throw new Error(`a manifest was answered with ${answer.status}: ${answer.body.toString()}`)
      return digestOf(body)
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
      await uploads.close()
    },
  }
}

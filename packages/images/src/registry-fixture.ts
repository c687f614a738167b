import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Descriptor } from '@sealift/oci/descriptor.ts'
import { type Digest, digestOf } from '@sealift/oci/digest.ts'
import { MediaType } from '@sealift/oci/media-types.ts'
import type { Platform } from '@sealift/oci/platform.ts'
import type { FixtureImage } from './image-fixture.ts'

/** A registry for tests that can be made to misbehave. */
export interface FixtureRegistry extends AsyncDisposable {
  /** `127.0.0.1:PORT` */
  readonly host: string
  /** What is given out by digest. */
  readonly blobs: Map<string, { bytes: Buffer; mediaType: string }>
  readonly tags: Map<string, Digest>
  /** `METHOD PATH` with the Authorization and Range headers of all requests so far. */
  readonly requests: { readonly path: string; readonly authorization: string | undefined; readonly range: string | undefined }[]
  /** Looks at each request first; answers it by returning true. */
  intercept: (request: IncomingMessage, response: ServerResponse) => boolean
  /** Adds content and says where it is. */
  add(bytes: Buffer, mediaType: string): Descriptor
  /** Adds an image under a tag, its layers packed. */
  addImage(image: FixtureImage, options?: AddImageOptions): Descriptor
}

export interface AddImageOptions {
  readonly tag?: string
  readonly docker?: boolean
  readonly compress?: (tar: Buffer) => Buffer
  readonly layerType?: string
  readonly annotations?: Readonly<Record<string, unknown>>
}

async function listening(handler: (request: IncomingMessage, response: ServerResponse) => void): Promise<{ server: Server; host: string }> {
  const server = createServer(handler).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { server, host: `127.0.0.1:${(server.address() as AddressInfo).port}` }
}

/** Starts a registry on a free port; every repository holds the same content. */
export async function startFixtureRegistry(): Promise<FixtureRegistry> {
  const blobs: FixtureRegistry['blobs'] = new Map()
  const tags = new Map<string, Digest>()
  const requests: FixtureRegistry['requests'] = []
  const { server, host } = await listening((request, response) => {
    const { authorization, range } = request.headers
    requests.push({ path: request.url ?? '', authorization, range })
    if (fixture.intercept(request, response)) return
    const [, name = ''] = /^\/v2\/.+\/(?:manifests|blobs)\/([^/]+)$/.exec(request.url ?? '') ?? []
    const found = blobs.get(tags.get(name) ?? name)
    if (found === undefined) {
      response.writeHead(404, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ errors: [{ code: 'MANIFEST_UNKNOWN', message: 'no\u001b[31m such thing' }] }))
      return
    }
    const start = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0)
    const bytes = found.bytes.subarray(start)
    response.writeHead(start > 0 ? 206 : 200, {
      'content-type': found.mediaType,
      'content-length': bytes.length,
      ...(start > 0 ? { 'content-range': `bytes ${start}-${found.bytes.length - 1}/${found.bytes.length}` } : {}),
    })
    response.end(bytes)
  })
  const fixture: FixtureRegistry = {
    host,
    blobs,
    tags,
    requests,
    intercept: () => false,
    add(bytes, mediaType) {
      const digest = digestOf(bytes)
      blobs.set(digest, { bytes, mediaType })
      return { mediaType, digest, size: bytes.length }
    },
    addImage(image, { tag, docker = false, compress = (tar: Buffer) => tar, layerType, annotations } = {}) {
      const mediaType = docker ? MediaType.dockerManifest : MediaType.ociManifest
      const manifest = {
        schemaVersion: 2,
        mediaType,
        config: fixture.add(image.config, docker ? MediaType.dockerConfig : MediaType.ociConfig),
        layers: image.layers.map(({ tar }) => fixture.add(compress(tar), layerType ?? (docker ? MediaType.dockerLayer : MediaType.ociLayer))),
        ...(annotations === undefined ? {} : { annotations }),
      }
      const descriptor = fixture.add(Buffer.from(JSON.stringify(manifest, null, 3)), mediaType)
      if (tag !== undefined) tags.set(tag, descriptor.digest)
      return descriptor
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return fixture
}

/** Adds an index over manifests under a tag. */
export function addIndex(registry: FixtureRegistry, tag: string, manifests: readonly (Descriptor & { readonly platform: Platform })[]): Descriptor {
  const descriptor = registry.add(Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MediaType.ociIndex, manifests })), MediaType.ociIndex)
  registry.tags.set(tag, descriptor.digest)
  return descriptor
}

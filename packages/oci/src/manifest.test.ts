import { describe, expect, it } from 'vitest'
import { digestOf } from './digest.ts'
import { MAX_MANIFEST_BYTES, manifestMediaType, parseManifest } from './manifest.ts'
import { MediaType } from './media-types.ts'

const part = (mediaType: string): object => ({ mediaType, digest: digestOf(mediaType), size: 7 })
const manifest = { schemaVersion: 2, config: part(MediaType.ociConfig), layers: [part(MediaType.ociLayer)] }
const index = { schemaVersion: 2, manifests: [part(MediaType.ociManifest)] }
const parse = (value: unknown): ReturnType<typeof parseManifest> => parseManifest(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)), 'it')

describe('manifests and indexes', () => {
  it.each([
    ['a manifest', manifest, MediaType.ociManifest],
    ['an index', index, MediaType.ociIndex],
    ["Docker's manifest", { ...manifest, mediaType: MediaType.dockerManifest }, MediaType.dockerManifest],
    ["Docker's index", { ...index, mediaType: MediaType.dockerIndex }, MediaType.dockerIndex],
  ])('are told apart: %s', (_, value, mediaType) => {
    const parsed = parse(value)
    expect(manifestMediaType(parsed)).toBe(mediaType)
    expect(parsed.kind).toBe('manifests' in value ? 'index' : 'manifest')
  })

  it.each([
    ['no JSON', '{'],
    ['null', null],
    ['a list', []],
    ['schema version 1', { ...manifest, schemaVersion: 1 }],
    ['both an index and a manifest', { ...manifest, ...index }],
    ['an index with a config', { ...index, config: part(MediaType.ociConfig) }],
    ['an index that says that it is a manifest', { ...index, mediaType: MediaType.ociManifest }],
    ['a manifest that says that it is an index', { ...manifest, mediaType: MediaType.dockerIndex }],
    ['a media type that is no text', { ...manifest, mediaType: 7 }],
    ['no layers', { ...manifest, layers: undefined }],
    ['a layer without a size', { ...manifest, layers: [{ ...part(MediaType.ociLayer), size: -1 }] }],
    ['a digest of another kind', { ...index, manifests: [{ ...part(MediaType.ociManifest), digest: 'md5:00' }] }],
    ['more bytes than any has', ' '.repeat(MAX_MANIFEST_BYTES + 1)],
  ])('refuses %s', (_, value) => {
    expect(() => parse(value)).toThrow(expect.objectContaining({ code: 'MANIFEST_INVALID' }))
  })
})

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { CANONICAL_VERSION, canonicalManifest } from './canonical.ts'
import { digestOf } from './digest.ts'
import { parseImageConfig } from './image-config.ts'
import { type Manifest, parseManifest } from './manifest.ts'
import { MediaType } from './media-types.ts'

const specification = readFileSync(new URL('../../../docs/canonical-images.md', import.meta.url), 'utf8')

/** The content of the specification's code blocks of a kind. */
function blocks(kind: string): string[] {
  return [...specification.matchAll(/```\w+ (\w+)\n(.*?)\n```/gs)].filter(([, found]) => found === kind).map(([, , content]) => content as string)
}

const config = Buffer.from(blocks('config')[0] as string)
const layers = [Buffer.alloc(1024), Buffer.alloc(10240)]
const sizes = layers.map(({ length }) => length)

function original(text: string): Manifest {
  const parsed = parseManifest(Buffer.from(text), 'test vector')
  if (parsed.kind !== 'manifest') throw new Error('the test vector is an index')
  return parsed.manifest
}

describe('canonicalManifest', () => {
  const originals = blocks('original').map(original)
  const [docker, oci] = originals as [Manifest, Manifest]

  it('is specified in this version', () => {
    expect(specification).toContain(`# Canonical images, version ${CANONICAL_VERSION}\n`)
    expect(originals).toHaveLength(2)
    expect(originals.map((manifest) => manifest.config.digest)).toEqual([digestOf(config), digestOf(config)])
    expect(parseImageConfig(config, 'test vector').diffIds).toEqual(layers.map((layer) => digestOf(layer)))
  })

  it.each([0, 1])('gives what the specification says for test vector %i', (number) => {
    const { bytes, descriptor, manifest } = canonicalManifest(originals[number] as Manifest, parseImageConfig(config, 'test vector'), sizes)
    expect(bytes.toString()).toBe(blocks('canonical')[number])
    expect(descriptor).toEqual({ mediaType: manifest.mediaType, digest: blocks('digest')[number], size: bytes.length })
    expect(JSON.parse(bytes.toString())).toEqual(manifest)
  })

  it('does not change what is canonical already', () => {
    for (const manifest of originals) {
      const once = canonicalManifest(manifest, parseImageConfig(config, 'test vector'), sizes)
      expect(canonicalManifest(once.manifest, parseImageConfig(config, 'test vector'), sizes).bytes).toEqual(once.bytes)
    }
  })

  it('does not depend on compression, on the order of annotations or on other fields', () => {
    const expected = canonicalManifest(oci, parseImageConfig(config, 'test vector'), sizes).bytes
    const other = {
      artifactType: 'application/example',
      ...oci,
      annotations: Object.fromEntries(Object.entries(oci.annotations ?? {}).toReversed()),
      layers: oci.layers.map((layer) => ({ ...layer, mediaType: MediaType.ociLayerGzip, size: 1, urls: ['https://example.com/'] })),
    }
    expect(canonicalManifest(other, parseImageConfig(config, 'test vector'), sizes).bytes).toEqual(expected)
  })

  it('keeps an image Docker when either of its media types is', () => {
    const mixed = { ...oci, config: docker.config }
    expect(canonicalManifest(mixed, parseImageConfig(config, 'test vector'), sizes).descriptor.mediaType).toBe(MediaType.dockerManifest)
  })

  it('refuses layers that don’t fit the config', () => {
    expect(() => canonicalManifest(docker, parseImageConfig(config, 'test vector'), [1024])).toThrow(expect.objectContaining({ code: 'MANIFEST_INVALID' }))
    const short = { ...docker, layers: docker.layers.slice(1) }
    expect(() => canonicalManifest(short, parseImageConfig(config, 'test vector'), sizes)).toThrow(expect.objectContaining({ code: 'MANIFEST_INVALID' }))
  })
})

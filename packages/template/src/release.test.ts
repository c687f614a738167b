import { digestOf } from '@sealift/oci/digest.ts'
import { MediaType } from '@sealift/oci/media-types.ts'
import { isSealiftError } from '@sealift/oci/sealift-error.ts'
import { describe, expect, test } from 'vitest'
import { canonicalJson } from './canonical-json.ts'
import { parseTemplate } from './parse-template.ts'
import {
  contentOf,
  encodeRelease,
  filesOf,
  imagesOf,
  MAX_RELEASE_BYTES,
  parseRelease,
  platformsOf,
  type Release,
  type ReleaseImage,
  releaseDigest,
} from './release.ts'
import { SHOP } from './template-for-tests.ts'

const template = parseTemplate(SHOP, 'shop.yaml')

function image(reference: string, ...architectures: readonly string[]): ReleaseImage {
  return {
    reference,
    platforms: architectures.map((architecture) => ({
      platform: { os: 'linux', architecture },
      manifest: { mediaType: MediaType.ociManifest, digest: digestOf(`manifest ${reference} ${architecture}`), size: 500 },
      config: { mediaType: MediaType.ociConfig, digest: digestOf(`config ${reference} ${architecture}`), size: 700 },
      layers: [
        { mediaType: MediaType.ociLayer, digest: digestOf(`base ${architecture}`), size: 10_000 },
        { mediaType: MediaType.ociLayer, digest: digestOf(`layer ${reference} ${architecture}`), size: 300 },
      ],
      provenance: {
        source: 'registry',
        verified: 'none',
        originals: [{ mediaType: MediaType.ociIndex, digest: digestOf(`index ${reference}`), size: 900 }],
      },
    })),
  }
}

function release(): Release {
  return {
    apiVersion: 'sealift.dev/v1',
    kind: 'Release',
    application: 'shop',
    version: '1.2.0',
    sequence: 3,
    createdAt: '2026-01-31T12:00:00.000Z',
    template,
    images: {
      'docker.io/library/mariadb:10.11': image('docker.io/library/mariadb:10.11', 'amd64', 'arm64'),
      'shop/web:1.2': image('docker.io/shop/web:1.2', 'amd64', 'arm64'),
      'shop/reports:1.2': image('docker.io/shop/reports:1.2', 'amd64'),
      'shop/check:1.2': image('docker.io/shop/check:1.2', 'amd64'),
    },
    files: {
      './logo.svg': { digest: digestOf('logo'), size: 4 },
      './notes.md': { digest: digestOf('notes'), size: 5 },
      './files/site.cnf': { digest: digestOf('site'), size: 4 },
    },
    published: ['db', 'migrate', 'web', 'reports'],
  }
}

test('what a template names', () => {
  expect(imagesOf(template)).toEqual(['docker.io/library/mariadb:10.11', 'shop/web:1.2', 'shop/reports:1.2', 'shop/check:1.2'])
  expect(filesOf(template)).toEqual(['./logo.svg', './notes.md', './files/site.cnf'])
})

test('a release comes back as it was, and equal releases have equal bytes whatever the order of their fields', () => {
  const bytes = encodeRelease(release())
  expect(parseRelease(bytes)).toEqual(release())
  const { application, ...rest } = release()
  const other = encodeRelease({ ...rest, application })
  expect(releaseDigest(other)).toBe(releaseDigest(bytes))
  expect(releaseDigest(encodeRelease({ ...release(), sequence: 4 }))).not.toBe(releaseDigest(bytes))
})

test('content is every blob once', () => {
  const all = contentOf(release())
  expect(new Set(all.map(({ digest }) => digest)).size).toBe(all.length)
  // Manifest, config and layer for each of 6 images of one platform, 2 bases, 4 indexes, 3 files.
  expect(all).toHaveLength(6 * 3 + 2 + 4 + 3)
  const arm = contentOf(release(), [{ os: 'linux', architecture: 'arm64' }])
  expect(arm).toHaveLength(2 * 3 + 1 + 2 + 3)
  expect(arm.some(({ digest }) => digest === digestOf('base amd64'))).toBe(false)
  expect(platformsOf(release())).toEqual([{ os: 'linux', architecture: 'amd64' }])
})

/** JSON that may be broken anywhere. */
type Loose = { [key: string]: Loose } & Loose[]

const copy = (): Record<string, Loose> => JSON.parse(JSON.stringify(release())) as Record<string, Loose>

describe('a hostile document is refused', () => {
  const web = 'shop/web:1.2'
  const put = (change: (document: Loose) => void): Buffer => {
    const document = copy() as unknown as Loose
    change(document)
    return Buffer.from(canonicalJson(document))
  }
  const set = (target: Loose | undefined, key: string, value: unknown): void => {
    Object.assign(target ?? {}, { [key]: value })
  }
  const platform = (document: Loose): Loose | undefined => document.images?.[web]?.platforms?.[0]

  test.each<readonly [string, Buffer, string]>([
    ['no JSON', Buffer.from('{'), 'is no JSON'],
    ['no UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), 'is not UTF-8'],
    ['too large', Buffer.alloc(MAX_RELEASE_BYTES + 1, 0x20), 'more than the limit'],
    ['too deep', Buffer.from(`${'['.repeat(5000)}${']'.repeat(5000)}`), 'nested deeper'],
    ['spaces', Buffer.from(JSON.stringify(release(), null, 1)), 'canonical form'],
    ['a key twice', Buffer.from(encodeRelease(release()).toString().replace('"sequence":3', '"sequence":2,"sequence":3')), 'canonical form'],
    ['an unknown field', put((d) => set(d, 'extra', 1)), 'extra: unknown field'],
    ['a prototype', Buffer.from(encodeRelease(release()).toString().replace('{"apiVersion"', '{"__proto__":{"x":1},"apiVersion"')), '__proto__'],
    ['another kind', put((d) => set(d, 'kind', 'Application')), 'expected Release'],
    ['a short digest', put((d) => set(platform(d)?.config, 'digest', 'sha256:abc')), 'sha256: and 64'],
    ['a negative size', put((d) => set(platform(d)?.config, 'size', -1)), 'less than 0'],
    ['a broken size', put((d) => set(platform(d)?.config, 'size', 1.5)), 'a whole number'],
    ['another application', put((d) => set(d, 'application', 'other')), 'the template describes shop'],
    ['a bad version', put((d) => set(d, 'version', '../x')), 'version'],
    ['a bad time', put((d) => set(d, 'createdAt', '2026-13-45T12:00:00Z')), 'is no time'],
    ['a bad sequence', put((d) => set(d, 'sequence', 0)), 'less than 1'],
    [
      'an image that is not pinned',
      put((d) => delete (d.images as unknown as Record<string, unknown>)[web]),
      'image "shop/web:1.2" of the template is not pinned',
    ],
    ['an image that nothing names', put((d) => set(d.images, 'evil:1', image('docker.io/library/evil:1', 'amd64'))), 'the template names no such image'],
    [
      'a file that is not pinned',
      put((d) => delete (d.files as unknown as Record<string, unknown>)['./notes.md']),
      'file "./notes.md" of the template is not pinned',
    ],
    ['an image that is another', put((d) => set(d.images?.[web], 'reference', 'docker.io/shop/other:1.2')), 'expected docker.io/shop/web:1.2'],
    ['compressed layers', put((d) => set(platform(d)?.layers?.[0], 'mediaType', MediaType.ociLayerGzip)), 'uncompressed'],
    ['layers of another family', put((d) => set(platform(d)?.layers?.[0], 'mediaType', MediaType.dockerLayer)), 'as the manifest has it'],
    ['a manifest that is none', put((d) => set(platform(d)?.manifest, 'mediaType', MediaType.ociIndex)), 'is no image manifest'],
    ['one digest with two sizes', put((d) => set(platform(d)?.layers?.[0], 'size', 1)), 'elsewhere'],
    ['a platform twice', put((d) => set(d.images?.[web]?.platforms?.[1], 'platform', { os: 'linux', architecture: 'amd64' })), 'is there twice'],
    ['an unknown component published', put((d) => set(d, 'published', ['db', 'ghost'])), 'no component'],
    [
      'a template that contradicts itself',
      put((d) => set(d.template?.components?.[3], 'module', 'ghost')),
      'template.components[3].module: there is no module',
    ],
    ['a mount that climbs', put((d) => set(d.template?.components?.[0]?.volumes?.[0], 'path', '/a/../..')), 'root of the container'],
  ])('%s', (_name, bytes, words) => {
    expect(() => parseRelease(bytes)).toThrow(
      expect.toSatisfy((thrown) => {
        expect(String(thrown)).toContain(words)
        return isSealiftError(thrown, 'RELEASE_INVALID')
      }),
    )
  })
})

test('literals that a vendor allowed do not stop a site', () => {
  const allowed = parseTemplate(SHOP.replace('{name: DOMAIN, value: "${parameters.domain}"}', '{name: API_TOKEN, value: demo}'), 'shop.yaml', {
    allowSecrets: ['web/API_TOKEN'],
  })
  expect(parseRelease(encodeRelease({ ...release(), template: allowed })).template).toEqual(allowed)
})

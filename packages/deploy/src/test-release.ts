import { Readable } from 'node:stream'
import { type Digest, digestOf } from '@sealift/oci/digest.ts'
import { MediaType } from '@sealift/oci/media-types.ts'
import { hostPlatform } from '@sealift/oci/platform.ts'
import { formatReference, parseReference } from '@sealift/oci/reference.ts'
import { encodeRelease, filesOf, imagesOf, type Release, releaseDigest } from '@sealift/template/release.ts'
import { API_VERSION, type Template } from '@sealift/template/schema/template.ts'
import type { ImageArchive } from './driver.ts'
import type { VendorState } from './vendor-state.ts'
import { vendorStateOf } from './vendor-state-of.ts'

/** A release for tests. */
export interface TestRelease {
  readonly release: Release
  readonly digest: Digest
  readonly vendor: VendorState
  /** Contents of its files. */
  readonly contents: ReadonlyMap<string, Buffer>
}

/** The config digest that {@link testRelease} gives an image. */
export function testConfig(image: string): Digest {
  return digestOf(`config of ${image}`)
}

/** A release of the application `shop` with made-up images: the text of an image decides its content. */
export function testRelease(
  version: string,
  sequence: number,
  template: Omit<Template, 'apiVersion' | 'kind' | 'name' | 'release'> & { readonly release?: Partial<Template['release']> },
  files: Readonly<Record<string, string>> = {},
): TestRelease {
  const whole: Template = { apiVersion: API_VERSION, kind: 'Application', name: 'shop', ...template, release: { ...template.release, version } }
  const contents = new Map<string, Buffer>()
  const release: Release = {
    apiVersion: API_VERSION,
    kind: 'Release',
    application: 'shop',
    version,
    sequence,
    createdAt: '2030-01-01T00:00:00.000Z',
    template: whole,
    images: Object.fromEntries(
      imagesOf(whole).map((image) => {
        const descriptor = (mediaType: string, digest: Digest, size: number) => ({ mediaType, digest, size })
        const platform = {
          platform: hostPlatform(),
          manifest: descriptor(MediaType.ociManifest, digestOf(`manifest of ${image}`), 500),
          config: descriptor(MediaType.ociConfig, testConfig(image), 1000),
          layers: [descriptor(MediaType.ociLayer, digestOf(`layer of ${image}`), 10_000)],
          provenance: { source: 'engine', verified: 'none', originals: [] } as const,
        }
        return [image, { reference: formatReference(parseReference(image)), platforms: [platform] }]
      }),
    ),
    files: Object.fromEntries(
      filesOf(whole).map((source) => {
        const content = Buffer.from(files[source] ?? `content of ${source}`)
        contents.set(digestOf(content), content)
        return [source, { digest: digestOf(content), size: content.length }]
      }),
    ),
    published: whole.components.map(({ name }) => name),
  }
  const digest = releaseDigest(encodeRelease(release))
  return { release, digest, vendor: vendorStateOf(release, digest, hostPlatform()), contents }
}

/** An archive of so many bytes for each image, whatever they are. */
export function testArchive(bytes = 4096): ImageArchive {
  return {
    open: (images) => ({ stream: Readable.from(images.map(() => Buffer.alloc(bytes))), size: images.length * bytes }),
  }
}

import { execFileSync, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { BLOCK_SIZE } from '@sealift/content/content-store.ts'
import type { Descriptor } from '@sealift/oci/descriptor.ts'
import { digestOf, hexOf } from '@sealift/oci/digest.ts'
import { MediaType } from '@sealift/oci/media-types.ts'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { asBase, contentsOf, createVendor, publish, type Vendor } from './bundle-fixture.ts'
import { Bundle } from './read/bundle.ts'
import { type NamedImage, unpackToLayout } from './unpack-to-layout.ts'
import { writeBundle } from './write/write-bundle.ts'

const descriptor = (mediaType: string, bytes: Buffer): Descriptor => ({ mediaType, digest: digestOf(bytes), size: bytes.length })

/** An image with one layer, in one of the two formats. */
function image(format: 'oci' | 'docker', layer: Buffer): { readonly blobs: Buffer[]; readonly manifest: Descriptor } {
  const docker = format === 'docker'
  const config = Buffer.from(JSON.stringify({ os: 'linux', architecture: 'amd64', config: {}, rootfs: { type: 'layers', diff_ids: [digestOf(layer)] } }))
  const mediaType = docker ? MediaType.dockerManifest : MediaType.ociManifest
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType,
      config: descriptor(docker ? MediaType.dockerConfig : MediaType.ociConfig, config),
      layers: [descriptor(docker ? MediaType.dockerLayer : MediaType.ociLayer, layer)],
    }),
  )
  return { blobs: [manifest, config, layer], manifest: descriptor(mediaType, manifest) }
}

describe('unpacking to an image layout', () => {
  let vendor: Vendor
  let images: NamedImage[]
  let layers: string[]
  let folder: string
  beforeEach(async () => {
    vendor = await createVendor()
    folder = join(vendor.folder, 'layout')
    const oci = image('oci', randomBytes(BLOCK_SIZE + 1000))
    const docker = image('docker', Buffer.alloc(9 * 1024 * 1024, 'layer '))
    images = [
      { name: 'docker.io/library/shop:1.0', descriptor: oci.manifest },
      { name: 'docker.io/library/db:10', descriptor: docker.manifest },
    ]
    layers = [oci, docker].map(({ blobs }) => digestOf(blobs.at(-1) as Buffer))
    const release = await publish(vendor, '1.0.0', [...oci.blobs, ...docker.blobs])
    await writeBundle({ store: vendor.store, releases: [release], out: vendor.file, key: vendor.key, creator: 'test' })
  })
  afterEach(() => vendor[Symbol.asyncDispose]())

  const unpackIt = () => unpackToLayout(vendor.file, folder, { imagesOf: () => images })

  it('writes every blob plain under its digest', async () => {
    await mkdir(folder)
    const { images: named } = await unpackIt()
    const made = named.map(({ descriptor }) => descriptor.digest)
    const names = await readdir(join(folder, 'blobs', 'sha256'))
    expect(new Set(names.map((name) => `sha256:${name}`))).toEqual(new Set([...(await contentsOf(vendor.store)), ...made]))
    for (const name of names) expect(hexOf(digestOf(await readFile(join(folder, 'blobs', 'sha256', name))))).toBe(name)
    expect(JSON.parse(await readFile(join(folder, 'oci-layout'), 'utf8'))).toEqual({ imageLayoutVersion: '1.0.0' })
  })

  it('is read by skopeo, each image by its name', async (ctx) => {
    if (spawnSync('skopeo', ['--version']).error !== undefined) ctx.skip('skopeo is not installed')
    const { images: named } = await unpackIt()
    expect(named.map(({ name, descriptor }) => [name, descriptor.mediaType])).toEqual(images.map(({ name }) => [name, MediaType.ociManifest]))
    for (const [position, { name, descriptor }] of named.entries()) {
      const inspected = JSON.parse(execFileSync('skopeo', ['inspect', '--no-tags', `oci:${folder}:${name}`]).toString()) as { Digest: string; Layers: string[] }
      expect(inspected.Digest).toBe(descriptor.digest)
      expect(inspected.Layers).toEqual([layers[position]])
      execFileSync('skopeo', ['copy', '--insecure-policy', '-q', `oci:${folder}:${name}`, `dir:${join(vendor.folder, hexOf(descriptor.digest))}`])
    }
  })

  it('refuses a folder with something in it', async () => {
    await mkdir(folder)
    await writeFile(join(folder, 'mine'), 'mine')
    await expect(unpackIt()).rejects.toMatchObject({ code: 'USAGE' })
    expect(await readdir(folder)).toEqual(['mine'])
  })

  it('fills an empty folder that can only stay where it is, such as a mount point or what a link leads to', async () => {
    await mkdir(join(vendor.folder, 'stick'))
    await symlink('stick', folder)
    await unpackIt()
    expect((await readdir(join(vendor.folder, 'stick'))).toSorted()).toEqual(['blobs', 'index.json', 'oci-layout'])
    expect((await readdir(vendor.folder)).toSorted()).toEqual(['layout', 'shop.sealift', 'stick'])
  })

  it.each([{ isThere: false }, { isThere: true }])('leaves nothing of a damaged bundle (in a folder that is there: $isThere)', async ({ isThere }) => {
    if (isThere) await mkdir(folder)
    await using bundle = await Bundle.open(vendor.file)
    const last = bundle.members.at(-1)
    const bytes = await readFile(vendor.file)
    const place = bundle.head.size + (last?.offset ?? 0) + 5
    bytes[place] = (bytes[place] ?? 0) ^ 1
    await writeFile(vendor.file, bytes)
    await expect(unpackIt()).rejects.toMatchObject({ code: 'BUNDLE_DAMAGED' })
    expect(await readdir(vendor.folder, { recursive: true })).toEqual(isThere ? ['layout', 'shop.sealift'] : ['shop.sealift'])
  })

  it('refuses an increment, whose layout would lack layers', async () => {
    const release = await publish(vendor, '2.0.0', [randomBytes(100_000)])
    await writeBundle({ store: vendor.store, releases: [release], out: vendor.file, key: vendor.key, creator: 'test', base: [asBase(release)] })
    await expect(unpackIt()).rejects.toMatchObject({ code: 'BUNDLE_BASE_MISSING' })
  })
})

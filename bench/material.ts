import { statSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { must } from '../testbed/src/command.ts'
import type { Engine } from '../testbed/src/engine.ts'
import { bookshopImages, bookshopTemplate, buildImages } from '../testbed/src/images.ts'
import { type BundledContent, contentOfBundle } from './sealift/in-process.ts'
import { Side } from './sealift/program.ts'

/** The release that everything but the memory is measured with. */
const RELEASE = '2.9'

/** The example application, in every form that something begins from. */
export interface Material {
  readonly vendor: Side
  readonly fingerprint: string
  /** What `sealift export` takes. */
  readonly release: string
  readonly template: string
  /** References of the images in the engine. */
  readonly images: readonly string[]
  readonly bundle: string
  readonly content: BundledContent
  /** An OCI layout with plain layers. */
  readonly layout: string
  /** The layout as one tar. */
  readonly tar: string
  /** The names of the images in the layout. */
  readonly names: readonly string[]
}

/** Publishes and exports the example application, and unpacks it. */
export async function prepareMaterial(folder: string, engine: Engine, program: string): Promise<Material> {
  await buildImages(engine, { releases: [RELEASE] })
  const vendor = new Side(program, join(folder, 'vendor'), engine.host)
  const template = bookshopTemplate(RELEASE)
  const { version } = (await vendor.run('publish', template)) as { readonly version: string }
  const release = `bookshop@${version}`
  const bundle = join(folder, 'bookshop.sealift')
  await vendor.run('export', release, '--out', bundle)
  const layout = join(folder, 'layout')
  await vendor.run('bundle', 'unpack', bundle, '--oci', layout)
  const tar = join(folder, 'plain.tar')
  await must(['tar', '--create', '--file', tar, '--directory', layout, '.'])
  return {
    vendor,
    fingerprint: await vendor.fingerprint(),
    release,
    template,
    images: bookshopImages([RELEASE]),
    bundle,
    content: await contentOfBundle(bundle),
    layout,
    tar,
    names: await namesIn(layout),
  }
}

async function namesIn(layout: string): Promise<readonly string[]> {
  const index = JSON.parse(await must(['cat', join(layout, 'index.json')])) as {
    readonly manifests: readonly { readonly annotations?: Readonly<Record<string, string>> }[]
  }
  return index.manifests.map(({ annotations }) => annotations?.['org.opencontainers.image.ref.name'] ?? '')
}

/** Bytes of all blobs of an OCI layout. */
export async function blobBytes(layout: string): Promise<number> {
  const folder = join(layout, 'blobs', 'sha256')
  return (await readdir(folder)).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)
}

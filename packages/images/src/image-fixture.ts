import { buffer } from 'node:stream/consumers'
import { type Digest, digestOf, hexOf } from '@sealift/oci/digest.ts'
import { pack } from 'tar-stream'

/** A made-up image for tests: its config and its plain layers, lowest first. */
export interface FixtureImage {
  readonly config: Buffer
  readonly configDigest: Digest
  readonly layers: readonly { readonly diffId: Digest; readonly tar: Buffer }[]
}

/** A tar of files and links, in order; a text is content, `{link}` a symbolic link. */
export async function tarOf(entries: readonly (readonly [name: string, content: Buffer | string | { readonly link: string }])[]): Promise<Buffer> {
  const tar = pack()
  for (const [name, content] of entries) {
    if (typeof content === 'string' || Buffer.isBuffer(content)) tar.entry({ name, mtime: new Date(0) }, content)
    else tar.entry({ name, type: 'symlink', linkname: content.link, mtime: new Date(0) })
  }
  tar.finalize()
  return buffer(tar)
}

/** Makes an image whose layers are tars of one file each; equal contents make equal layers. */
export async function fixtureImage(contents: readonly (string | Buffer)[], { architecture = 'amd64', command = '/file0' } = {}): Promise<FixtureImage> {
  const tars = await Promise.all(contents.map((content, position) => tarOf([[`file${position}`, content]])))
  const layers = tars.map((tar) => ({ tar, diffId: digestOf(tar) }))
  const config = Buffer.from(
    `${JSON.stringify({ os: 'linux', architecture, config: { Cmd: [command] }, rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) } }, null, 1)}\n`,
  )
  return { config, configDigest: digestOf(config), layers }
}

/** A `docker save` archive in the layout of Docker before 25: a layer that repeats is a symbolic link, `manifest.json` stands near the end. */
export async function classicArchive(images: readonly { readonly image: FixtureImage; readonly tags: readonly string[] | null }[]): Promise<Buffer> {
  const entries: [string, Buffer | string | { link: string }][] = []
  const folders = new Map<string, string>()
  const manifest = images.map(({ image, tags }, number) => {
    const paths = image.layers.map(({ tar, diffId }, position) => {
      const folder = hexOf(digestOf(`${number}/${position}`))
      const known = folders.get(diffId)
      entries.push([`${folder}/VERSION`, '1.0'], [`${folder}/json`, '{}'])
      if (known === undefined) entries.push([`${folder}/layer.tar`, tar])
      else entries.push([`${folder}/layer.tar`, { link: `../${known}/layer.tar` }])
      folders.set(diffId, known ?? folder)
      return `${folder}/layer.tar`
    })
    entries.push([`${hexOf(image.configDigest)}.json`, image.config])
    return { Config: `${hexOf(image.configDigest)}.json`, RepoTags: tags, Layers: paths }
  })
  entries.push(['manifest.json', JSON.stringify(manifest)], ['repositories', '{}'])
  return tarOf(entries)
}

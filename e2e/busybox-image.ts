import { readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import type { ImageArchive, WantedImage } from '@sealift/deploy/driver.ts'
import { tarOf } from '@sealift/driver-docker/tar.ts'
import { type Digest, digestOf, hexOf } from '@sealift/oci/digest.ts'
import { hostPlatform } from '@sealift/oci/platform.ts'

const BUSYBOX = '/bin/busybox'

/** An image for tests, made without an engine or a registry. */
export interface TestImage extends WantedImage {
  readonly configBytes: Buffer
  readonly layers: ReadonlyMap<Digest, Buffer>
}

/** Why busybox can't be used here, or undefined where it can. */
export function busyboxMissing(): string | undefined {
  let program: Buffer
  try {
    program = readFileSync(BUSYBOX)
  } catch {
    return `${BUSYBOX} is missing: apt-get install busybox-static`
  }
  return program.includes('/lib64/ld-linux') ? `${BUSYBOX} is not static: apt-get install busybox-static` : undefined
}

/**
 * A busybox with one more layer that holds the file /marker.
 * @param env goes into the config only: two images with equal layers can differ in it
 */
export async function busyboxImage(marker: string, env: readonly string[] = []): Promise<TestImage> {
  const program = readFileSync(BUSYBOX)
  const base = await tarOf([
    { name: 'bin/', mode: 0o755 },
    { name: 'bin/busybox', content: program, mode: 0o755 },
    { name: 'bin/sh', content: program, mode: 0o755 },
    { name: 'bin/echo', content: Buffer.from('#!/bin/sh\nexec busybox echo "$@"\n'), mode: 0o755 },
    { name: 'bin/true', content: Buffer.from('#!/bin/sh\nexit 0\n'), mode: 0o755 },
    { name: 'bin/false', content: Buffer.from('#!/bin/sh\nexit 1\n'), mode: 0o755 },
    { name: 'etc/', mode: 0o755 },
    { name: 'etc/passwd', content: Buffer.from('root:x:0:0::/:/bin/sh\n'), mode: 0o644 },
    { name: 'private/', mode: 0o700 },
  ])
  const top = await tarOf([{ name: 'marker', content: Buffer.from(marker), mode: 0o644 }])
  const layers = new Map([base, top].map((layer) => [digestOf(layer), layer]))
  const diffIds = [...layers.keys()]
  const configBytes = Buffer.from(
    JSON.stringify({
      ...hostPlatform(),
      config: { Env: ['PATH=/bin', ...env], Cmd: ['busybox', 'sleep', '1000000'], StopSignal: 'SIGKILL' },
      rootfs: { type: 'layers', diff_ids: diffIds },
    }),
  )
  const config = digestOf(configBytes)
  const localName = `sealift.local/test/busybox:${hexOf(config).slice(0, 20)}`
  return { reference: `busybox:${marker}`, localName, config, diffIds, configBytes, layers }
}

/** An archive as the site's store gives it, and a record of which layers were left out each time. */
export function archiveOf(spoil: (layer: Buffer) => Buffer = (layer) => layer): ImageArchive & { readonly omitted: Digest[][] } {
  const omitted: Digest[][] = []
  return {
    omitted,
    open(images, omit = new Set()) {
      omitted.push([...omit])
      const pieces = (async function* (): AsyncGenerator<Buffer> {
        const entries = new Map<string, Buffer>()
        const manifest = (images as readonly TestImage[]).map(({ localName, config, configBytes, diffIds, layers }) => {
          entries.set(`${hexOf(config)}.json`, configBytes)
          for (const digest of diffIds) if (!omit.has(digest)) entries.set(`${hexOf(digest)}.tar`, spoil(layers.get(digest) ?? Buffer.alloc(0)))
          return { Config: `${hexOf(config)}.json`, RepoTags: [localName], Layers: diffIds.map((digest) => `${hexOf(digest)}.tar`) }
        })
        entries.set('manifest.json', Buffer.from(JSON.stringify(manifest)))
        yield await tarOf([...entries].map(([name, content]) => ({ name, content, mode: 0o644 })))
      })()
      return { stream: Readable.from(pieces), size: 4_000_000 }
    },
  }
}

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ContentStore } from '@sealift/content/content-store.ts'
import { openFilesystemStore } from '@sealift/content/filesystem/filesystem-store.ts'
import { verifyImage } from '@sealift/images/image-content.ts'
import { ingestDockerArchive } from '@sealift/images/ingest-docker-archive.ts'
import { pullImage } from '@sealift/images/pull-image.ts'
import type { StoredImage } from '@sealift/images/stored-image.ts'
import { type ArchivableImage, prepareDockerArchive } from '@sealift/images/write-docker-archive.ts'
import type { Digest } from '@sealift/oci/digest.ts'
import { MediaType } from '@sealift/oci/media-types.ts'
import { createMemoryCatalog, type MemoryCatalog } from '@sealift/registry/memory-catalog.ts'
import { createRegistryHandler } from '@sealift/registry/registry-handler.ts'
import { must, run } from '@sealift/testbed/command.ts'
import { type Engine, startEngine } from '@sealift/testbed/engine.ts'
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest'
import { busyboxMissing } from './busybox-image.ts'

const noBusybox = busyboxMissing()

/** Skips a test that needs a program which this machine lacks, and says so. */
async function requireProgram(ctx: TestContext, program: string): Promise<void> {
  const { code } = await run(['sh', '-c', 'command -v "$0"', program])
  if (code !== 0) ctx.skip(`${program} is missing: apt-get install ${program}`)
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

describe.skipIf(noBusybox !== undefined)(`images between real tools${noBusybox === undefined ? '' : ` (skipped: ${noBusybox})`}`, () => {
  let folder: string
  let engine: Engine
  let store: ContentStore
  let catalog: MemoryCatalog
  let server: Server
  let registry: string
  let images: StoredImage[]
  const faults: unknown[] = []

  const image = (number: 0 | 1): StoredImage => images[number] as StoredImage
  const archivable = (number: 0 | 1): ArchivableImage => ({
    reference: image(number).references[0] ?? '',
    localName: `sealift.local/e2e/shop:${number}`,
    config: image(number).config.digest,
    diffIds: image(number).layers.map(({ digest }) => digest),
  })

  async function build(tag: string, from: string, content: string): Promise<void> {
    const context = join(folder, 'context')
    await rm(context, { recursive: true, force: true })
    await mkdir(context)
    await writeFile(join(context, 'content'), content)
    await writeFile(join(context, 'Dockerfile'), `FROM ${from}\nCOPY content /content\nENV SHOP=1\nCMD ["busybox", "cat", "/content"]\n`)
    await must(['docker', '--host', engine.host, 'build', '--tag', tag, context], { env: { ...process.env, DOCKER_BUILDKIT: '0' } })
  }

  /** What a program writes to its standard output, as it comes; an error when it fails. */
  async function takeIn(argv: readonly string[], into: ContentStore): Promise<StoredImage[]> {
    const [program = '', ...rest] = argv
    const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'inherit'] })
    const ended = once(child, 'exit')
    const taken = await ingestDockerArchive(child.stdout, into)
    expect((await ended)[0]).toBe(0)
    return taken
  }

  async function load(argv: readonly string[], stream: Readable): Promise<void> {
    const [program = '', ...rest] = argv
    const child: ChildProcess = spawn(program, rest, { stdio: ['pipe', 'ignore', 'inherit'] })
    const ended = once(child, 'exit')
    await pipeline(stream, child.stdin as NodeJS.WritableStream)
    expect((await ended)[0]).toBe(0)
  }

  async function emptyEngine(): Promise<void> {
    await engine.docker('image', 'prune', '--all', '--force')
    expect(await engine.docker('images', '--all', '--quiet')).toBe('')
  }

  const saved = (): string[] => ['docker', '--host', engine.host, 'save', 'shop:1', 'shop:2']

  beforeAll(async () => {
    folder = await mkdtemp('/var/tmp/sealift-e2e-registry-')
    engine = await startEngine({ name: 'e2e-registry', dataRoot: join(folder, 'engine'), socket: join(folder, 'docker.sock') })
    store = await openFilesystemStore(join(folder, 'store'))
    await mkdir(join(folder, 'root', 'bin'), { recursive: true })
    await copyFile('/bin/busybox', join(folder, 'root', 'bin', 'busybox'))
    await writeFile(join(folder, 'root', 'large'), Buffer.alloc(20_000_000, 'not all zero '))
    await must(['tar', '--create', '--file', join(folder, 'base.tar'), '--directory', join(folder, 'root'), '.'])
    await must(['docker', '--host', engine.host, 'import', '--change', 'ENV PATH=/bin', join(folder, 'base.tar'), 'base:1'])
    await build('shop:1', 'base:1', 'first')
    await build('shop:2', 'shop:1', 'second')
    // The engine saves images in no particular order.
    images = (await takeIn(saved(), store)).toSorted((a, b) => ((a.references[0] ?? '') < (b.references[0] ?? '') ? -1 : 1))

    catalog = createMemoryCatalog(store)
    await catalog.add('docker.io/library/shop', image(0).manifest.digest, ['1'])
    await catalog.add('docker.io/library/shop', image(1).manifest.digest, ['2', 'latest'])
    const handler = createRegistryHandler({ store, catalog, onFault: (fault) => faults.push(fault) })
    server = createServer((request, response) => void handler(request, response)).listen(0, '127.0.0.1')
    await once(server, 'listening')
    registry = `127.0.0.1:${(server.address() as AddressInfo).port}`
  })

  afterAll(async () => {
    server?.closeAllConnections()
    server?.close()
    await engine?.stop()
    if (folder !== undefined) await rm(folder, { recursive: true, force: true })
    expect(faults).toEqual([])
  })

  it('takes in what docker save writes', async () => {
    expect(images.map(({ references }) => references)).toEqual([['shop:1'], ['shop:2']])
    expect(image(1).layers.slice(0, 2)).toEqual(image(0).layers)
    for (const [number, stored] of images.entries()) {
      await verifyImage(store, stored, `image shop:${number + 1}`, { readLayers: true })
      expect(await engine.docker('image', 'inspect', '--format', '{{.Id}}', `shop:${number + 1}`)).toBe(stored.config.digest)
    }
  })

  it('writes what docker load takes', async () => {
    await emptyEngine()
    const wanted = [archivable(0), archivable(1)]
    await load(['docker', '--host', engine.host, 'load'], (await prepareDockerArchive(store, wanted)).open(wanted).stream)
    expect(await engine.docker('image', 'inspect', '--format', '{{.Id}}', wanted[1]?.localName as string)).toBe(image(1).config.digest)
    expect(await engine.docker('run', '--rm', '--network', 'none', '--user', '0', wanted[1]?.localName as string)).toBe('second')
  })

  it('leaves out what the engine has', async () => {
    await emptyEngine()
    const archive = await prepareDockerArchive(store, [archivable(0), archivable(1)])
    await load(['docker', '--host', engine.host, 'load'], archive.open([archivable(0)]).stream)
    const { stream, size } = archive.open([archivable(1)], new Set(archivable(0).diffIds))
    expect(size).toBeLessThan(100_000)
    await load(['docker', '--host', engine.host, 'load'], stream)
    expect(await engine.docker('run', '--rm', '--network', 'none', archivable(1).localName)).toBe('second')
  })

  it.each(['tag', 'digest'])('lets docker pull by %s', async (by) => {
    await emptyEngine()
    const name = `${registry}/docker.io/library/shop${by === 'tag' ? ':2' : `@${image(1).manifest.digest}`}`
    await engine.docker('pull', name)
    expect(await engine.docker('image', 'inspect', '--format', '{{.Id}}', name)).toBe(image(1).config.digest)
    expect(await engine.docker('image', 'inspect', '--format', '{{index .RepoDigests 0}}', name)).toContain(image(1).manifest.digest)
    expect(await engine.docker('run', '--rm', '--network', 'none', name)).toBe('second')
  })

  it('lets skopeo inspect and copy', async (ctx) => {
    await requireProgram(ctx, 'skopeo')
    const source = `docker://${registry}/docker.io/library/shop:1`
    const inspected = JSON.parse(await must(['skopeo', 'inspect', '--tls-verify=false', source])) as Record<string, unknown>
    expect(inspected).toMatchObject({ Digest: image(0).manifest.digest, RepoTags: ['1', '2', 'latest'], Layers: image(0).layers.map(({ digest }) => digest) })
    await must(['skopeo', 'copy', '--src-tls-verify=false', source, `dir:${join(folder, 'dir')}`])
    for (const { digest, size } of [image(0).config, ...image(0).layers]) {
      expect((await readFile(join(folder, 'dir', digest.slice(7)))).length).toBe(size)
    }
    expect(await readFile(join(folder, 'dir', 'manifest.json'), 'utf8')).toContain(image(0).config.digest)
  })

  it('lets skopeo copy an OCI image with every digest kept', async (ctx) => {
    await requireProgram(ctx, 'skopeo')
    await must([
      'skopeo',
      'copy',
      '--src-tls-verify=false',
      '--format',
      'oci',
      `docker://${registry}/docker.io/library/shop:1`,
      `oci-archive:${join(folder, 'shop.oci')}:shop:1`,
    ])
    const [stored] = await takeIn(['cat', join(folder, 'shop.oci')], store)
    expect(stored?.manifest.mediaType).toBe(MediaType.ociManifest)
    expect(stored?.layers.map(({ digest }) => digest)).toEqual(image(0).layers.map(({ digest }) => digest))
    await verifyImage(store, stored as StoredImage, 'oci', { readLayers: true })

    await catalog.add('oci/shop', (stored as StoredImage).manifest.digest, ['1'])
    const layout = join(folder, 'layout')
    await must([
      'skopeo',
      'copy',
      '--src-tls-verify=false',
      '--preserve-digests',
      '--dest-oci-accept-uncompressed-layers',
      `docker://${registry}/oci/shop:1`,
      `oci:${layout}:1`,
    ])
    const { manifests } = JSON.parse(await readFile(join(layout, 'index.json'), 'utf8')) as { manifests: { digest: Digest }[] }
    expect(manifests[0]?.digest).toBe(stored?.manifest.digest)
    await emptyEngine()
    await engine.docker('pull', `${registry}/oci/shop:1`)
    expect(await engine.docker('run', '--rm', '--network', 'none', `${registry}/oci/shop:1`)).toBe('first')
  })

  describe('podman', () => {
    const podman = (...argv: string[]): string[] => {
      const storage = ['--root', join(folder, 'podman'), '--runroot', join(folder, 'podman-run'), '--storage-driver', 'vfs']
      return ['podman', ...storage, '--events-backend', 'file', '--cgroup-manager', 'cgroupfs', ...argv]
    }

    it('pulls, and its archives are taken in', async (ctx) => {
      await requireProgram(ctx, 'podman')
      const name = `${registry}/docker.io/library/shop:1`
      await must(podman('pull', '--tls-verify=false', name))
      expect(await must(podman('image', 'inspect', '--format', '{{.Id}}', name))).toBe(image(0).config.digest.slice(7))
      for (const format of ['docker-archive', 'oci-archive']) {
        const [stored] = await takeIn(podman('save', '--quiet', '--format', format, name), store)
        await verifyImage(store, stored as StoredImage, format, { readLayers: true })
        expect(stored?.layers.map(({ digest }) => digest)).toEqual(image(0).layers.map(({ digest }) => digest))
        expect(stored?.references).toEqual([name])
      }
    })

    it('loads what is written for docker load', async (ctx) => {
      await requireProgram(ctx, 'podman')
      const wanted = [archivable(0), archivable(1)]
      await load(podman('load', '--quiet'), (await prepareDockerArchive(store, wanted)).open(wanted).stream)
      expect(await must(podman('image', 'inspect', '--format', '{{.Id}}', archivable(1).localName))).toBe(image(1).config.digest.slice(7))
    })
  })

  it('pulls gzip layers from a plain registry that docker pushed to', async (ctx) => {
    await requireProgram(ctx, 'docker-registry')
    await requireProgram(ctx, 'skopeo')
    const port = await freePort()
    const config = join(folder, 'registry.yml')
    await writeFile(
      config,
      `version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: ${join(folder, 'registry')}}}\nhttp: {addr: "127.0.0.1:${port}"}\n`,
    )
    const plain = spawn('docker-registry', ['serve', config], { stdio: 'ignore' })
    try {
      await must(['sh', '-c', `for i in $(seq 100); do curl -sf http://127.0.0.1:${port}/v2/ && exit 0; sleep 0.1; done; exit 1`])
      await emptyEngine()
      await load(['docker', '--host', engine.host, 'load'], (await prepareDockerArchive(store, [archivable(1)])).open([archivable(1)]).stream)
      await engine.docker('tag', archivable(1).localName, `127.0.0.1:${port}/shop:2`)
      await engine.docker('push', `127.0.0.1:${port}/shop:2`)

      const fresh = await openFilesystemStore(join(folder, 'fresh'))
      const [pulled] = await pullImage(`127.0.0.1:${port}/shop:2`, fresh)
      await verifyImage(fresh, pulled as StoredImage, 'pulled', { readLayers: true })
      // What the engine pushed compressed is, once more canonical, what it saved.
      expect({ ...pulled, references: [], provenance: {} }).toEqual({ ...image(1), references: [], provenance: {} })
      expect(pulled?.provenance.originals).toHaveLength(1)
    } finally {
      plain.kill()
    }
  })
})

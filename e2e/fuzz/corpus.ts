import { createPrivateKey } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BaseRelease } from '@sealift/bundle/format/bundle-index.ts'
import { type KeyPair, parsePrivateKey } from '@sealift/bundle/signature/key-pair.ts'
import { PayloadType } from '@sealift/bundle/signature/payload-type.ts'
import { sign } from '@sealift/bundle/signature/signature.ts'
import { firstRoot, nextRoot } from '@sealift/bundle/trust/make-root.ts'
import type { SignedRoot } from '@sealift/bundle/trust/root-chain.ts'
import type { ReleaseToBundle, RootToBundle } from '@sealift/bundle/write/bundle-contents.ts'
import { writeBundle } from '@sealift/bundle/write/write-bundle.ts'
import type { ContentStore } from '@sealift/content/content-store.ts'
import { createMemoryStore } from '@sealift/content/memory/memory-store.ts'
import { readBlob, writeBlob } from '@sealift/content/read-blob.ts'
import { fixtureImage } from '@sealift/images/image-fixture.ts'
import { storeCanonical } from '@sealift/images/store-canonical.ts'
import type { StoredImage } from '@sealift/images/stored-image.ts'
import type { Digest } from '@sealift/oci/digest.ts'
import { parseImageConfig } from '@sealift/oci/image-config.ts'
import { MediaType } from '@sealift/oci/media-types.ts'
import { formatPlatform } from '@sealift/oci/platform.ts'
import { contentOf, encodeRelease, type Release, releaseDigest } from '@sealift/template/release.ts'
import { putTogether, type RawIndex, takeApart, withIndex } from './hostile-file.ts'
import { Random } from './random.ts'

/** A sound bundle to be made unsound. */
export interface Sample {
  readonly name: string
  readonly bytes: Buffer
  /** What the site has before. */
  readonly base: readonly Buffer[]
  readonly unsigned: boolean
}

/** Sound bundles of every shape, small enough that thousands can be tried, and who made them. */
export interface Corpus {
  readonly key: KeyPair
  /** A key that no site trusts. */
  readonly stranger: KeyPair
  readonly samples: readonly Sample[]
  /** The documents of a release and of trust roots, with all blobs, to write bundles of changed ones. */
  readonly release: Release
  readonly roots: readonly SignedRoot[]
  readonly blobs: ReadonlyMap<Digest, Buffer>
}

const CREATED = '2026-01-31T12:00:00.000Z'

/** The same bundles for the same seed, but for when their roots were made and what zstd makes of their content. */
export async function makeCorpus(seed: string): Promise<Corpus> {
  const random = new Random(seed)
  const folder = await mkdtemp(join(tmpdir(), 'sealift-fuzz-'))
  try {
    return await new CorpusMaker(random, folder).make()
  } finally {
    await rm(folder, { recursive: true })
  }
}

class CorpusMaker {
  readonly #random: Random
  readonly #file: string
  readonly #store: ContentStore = createMemoryStore()
  readonly #key: KeyPair
  readonly #samples: Sample[] = []

  constructor(random: Random, folder: string) {
    this.#random = random
    this.#file = join(folder, 'sample.sealift')
    this.#key = keyOf(random.fork('key'))
  }

  async make(): Promise<Corpus> {
    const amd64 = await this.#image('amd64', [this.#random.bytes(700), 'words '.repeat(40)])
    const arm64 = await this.#image('arm64', [this.#random.bytes(300)])
    const large = await this.#image('amd64', ['text '.repeat(15_000), this.#random.bytes(70_000)])
    const files = [Buffer.from('port = 1\n'), Buffer.alloc(0), this.#random.bytes(2000)]
    const release = await this.#release('1.0.0', 1, [[amd64, arm64]], files)
    const second = await this.#release('2.0.0', 2, [[amd64], [large]], files)
    const bare = await this.#release('3.0.0', 3, [], [])
    const roots = await this.#roots()
    const chain = await this.#storeRoots(roots)

    await this.#sample('small content in a pack', [release])
    await this.#sample('plain and compressed entries', [second])
    await this.#sample('several releases', [release, second, bare], { roots: [chain] })
    await this.#sample('trust roots', [bare], { roots: [chain] })
    await this.#sample('an increment', [second], { base: release })
    await this.#sample('one platform', [{ ...release, platforms: [formatPlatform(arm64.platform)], content: await this.#contentFor(release, arm64) }])
    await this.#sample('unsigned', [bare], { key: 'unsigned' })
    await this.#sample('nothing', [])
    const blocks = await this.#image('amd64', [Buffer.alloc(4 * 1024 * 1024 + 999, 'a block and more ')])
    await this.#sample('several blocks', [await this.#release('4.0.0', 4, [[blocks]], [])])

    const blobs = new Map<Digest, Buffer>()
    for (const digest of [release.digest, release.signature, ...release.content]) blobs.set(digest, await readBlob(this.#store, digest))
    const document = await readBlob(this.#store, release.digest)
    return {
      key: this.#key,
      stranger: keyOf(this.#random.fork('stranger')),
      samples: this.#samples,
      release: JSON.parse(document.toString()) as Release,
      roots,
      blobs,
    }
  }

  async #image(architecture: string, contents: readonly (string | Buffer)[]): Promise<StoredImage> {
    const image = await fixtureImage(contents, { architecture })
    for (const { tar } of image.layers) await writeBlob(this.#store, tar)
    const plain = image.layers.map(({ diffId, tar }) => ({ mediaType: MediaType.ociLayer, digest: diffId, size: tar.length }))
    const config = { mediaType: MediaType.ociConfig, digest: image.configDigest, size: image.config.length }
    const original = { schemaVersion: 2 as const, mediaType: MediaType.ociManifest, config, layers: plain }
    const originalDigest = await writeBlob(this.#store, Buffer.from(JSON.stringify(original)))
    return storeCanonical(this.#store, {
      references: [],
      original,
      configBytes: image.config,
      config: parseImageConfig(image.config, 'sample'),
      plainSizes: plain.map(({ size }) => size),
      provenance: {
        source: 'registry',
        verified: 'not-verified',
        originals: [{ mediaType: MediaType.ociManifest, digest: originalDigest, size: Buffer.byteLength(JSON.stringify(original)) }],
      },
    })
  }

  async #release(version: string, sequence: number, images: readonly (readonly StoredImage[])[], contents: readonly Buffer[]): Promise<ReleaseToBundle> {
    const files: Release['files'] = {}
    for (const [number, bytes] of contents.entries()) files[`./files/${number}`] = { digest: await writeBlob(this.#store, bytes), size: bytes.length }
    const names = images.map((_, number) => `shop/part${number}:1`)
    const mounted = Object.keys(files).map((source, number) => ({ path: `/etc/${number}`, source }))
    const release: Release = {
      apiVersion: 'sealift.dev/v1',
      kind: 'Release',
      application: 'shop',
      version,
      sequence,
      createdAt: CREATED,
      template: {
        apiVersion: 'sealift.dev/v1',
        kind: 'Application',
        name: 'shop',
        components:
          names.length === 0
            ? [{ name: 'outside', workload: 'external', address: 'db.example' }]
            : names.map((image, number) => ({ name: `part${number}`, workload: 'stateless', image, ...(number === 0 ? { files: mounted } : {}) })),
      },
      images: Object.fromEntries(
        names.map((name, number) => [
          name,
          {
            reference: `docker.io/${name}`,
            platforms: (images[number] ?? []).map(({ platform, manifest, config, layers, provenance }) => ({ platform, manifest, config, layers, provenance })),
          },
        ]),
      ),
      files,
      published: names.length === 0 ? ['outside'] : names.map((_, number) => `part${number}`),
    }
    const bytes = encodeRelease(release)
    await writeBlob(this.#store, bytes)
    const signature = await writeBlob(this.#store, sign(this.#key, PayloadType.release, bytes))
    const content = contentOf(release).map(({ digest }) => digest)
    return { application: 'shop', version, sequence, digest: releaseDigest(bytes), signature, content }
  }

  async #contentFor({ digest }: ReleaseToBundle, { platform }: StoredImage): Promise<readonly Digest[]> {
    const release = JSON.parse((await readBlob(this.#store, digest)).toString()) as Release
    return contentOf(release, [platform]).map((descriptor) => descriptor.digest)
  }

  async #roots(): Promise<readonly SignedRoot[]> {
    const other = keyOf(this.#random.fork('other'))
    const first = firstRoot([this.#key], { name: 'Vendor' })
    const second = nextRoot(first, { add: [other] }, [this.#key])
    return [first, second, nextRoot(second, { states: new Map([[other.fingerprint, 'revoked']]) }, [this.#key])]
  }

  async #storeRoots(roots: readonly SignedRoot[]): Promise<readonly RootToBundle[]> {
    const stored: RootToBundle[] = []
    for (const { document, signatures } of roots) {
      const written: Digest[] = []
      for (const signature of signatures) written.push(await writeBlob(this.#store, signature))
      stored.push({ digest: await writeBlob(this.#store, document), signatures: written })
    }
    return stored
  }

  async #sample(
    name: string,
    releases: readonly ReleaseToBundle[],
    { key = this.#key, base, roots = [] }: { key?: KeyPair | 'unsigned'; base?: ReleaseToBundle; roots?: readonly (readonly RootToBundle[])[] } = {},
  ): Promise<void> {
    const has = new Set(base?.content)
    await writeBundle({
      store: this.#store,
      releases,
      roots,
      out: this.#file,
      key,
      creator: 'fuzz',
      base: base === undefined ? [] : [asBase(base)],
      omit: (digest) => has.has(digest),
    })
    const file = takeApart(await readFile(this.#file))
    const index = JSON.parse(file.index.toString()) as RawIndex
    const steady = { ...index, bundleId: '0'.repeat(32), createdAt: CREATED }
    const bytes = putTogether(withIndex(file, Buffer.from(JSON.stringify(steady)), this.#key))
    const there: Buffer[] = []
    for (const digest of has) there.push(await readBlob(this.#store, digest))
    this.#samples.push({ name, bytes, base: there, unsigned: key === 'unsigned' })
  }
}

const asBase = ({ application, version, digest }: ReleaseToBundle): BaseRelease => ({ application, version, digest })

/** An Ed25519 key from numbers: the fixed head of its PKCS #8 form, then 32 bytes. */
function keyOf(random: Random): KeyPair {
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), random.bytes(32)])
  return parsePrivateKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }).export({ type: 'pkcs8', format: 'pem' }).toString(), 'fuzz')
}

import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BLOCK_SIZE, type ContentStore } from '@sealift/content/content-store.ts'
import { createMemoryStore } from '@sealift/content/memory/memory-store.ts'
import { writeBlob } from '@sealift/content/read-blob.ts'
import { createDigester, type Digest, isDigest } from '@sealift/oci/digest.ts'
import { encodeTarHeader, paddingOf, readTarSize, TAR_BLOCK, tarMemberSize } from '@sealift/oci/tar-header.ts'
import type { BaseRelease } from './format/bundle-index.ts'
import { headSize, INDEX_NAME, SIGNATURE_NAME } from './format/layout.ts'
import type { ImportBundleOptions } from './import-bundle.ts'
import { generateKeyPair, type KeyPair } from './signature/key-pair.ts'
import { PayloadType } from './signature/payload-type.ts'
import { sign } from './signature/signature.ts'
import type { SignedRoot } from './trust/root-chain.ts'
import type { ReleaseToBundle, RootToBundle } from './write/bundle-contents.ts'

/** A vendor's side for tests: a store, a key, and a folder that goes away with it. */
export interface Vendor extends AsyncDisposable {
  readonly store: ContentStore
  readonly key: KeyPair
  readonly folder: string
  readonly file: string
}

/** A vendor with nothing published. */
export async function createVendor(): Promise<Vendor> {
  const folder = await mkdtemp(join(tmpdir(), 'sealift-bundle-'))
  return {
    store: createMemoryStore(),
    key: generateKeyPair(),
    folder,
    file: join(folder, 'shop.sealift'),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}

/** Publishes a release whose document lists the digests of its content. */
export async function publish(vendor: Vendor, version: string, content: readonly Buffer[], signedBy: KeyPair = vendor.key): Promise<ReleaseToBundle> {
  const digests: Digest[] = []
  for (const bytes of content) digests.push(await writeBlob(vendor.store, bytes))
  const document = Buffer.from(JSON.stringify({ name: 'shop', version, content: digests }))
  return {
    application: 'shop',
    version,
    sequence: Number.parseInt(version, 10),
    digest: await writeBlob(vendor.store, document),
    signature: await writeBlob(vendor.store, sign(signedBy, PayloadType.release, document)),
    content: digests,
  }
}

/** Stores trust roots as a bundle lists them. */
export async function storeRoots(vendor: Vendor, roots: readonly SignedRoot[]): Promise<readonly RootToBundle[]> {
  const stored: RootToBundle[] = []
  for (const { document, signatures } of roots) {
    const written: Digest[] = []
    for (const signature of signatures) written.push(await writeBlob(vendor.store, signature))
    stored.push({ digest: await writeBlob(vendor.store, document), signatures: written })
  }
  return stored
}

/** A release as the base of an increment. */
export function asBase({ application, version, digest }: ReleaseToBundle): BaseRelease {
  return { application, version, digest }
}

/** What {@link publish} put into a document. */
export function contentOf({ document }: { readonly document: Buffer }): readonly Digest[] {
  return (JSON.parse(document.toString()) as { content: unknown[] }).content.filter(isDigest)
}

/** How a site that trusts one key imports. */
export function siteOptions(store: ContentStore, key: KeyPair, more: Partial<ImportBundleOptions> = {}): ImportBundleOptions {
  return { store, trusted: (fingerprint) => fingerprint === key.fingerprint, contentOf, ...more }
}

/** Content that covers every way to travel: packed, plain and compressed entries, of one block and of several. */
export function mixedContent(): readonly Buffer[] {
  return [
    Buffer.from('{"a":"manifest"}'),
    randomBytes(3000),
    Buffer.alloc(0),
    Buffer.alloc(64 * 1024 + 1, 'text that repeats. '),
    randomBytes(100_000),
    Buffer.concat([randomBytes(BLOCK_SIZE), Buffer.alloc(BLOCK_SIZE, 'words '), randomBytes(777)]),
    randomBytes(2 * BLOCK_SIZE),
  ]
}

/** The digests of all that a store holds, each computed from the bytes that it gives out. */
export async function contentsOf(store: ContentStore): Promise<ReadonlySet<Digest>> {
  const digests: Digest[] = []
  for await (const { digest } of store.list()) {
    const digester = createDigester()
    for await (const bytes of store.read(digest)) digester.update(bytes)
    const found = digester.digest()
    if (found !== digest) throw new Error(`the store gives out ${found} as ${digest}`)
    digests.push(digest)
  }
  return new Set(digests.toSorted())
}

/** The parts of a bundle's file, to be changed and put together again. */
export interface BundleParts {
  readonly index: Buffer
  readonly signature: Buffer
  /** Everything after the head. */
  readonly body: Buffer
}

/** Takes a sound bundle apart. */
export async function takeApart(path: string): Promise<BundleParts> {
  const bytes = await readFile(path)
  const indexSize = readTarSize(bytes.subarray(0, TAR_BLOCK), INDEX_NAME) ?? 0
  const signatureAt = tarMemberSize(indexSize)
  const signatureSize = readTarSize(bytes.subarray(signatureAt, signatureAt + TAR_BLOCK), SIGNATURE_NAME) ?? 0
  return {
    index: bytes.subarray(TAR_BLOCK, TAR_BLOCK + indexSize),
    signature: bytes.subarray(signatureAt + TAR_BLOCK, signatureAt + TAR_BLOCK + signatureSize),
    body: bytes.subarray(headSize(indexSize, signatureSize)),
  }
}

/** Writes parts as one file, whatever they are. */
export async function putTogether(path: string, { index, signature, body }: BundleParts): Promise<void> {
  const member = (name: string, bytes: Buffer): Buffer[] => [encodeTarHeader(name, bytes.length), bytes, Buffer.alloc(paddingOf(bytes.length))]
  await writeFile(path, Buffer.concat([...member(INDEX_NAME, index), ...member(SIGNATURE_NAME, signature), body]))
}

/** An index as JSON, to be changed freely. */
export interface RawIndex {
  [field: string]: unknown
  packs: RawMember[]
  entries: RawMember[]
  releases: object[]
}

/** A pack or an entry of a {@link RawIndex}. */
export interface RawMember {
  [field: string]: unknown
  offset: number
  encodedSize: number
  blocks: unknown[]
  contents?: object[]
}

/** Changes the index of a bundle and signs it anew: what a holder of the key could write. */
export async function forge(path: string, key: KeyPair, change: (index: RawIndex) => void): Promise<void> {
  const parts = await takeApart(path)
  const json = JSON.parse(parts.index.toString()) as RawIndex
  change(json)
  const index = Buffer.from(JSON.stringify(json))
  await putTogether(path, { ...parts, index, signature: sign(key, PayloadType.bundleIndex, index) })
}

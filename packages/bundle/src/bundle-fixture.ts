import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BLOCK_SIZE, type ContentStore } from '@sealift/content/content-store.ts'
import { createMemoryStore } from '@sealift/content/memory/memory-store.ts'
import { writeBlob } from '@sealift/content/read-blob.ts'
import { createDigester, type Digest, isDigest } from '@sealift/oci/digest.ts'
import type { ImportBundleOptions } from './import-bundle.ts'
import { generateKeyPair, type KeyPair } from './signature/key-pair.ts'
import { PayloadType } from './signature/payload-type.ts'
import { sign } from './signature/signature.ts'
import type { ReleaseToBundle } from './write/bundle-contents.ts'

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

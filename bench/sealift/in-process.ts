import { importBundle } from '@sealift/bundle/import-bundle.ts'
import { Bundle } from '@sealift/bundle/read/bundle.ts'
import { carriedBlobs } from '@sealift/bundle/read/bundled-blobs.ts'
import { generateKeyPair } from '@sealift/bundle/signature/key-pair.ts'
import type { ReleaseToBundle } from '@sealift/bundle/write/bundle-contents.ts'
import { writeBundle } from '@sealift/bundle/write/write-bundle.ts'
import { openFilesystemStore } from '@sealift/content/filesystem/filesystem-store.ts'

/** What a bundle carries, as the export of it is told. */
export interface BundledContent {
  readonly releases: readonly ReleaseToBundle[]
  readonly blobs: number
  /** Plain bytes. */
  readonly size: number
}

/** Reads from a bundle what it carries. */
export async function contentOfBundle(path: string): Promise<BundledContent> {
  await using bundle = await Bundle.open(path)
  const blobs = [...carriedBlobs(bundle)]
  const { releases } = bundle.head.index
  const own = new Set(releases.flatMap(({ digest, signature }) => [digest, signature]))
  const content = blobs.map(({ digest }) => digest).filter((digest) => !own.has(digest))
  return { releases: releases.map((release) => ({ ...release, content })), blobs: blobs.length, size: blobs.reduce((sum, { size }) => sum + size, 0) }
}

/** Exports from a content store, as `sealift export` does once it runs. */
export async function exportInProcess(content: BundledContent, store: string, out: string): Promise<void> {
  await writeBundle({ store: await openFilesystemStore(store), releases: content.releases, out, key: generateKeyPair(), creator: 'bench' })
}

/** Imports into a content store, as `sealift import` does once it runs. */
export async function importInProcess(path: string, store: string): Promise<void> {
  await importBundle(path, { store: await openFilesystemStore(store), trusted: () => true, contentOf: () => [] })
}

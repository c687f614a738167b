import { type BundleIndex, type EncodedBytes, type FEATURES, FORMAT_NAME, FORMAT_VERSION } from './bundle-index.ts'

/** The bytes of an index, as they are signed and written. */
export function serializeIndex(index: BundleIndex): Buffer {
  const { packs, entries, base, requires, roots, ...rest } = index
  const features: (typeof FEATURES)[number][] = index.releases.some(({ platforms }) => platforms !== undefined) ? ['platforms'] : []
  return Buffer.from(
    JSON.stringify({
      format: FORMAT_NAME,
      version: FORMAT_VERSION,
      ...(features.length === 0 ? {} : { features }),
      ...rest,
      ...(roots.length === 0 ? {} : { roots }),
      ...(base.length === 0 ? {} : { base }),
      ...(requires.length === 0 ? {} : { requires }),
      packs: packs.map(withBlockPairs),
      entries: entries.map(withBlockPairs),
    }),
  )
}

/** Blocks as `[size, sha256]`: they are most of an index. */
function withBlockPairs(bytes: EncodedBytes): object {
  return { ...bytes, blocks: bytes.blocks.map(({ size, sha256 }) => [size, sha256]) }
}

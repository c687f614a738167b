import { createHash } from 'node:crypto'
import { encodeTarHeader, paddingOf, TAR_END } from '@sealift/oci/tar-header.ts'
import { createPool } from './pool.ts'
import { createRandom } from './random.ts'

const LAYERS = 8

/**
 * An image archive that `docker load` takes: one image of several layers with many files of many sizes.
 * @param size plain bytes of all layers, about
 */
export async function* syntheticArchive(reference: string, size: number): AsyncGenerator<Buffer> {
  const pool = createPool()
  const diffIds: string[] = []
  const names = Array.from({ length: LAYERS }, (_, layer) => `layer-${layer}.tar`)
  for (const [layer, name] of names.entries()) {
    const files = filesOf(layer, Math.floor(size / LAYERS), pool.length)
    const total = files.reduce((sum, file) => sum + 512 + file.size + paddingOf(file.size), 0) + TAR_END
    yield encodeTarHeader(name, total)
    const sha256 = createHash('sha256')
    for (const piece of layerBytes(files, layer, pool)) {
      sha256.update(piece)
      yield piece
    }
    diffIds.push(`sha256:${sha256.digest('hex')}`)
    yield Buffer.alloc(paddingOf(total))
  }
  const config = {
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    os: 'linux',
    config: { Cmd: ['/none'] },
    rootfs: { type: 'layers', diff_ids: diffIds },
  }
  yield* document('config.json', config)
  yield* document('manifest.json', [{ Config: 'config.json', RepoTags: [reference], Layers: names }])
  yield Buffer.alloc(TAR_END)
}

interface SyntheticFile {
  readonly size: number
  /** Where its bytes are in the pool. */
  readonly from: number
}

function filesOf(layer: number, layerSize: number, poolSize: number): readonly SyntheticFile[] {
  const random = createRandom(1000 + layer)
  const files: SyntheticFile[] = []
  for (let left = layerSize; left > 0; ) {
    // Many small files, and most bytes in the large ones.
    const size = Math.min(left, 1 + random(1 << (10 + random(13))))
    files.push({ size, from: random(poolSize - size) })
    left -= size
  }
  return files
}

function* layerBytes(files: readonly SyntheticFile[], layer: number, pool: Buffer): Generator<Buffer> {
  for (const [position, { size, from }] of files.entries()) {
    yield encodeTarHeader(`layer-${layer}/${position % 97}/${position}`, size)
    yield pool.subarray(from, from + size)
    yield Buffer.alloc(paddingOf(size))
  }
  yield Buffer.alloc(TAR_END)
}

function* document(name: string, content: unknown): Generator<Buffer> {
  const bytes = Buffer.from(JSON.stringify(content))
  yield encodeTarHeader(name, bytes.length)
  yield bytes
  yield Buffer.alloc(paddingOf(bytes.length))
}

import { type Digest, digestOf, hexOf } from '@sealift/oci/digest.ts'
import { pauseProgram } from './pause-program.ts'
import { tarOf } from './tar.ts'

/** Rises when the bytes below change, so that holders of different versions stand side by side. */
const HOLDER_VERSION = 1

/** The image of the holder: the container that owns a replica's network and does nothing else. */
export interface HolderImage {
  readonly name: string
  readonly diffIds: readonly [Digest]
  /** A `docker load` archive of it; the same bytes each time. */
  readonly archive: Buffer
}

/**
 * Makes the holder's image for an architecture.
 * @throws SealiftError `ENGINE_UNSUPPORTED` where there is no holder for it
 */
export async function createHolderImage(architecture: string): Promise<HolderImage> {
  const name = `sealift.local/holder:${HOLDER_VERSION}-${architecture}`
  const layer = await tarOf([{ name: 'pause', content: pauseProgram(architecture), mode: 0o755 }])
  const diffId = digestOf(layer)
  const config = Buffer.from(
    JSON.stringify({
      architecture,
      os: 'linux',
      created: '1970-01-01T00:00:00Z',
      // Nothing in it wants a chance to end gracefully: without this every stop would wait for its grace.
      config: { Entrypoint: ['/pause'], User: '65534:65534', WorkingDir: '/', StopSignal: 'SIGKILL' },
      rootfs: { type: 'layers', diff_ids: [diffId] },
      history: [{ created: '1970-01-01T00:00:00Z', created_by: 'sealift' }],
    }),
  )
  const configName = `${hexOf(digestOf(config))}.json`
  const layerName = `${hexOf(diffId)}/layer.tar`
  const archive = await tarOf([
    { name: layerName, content: layer, mode: 0o644 },
    { name: configName, content: config, mode: 0o644 },
    { name: 'manifest.json', content: Buffer.from(JSON.stringify([{ Config: configName, RepoTags: [name], Layers: [layerName] }])), mode: 0o644 },
  ])
  return { name, diffIds: [diffId], archive }
}

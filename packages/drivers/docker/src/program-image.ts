import { type Digest, digestOf, hexOf } from '@sealift/oci/digest.ts'
import { tarOf } from './tar.ts'

/** An image with one static program and nothing else, which no registry is asked for. */
export interface ProgramImage {
  readonly name: string
  readonly diffIds: readonly [Digest]
  /** A `docker load` archive of it; the same bytes each time. */
  readonly archive: Buffer
}

/** Makes the image of a program; its bytes follow from the arguments alone. */
export async function createProgramImage({
  name,
  architecture,
  program,
  user,
}: {
  readonly name: string
  readonly architecture: string
  readonly program: { readonly path: string; readonly content: Buffer }
  readonly user: string
}): Promise<ProgramImage> {
  const layer = await tarOf([{ name: program.path, content: program.content, mode: 0o755 }])
  const diffId = digestOf(layer)
  const config = Buffer.from(
    JSON.stringify({
      architecture,
      os: 'linux',
      created: '1970-01-01T00:00:00Z',
      // Nothing in it wants a chance to end gracefully: without this every stop would wait for its grace.
      config: { Entrypoint: [`/${program.path}`], User: user, WorkingDir: '/', StopSignal: 'SIGKILL' },
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

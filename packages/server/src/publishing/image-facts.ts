import type { EngineClient } from '@sealift/driver-docker/engine-client.ts'
import type { ImageDetails } from '@sealift/driver-docker/engine-types.ts'
import { isSealiftError } from '@sealift/oci/sealift-error.ts'
import type { ImageFacts } from '@sealift/template/importers/image-facts.ts'
import type { FindImage } from '@sealift/template/importers/import-compose.ts'
import type { ImportReport } from '@sealift/template/importers/import-note.ts'

/** What an image says about itself, in the words of an import. */
export function factsOf({ Config }: ImageDetails): ImageFacts {
  const { Env, Entrypoint, Cmd, User, WorkingDir, StopSignal, ExposedPorts, Volumes, Healthcheck } = Config ?? {}
  return {
    env: Env ?? [],
    entrypoint: Entrypoint ?? [],
    command: Cmd ?? [],
    user: User ?? '',
    workingDir: WorkingDir ?? '',
    stopSignal: StopSignal ?? '',
    ports: Object.keys(ExposedPorts ?? {}),
    volumes: Object.keys(Volumes ?? {}),
    ...(Healthcheck ? { health: Healthcheck } : {}),
  }
}

/**
 * Looks images up on an engine. Where it has one not, or does not answer, the image is taken as it is
 * called, and the report says that nobody looked at it.
 */
export function findOnEngine(engine: EngineClient, report: ImportReport): FindImage {
  let unreachable = false
  return async (candidates) => {
    for (const image of unreachable ? [] : candidates) {
      try {
        const details = await engine.inspectImage(image)
        if (details !== undefined) return { image, facts: factsOf(details) }
      } catch (thrown) {
        if (!isSealiftError(thrown, 'ENGINE_UNREACHABLE')) throw thrown
        unreachable = true
        break
      }
    }
    const [image] = candidates
    if (candidates.length !== 1 || image === undefined) return undefined
    report.note({
      kind: 'warning',
      subject: `image ${image}`,
      message: `is not on the engine, so what it says about itself was not looked at: health check, volumes, ports. Pull it first to have them in the template.`,
    })
    return { image }
  }
}

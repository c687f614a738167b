import { pipeline } from 'node:stream/promises'
import type { EngineClient } from '@sealift/driver-docker/engine-client.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import type { ContainerFile, ContainerFiles } from '@sealift/template/importers/running/container-facts.ts'
import { extract } from 'tar-stream'

const KINDS = ['changed', 'added', 'removed'] as const

/** Ends the reading of a folder that is too much. */
class TooMuch extends Error {}

/** The files of containers, read through their engine: also where that is another machine. */
export class EngineContainerFiles implements ContainerFiles {
  readonly #engine: EngineClient

  constructor(engine: EngineClient) {
    this.#engine = engine
  }

  async changes(container: string): ReturnType<ContainerFiles['changes']> {
    const changes = await this.#engine.containerChanges(container)
    return changes.map(({ Path, Kind }) => ({ path: Path, kind: KINDS[Kind] ?? 'changed' }))
  }

  async read(container: string, path: string, limit: { readonly files: number; readonly bytes: number }): Promise<readonly ContainerFile[] | undefined> {
    const archive = await this.#engine.getArchive(container, path)
    if (archive === undefined) return undefined
    const files: ContainerFile[] = []
    let bytes = 0
    const tar = extract()
    tar.on('entry', ({ name, type, size, mode, uid, gid }, stream, next) => {
      bytes += size
      // The first step is the folder or file itself.
      const inside = name.split('/').slice(1).join('/')
      if (type === 'directory') {
        stream.on('end', () => next())
        stream.resume()
        return
      }
      if (type !== 'file' || files.length >= limit.files || bytes > limit.bytes || inside.split('/').includes('..')) {
        tar.destroy(new TooMuch())
        return
      }
      const pieces: Buffer[] = []
      stream.on('data', (piece) => void pieces.push(piece as Buffer))
      stream.on('end', () => {
        files.push({ path: inside, content: Buffer.concat(pieces), mode: mode & 0o7777, uid, gid })
        next()
      })
    })
    try {
      await pipeline(archive, tar as unknown as NodeJS.WritableStream)
    } catch (thrown) {
      if (thrown instanceof TooMuch) return undefined
      throw new SealiftError('ENGINE_FAILED', `the engine's archive of ${path} of container ${container.slice(0, 12)} can not be read`, { cause: thrown })
    }
    return files
  }
}

import { posix } from 'node:path'
import { Readable } from 'node:stream'
import type { WantedFile } from '@sealift/deploy/driver.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import type { EngineClient } from './engine-client.ts'
import { type TarEntry, tarOf } from './tar.ts'

/**
 * Puts files into a container that was not started yet. Folders on the way that are missing are made
 * with 0755; those that are there keep their mode and owner.
 */
export async function putFiles(engine: EngineClient, container: string, files: readonly WantedFile[]): Promise<void> {
  if (files.length === 0) return
  const paths = files.map(({ path }) => containerPath(path))
  const missing = await missingFolders(engine, container, paths)
  const archive = await tarOf([
    ...missing.map((folder): TarEntry => ({ name: `${folder.slice(1)}/`, mode: 0o755 })),
    ...files.map(
      ({ content, mode, uid, gid }, position): TarEntry => ({
        name: paths[position]?.slice(1) ?? '',
        content,
        mode,
        ...(uid === undefined ? {} : { uid }),
        ...(gid === undefined ? {} : { gid }),
      }),
    ),
  ])
  await engine.putArchive(container, '/', Readable.from([archive]))
}

function containerPath(path: string): string {
  const clean = posix.normalize(path)
  if (!path.startsWith('/') || path.endsWith('/') || path.split('/').includes('..') || path.includes('\0')) {
    throw new SealiftError('INTERNAL', `file ${JSON.stringify(path)}: expected an absolute path of a file without ..`)
  }
  return clean
}

/** The folders above these paths that the container lacks, upper ones first. */
async function missingFolders(engine: EngineClient, container: string, paths: readonly string[]): Promise<readonly string[]> {
  const exists = new Map<string, boolean>([['/', true]])
  const look = async (folder: string): Promise<boolean> => {
    const known = exists.get(folder)
    if (known !== undefined) return known
    const there = (await look(posix.dirname(folder))) && (await engine.pathExists(container, folder))
    exists.set(folder, there)
    return there
  }
  for (const path of paths) await look(posix.dirname(path))
  return [...exists].filter(([, there]) => !there).map(([folder]) => folder)
}

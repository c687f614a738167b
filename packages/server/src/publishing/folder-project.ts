import { lstat, readdir, readFile, realpath, stat } from 'node:fs/promises'
import { isAbsolute, join, posix, relative } from 'node:path'
import { SealiftError, toSealiftError } from '@sealift/oci/sealift-error.ts'
import type { FolderFile, FoundPath, ProjectFiles } from '@sealift/template/importers/compose/project-files.ts'
import { MAX_FILE_BYTES } from './template-source.ts'

/** The names that Compose looks for in a folder, and those that it lays over the first one. */
const NAMES = ['compose.yaml', 'compose.yml', 'docker-compose.yaml', 'docker-compose.yml']
const OVERRIDES = ['compose.override.yaml', 'compose.override.yml', 'docker-compose.override.yaml', 'docker-compose.override.yml']

/**
 * The Compose files that are meant: a folder stands for the one in it, and its override.
 * @throws SealiftError `FILE_NOT_FOUND`
 */
export async function composeFiles(paths: readonly string[]): Promise<readonly string[]> {
  const files = await Promise.all(
    paths.map(async (path) => {
      try {
        if (!(await stat(path)).isDirectory()) return [path]
        const present = new Set(await readdir(path))
        const first = NAMES.find((name) => present.has(name))
        if (first === undefined) throw new SealiftError('FILE_NOT_FOUND', `${path} holds no Compose file; looked for ${NAMES.join(', ')}`)
        const override = OVERRIDES.find((name) => present.has(name))
        return [first, ...(override === undefined ? [] : [override])].map((name) => join(path, name))
      } catch (thrown) {
        throw toSealiftError(thrown, `looking for a Compose file at ${path}`)
      }
    }),
  )
  return files.flat()
}

/**
 * A Compose project in folders of this machine. Files are read where a given root holds them, links
 * followed: a project from elsewhere carries off nothing of this machine.
 */
export class FolderProject implements ProjectFiles {
  readonly #roots: readonly string[]
  readonly #named: ReadonlySet<string>

  private constructor(roots: readonly string[], named: ReadonlySet<string>) {
    this.#roots = roots
    this.#named = named
  }

  /**
   * @param folders the one of the first Compose file, and others that files may be taken from
   * @param named files that the publisher named, wherever they are
   */
  static async open(folders: readonly string[], named: readonly string[]): Promise<FolderProject> {
    const roots = await Promise.all(folders.map((path) => realpath(path).catch(() => path)))
    return new FolderProject(roots, new Set(named))
  }

  async read(path: string): Promise<Buffer | undefined> {
    let real: string
    try {
      real = await realpath(path)
      const { size, isFile } = await this.#stat(real)
      if (!isFile) throw new SealiftError('FILE_WRONG_KIND', `${path} is no file`)
      if (!this.#isInside(real) && !this.#named.has(path)) {
        throw new SealiftError('FILE_DENIED', `${path}: lies outside the project's folder ${this.#roots.join(', ')}`, {
          hint: 'Copy the file into the project, or allow its folder with --allow-folder: a project from elsewhere shall carry off nothing of this machine.',
        })
      }
      if (size > MAX_FILE_BYTES) throw new SealiftError('COMPOSE_INVALID', `${path}: has ${size} bytes, more than the ${MAX_FILE_BYTES} that a file may have`)
      return await readFile(real)
    } catch (thrown) {
      if (isMissing(thrown)) return undefined
      throw toSealiftError(thrown, `reading ${path}, which the Compose file names`)
    }
  }

  async look(path: string): Promise<FoundPath> {
    try {
      const real = await realpath(path)
      const found = await stat(real)
      const kind = found.isFile() ? 'file' : found.isDirectory() ? 'folder' : 'other'
      return { kind, inside: this.#isInside(real), mode: found.mode & 0o7777, size: found.size }
    } catch (thrown) {
      return { kind: isMissing(thrown) ? 'missing' : 'other', inside: this.#isInside(path), mode: 0, size: 0 }
    }
  }

  async list(path: string, limit: number): Promise<readonly FolderFile[]> {
    const files: FolderFile[] = []
    const walk = async (folder: string): Promise<void> => {
      const names = (await readdir(folder)).toSorted()
      for (const name of names) {
        if (files.length > limit) return
        const at = join(folder, name)
        const link = await lstat(at)
        if (link.isDirectory()) await walk(at)
        else {
          const found = await this.look(at)
          if (found.kind === 'file' && found.inside) files.push({ path: relative(path, at).split(/[\\/]/).join(posix.sep), size: found.size, mode: found.mode })
        }
      }
    }
    try {
      await walk(path)
    } catch (thrown) {
      throw toSealiftError(thrown, `reading the folder ${path}`)
    }
    return files
  }

  async #stat(path: string): Promise<{ readonly size: number; readonly isFile: boolean }> {
    const found = await stat(path)
    return { size: found.size, isFile: found.isFile() }
  }

  #isInside(real: string): boolean {
    return this.#roots.some((root) => {
      const inside = relative(root, real)
      return inside === '' || (!inside.startsWith('..') && !isAbsolute(inside))
    })
  }
}

function isMissing(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && (thrown.code === 'ENOENT' || thrown.code === 'ENOTDIR')
}

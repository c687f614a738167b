import { posix } from 'node:path'
import type { FolderFile, ProjectFiles } from './project-files.ts'

/** A project in memory: contents by absolute path; a path that ends in `/` is an empty folder, one without content something that is neither file nor folder. */
export function memoryProject(contents: Readonly<Record<string, string | null>>, folder = '/project'): ProjectFiles {
  const below = (path: string): string[] => Object.keys(contents).filter((each) => each.startsWith(`${path}/`) || each === `${path}/`)
  const inside = (path: string): boolean => path === folder || path.startsWith(`${folder}/`)
  return {
    async read(path) {
      const content = contents[path]
      return typeof content === 'string' ? Buffer.from(content) : undefined
    },
    async look(path) {
      const normal = posix.normalize(path)
      const content = contents[normal]
      const kind = typeof content === 'string' ? 'file' : content === null ? 'other' : below(normal).length > 0 ? 'folder' : 'missing'
      return { kind, inside: inside(normal), mode: 0o644, size: content?.length ?? 0 }
    },
    async list(path, limit) {
      const files = below(path).flatMap((each): FolderFile[] => {
        const content = contents[each]
        return typeof content === 'string' && !each.endsWith('/') ? [{ path: posix.relative(path, each), size: content.length, mode: 0o644 }] : []
      })
      return files.slice(0, limit + 1)
    },
  }
}

/** The files that a Compose project names, as far as they may be read. All paths are absolute. */
export interface ProjectFiles {
  /** The content of a file; undefined where there is none. @throws SealiftError `FILE_DENIED`, and `COMPOSE_INVALID` where it is too large */
  read(path: string): Promise<Buffer | undefined>
  /** What is there, links followed. */
  look(path: string): Promise<FoundPath>
  /** All plain files of a folder and below, in order, links that lead to files followed; one more than `limit` where there are more. */
  list(path: string, limit: number): Promise<readonly FolderFile[]>
}

/** What a path of the host is. */
export interface FoundPath {
  /** `other`: a socket, a device, or something that can't be looked at. */
  readonly kind: 'file' | 'folder' | 'other' | 'missing'
  /** Whether it lies in the project's folder, links followed. */
  readonly inside: boolean
  /** Permissions of a file. */
  readonly mode: number
  /** bytes */
  readonly size: number
}

/** A file of a folder. */
export interface FolderFile {
  /** Relative to the folder. */
  readonly path: string
  /** bytes */
  readonly size: number
  readonly mode: number
}

import { posix } from 'node:path'

/** What a path of the host means to an application. */
export type HostPathMeaning =
  /** The engine's own socket. */
  | 'engine'
  /** The time zone of the host. */
  | 'time'
  /** Something of the host that no release can carry. */
  | 'system'
  | 'ordinary'

const SYSTEM = [
  '/',
  '/proc',
  '/sys',
  '/dev',
  '/boot',
  '/lib',
  '/lib64',
  '/usr',
  '/bin',
  '/sbin',
  '/etc',
  '/run',
  '/var/run',
  '/var/log',
  '/var/lib/docker',
  '/var/lib/containerd',
]
const SYSTEM_BELOW = ['/proc', '/sys', '/dev', '/boot', '/lib/modules', '/run', '/var/run', '/var/lib/docker', '/var/lib/containerd']

/** What a path of the host means. */
export function hostPathMeaning(path: string): HostPathMeaning {
  const normal = posix.normalize(path).replace(/(.)\/$/, '$1')
  if (/(^|\/)(docker|containerd|podman|crio)\.sock$/.test(normal)) return 'engine'
  if (normal === '/etc/localtime' || normal === '/etc/timezone' || normal.startsWith('/usr/share/zoneinfo')) return 'time'
  if (SYSTEM.includes(normal) || SYSTEM_BELOW.some((folder) => normal.startsWith(`${folder}/`))) return 'system'
  return 'ordinary'
}

const DATA =
  /^\/(var\/(lib|log|cache|spool|backups?|data|www\/html)|data|bitnami|backups?|storage|uploads?|media)(\/|$)|\/(data|db|uploads?|storage|cache|logs?|media)$/

/** Whether a folder inside a container is one in which programs keep what they make. */
export function looksLikeData(path: string): boolean {
  return DATA.test(path)
}

/** How much of a folder is carried as files. */
export const FOLDER_LIMIT = { files: 100, bytes: 4 * 1024 * 1024 } as const

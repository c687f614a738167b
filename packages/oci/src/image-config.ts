import { type Digest, isDigest } from './digest.ts'
import type { Platform } from './platform.ts'
import { SealiftError } from './sealift-error.ts'

/** What Sealift needs of an image's config; the rest of its bytes is kept and never written anew. */
export interface ImageConfig {
  readonly platform: Platform
  /** The digests of the uncompressed layers, lowest first. */
  readonly diffIds: readonly Digest[]
  /** The settings that containers of this image start with. */
  readonly defaults: {
    readonly entrypoint: readonly string[]
    readonly command: readonly string[]
    readonly env: readonly string[]
    readonly user: string
    readonly workingDir: string
    readonly volumes: readonly string[]
    readonly exposedPorts: readonly string[]
    readonly stopSignal?: string
  }
}

const texts = (value: unknown): readonly string[] => (Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [])
const text = (value: unknown): string => (typeof value === 'string' ? value : '')
const object = (value: unknown): Record<string, unknown> => (typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {})

/**
 * Reads an image config (OCI and Docker have the same fields here).
 * @throws SealiftError `MANIFEST_INVALID`
 */
export function parseImageConfig(bytes: Uint8Array, what: string): ImageConfig {
  let json: unknown
  try {
    json = JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch (cause) {
    throw new SealiftError('MANIFEST_INVALID', `${what}: the image config is no JSON`, { cause })
  }
  const fields = object(json)
  const rootfs = object(fields.rootfs)
  const diffIds = rootfs.diff_ids
  if (rootfs.type !== 'layers' || !Array.isArray(diffIds) || !diffIds.every(isDigest)) {
    throw new SealiftError('MANIFEST_INVALID', `${what}: the image config names no layers (rootfs.diff_ids)`)
  }
  if (typeof fields.os !== 'string' || typeof fields.architecture !== 'string') {
    throw new SealiftError('MANIFEST_INVALID', `${what}: the image config names no os and architecture`)
  }
  const config = object(fields.config)
  const stopSignal = text(config.StopSignal)
  return {
    platform: {
      os: fields.os,
      architecture: fields.architecture,
      ...(typeof fields.variant === 'string' && fields.variant !== '' ? { variant: fields.variant } : {}),
    },
    diffIds,
    defaults: {
      entrypoint: texts(config.Entrypoint),
      command: texts(config.Cmd),
      env: texts(config.Env),
      user: text(config.User),
      workingDir: text(config.WorkingDir),
      volumes: Object.keys(object(config.Volumes)),
      exposedPorts: Object.keys(object(config.ExposedPorts)),
      ...(stopSignal === '' ? {} : { stopSignal }),
    },
  }
}

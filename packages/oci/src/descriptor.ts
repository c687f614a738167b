import { type Digest, isDigest } from './digest.ts'
import { isPlatform, type Platform } from './platform.ts'

/** Points to content: what it is, its digest and its size in bytes (OCI image-spec, descriptor). */
export interface Descriptor {
  readonly mediaType: string
  readonly digest: Digest
  readonly size: number
  readonly platform?: Platform
  readonly annotations?: Readonly<Record<string, string>>
}

/** Whether a parsed JSON value is a descriptor. */
export function isDescriptor(value: unknown): value is Descriptor {
  if (typeof value !== 'object' || value === null) return false
  const { mediaType, digest, size, platform } = value as Record<string, unknown>
  return typeof mediaType === 'string' && isDigest(digest) && isSize(size) && (platform === undefined || isPlatform(platform))
}

/** Whether a value can be a size in bytes. */
export function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

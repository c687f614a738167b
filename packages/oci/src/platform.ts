/** An operating system and processor that an image is for (the words of OCI and Go: `linux`, `amd64`). */
export interface Platform {
  readonly os: string
  readonly architecture: string
  readonly variant?: string
}

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' }

/** The platform that this process runs on. */
export function hostPlatform(): Platform {
  return { os: 'linux', architecture: ARCHITECTURES[process.arch] ?? process.arch }
}

/** Whether a parsed JSON value is a platform. */
export function isPlatform(value: unknown): value is Platform {
  if (typeof value !== 'object' || value === null) return false
  const { os, architecture, variant } = value as Record<string, unknown>
  return typeof os === 'string' && typeof architecture === 'string' && (variant === undefined || typeof variant === 'string')
}

/** `linux/amd64` or `linux/arm/v7`. */
export function formatPlatform({ os, architecture, variant }: Platform): string {
  return variant ? `${os}/${architecture}/${variant}` : `${os}/${architecture}`
}

/** Reads `linux/arm64` or just `arm64`; undefined where it is neither. */
export function parsePlatform(text: string): Platform | undefined {
  const parts = text.split('/')
  if (parts.some((part) => !/^[a-z0-9_.]+$/.test(part))) return undefined
  const [first, second, third] = parts
  if (first === undefined || parts.length > 3) return undefined
  if (second === undefined) return { os: 'linux', architecture: first }
  return third === undefined ? { os: first, architecture: second } : { os: first, architecture: second, variant: third }
}

/** Whether an image for `have` runs on `want`; a missing variant matches every one, `arm64` is `arm64/v8`. */
export function platformMatches(have: Platform, want: Platform): boolean {
  if (have.os !== want.os || have.architecture !== want.architecture) return false
  return have.variant === undefined || want.variant === undefined || have.variant === want.variant
}

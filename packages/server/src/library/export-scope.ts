import type { BaseRelease } from '@sealift/bundle/format/bundle-index.ts'
import type { ContentStore } from '@sealift/content/content-store.ts'
import type { Digest } from '@sealift/oci/digest.ts'
import { formatPlatform, type Platform, parsePlatform, platformMatches } from '@sealift/oci/platform.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { contentOf, type Release } from '@sealift/template/release.ts'
import type { HeldRelease, ReleaseLibrary } from './release-library.ts'

/** What the receiver of an increment has. */
export interface ExportBase {
  readonly releases: readonly BaseRelease[]
  /** Every blob of those releases. */
  readonly blobs: ReadonlySet<Digest>
}

/**
 * Resolves what `--since` names to releases by digest. Several mean that the receiver has all of them.
 * @param since versions or digests of the application that is exported, or `APP@VERSION`
 * @throws SealiftError `RELEASE_NOT_FOUND`, `USAGE` (the release itself)
 */
export async function resolveBase(
  since: readonly string[],
  { row }: HeldRelease,
  library: ReleaseLibrary,
  platforms: readonly Platform[] | undefined,
): Promise<ExportBase> {
  const releases = new Map<Digest, BaseRelease>()
  const blobs = new Set<Digest>()
  for (const text of since) {
    const at = text.indexOf('@')
    const base = await library.find(at < 0 ? row.application : text.slice(0, at), text.slice(at + 1))
    const { application, version, digest } = base.row
    if (digest === row.digest) throw await sinceItself(text, base, library)
    releases.set(digest, { application, version, digest })
    for (const content of contentOf(base.release, platforms)) blobs.add(content.digest)
  }
  return { releases: [...releases.values()], blobs }
}

/** A version that was published again names its newest release; what the receiver has may be one before. */
async function sinceItself(text: string, { row }: HeldRelease, library: ReleaseLibrary): Promise<SealiftError> {
  const earlier = (await library.all())
    .map((held) => held.row)
    .filter(({ application, version, digest }) => application === row.application && version === row.version && digest !== row.digest)
  const hint =
    earlier.length > 0
      ? `${row.version} was published more than once. For what the site has, name the release: ${earlier.map(({ digest }) => `--since ${digest}`).join(' or ')}`
      : 'Name a release that the site has already, or leave --since out.'
  return new SealiftError('USAGE', `--since ${text} is the very release that is to be exported (${row.digest})`, { hint })
}

/**
 * The platforms of a release that texts like `arm64` or `linux/arm64` name; undefined where all are meant.
 * @throws SealiftError `USAGE`, `IMAGE_PLATFORM_MISSING`
 */
export function choosePlatforms(texts: readonly string[], release: Release): readonly Platform[] | undefined {
  if (texts.length === 0) return undefined
  const there = allPlatforms(release)
  const chosen = new Map<string, Platform>()
  for (const text of texts) {
    const wanted = parsePlatform(text)
    if (wanted === undefined) throw new SealiftError('USAGE', `--platform ${text}: expected a platform like linux/amd64 or arm64`)
    const matching = there.filter((platform) => platformMatches(platform, wanted))
    if (matching.length === 0) {
      const names = there.map(formatPlatform).join(', ') || 'no images'
      throw new SealiftError('IMAGE_PLATFORM_MISSING', `${release.application} ${release.version} has no image for ${text}, but has ${names}`)
    }
    for (const platform of matching) chosen.set(formatPlatform(platform), platform)
  }
  return [...chosen.values()]
}

/**
 * Refuses to export platforms whose images never came here, before the work begins.
 * @throws SealiftError `CONTENT_MISSING`
 */
export async function requireHeld(release: Release, platforms: readonly Platform[] | undefined, store: ContentStore): Promise<void> {
  const held: Platform[] = []
  const absent: Platform[] = []
  for (const platform of platforms ?? allPlatforms(release)) ((await isHeld(release, platform, store)) ? held : absent).push(platform)
  if (absent.length === 0) return
  const names = absent.map(formatPlatform).join(', ')
  throw new SealiftError('CONTENT_MISSING', `the images of ${release.application} ${release.version} for ${names} are not here`, {
    hint:
      held.length > 0
        ? `Export what is here with ${held.map((platform) => `--platform ${formatPlatform(platform)}`).join(' ')}, or import a bundle with all platforms first.`
        : 'Import the bundle that carries them again.',
  })
}

async function isHeld({ images }: Release, platform: Platform, store: ContentStore): Promise<boolean> {
  const manifests = Object.values(images).flatMap(({ platforms }) => platforms.filter((image) => formatPlatform(image.platform) === formatPlatform(platform)))
  for (const { manifest } of manifests) if ((await store.info(manifest.digest)) === undefined) return false
  return true
}

function allPlatforms({ images }: Release): readonly Platform[] {
  const platforms = new Map<string, Platform>()
  for (const image of Object.values(images)) for (const { platform } of image.platforms) platforms.set(formatPlatform(platform), platform)
  return [...platforms.values()]
}

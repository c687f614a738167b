import type { Comparison } from '@sealift/api/plan.ts'
import type { ContentStore } from '@sealift/content/content-store.ts'
import { readBlob } from '@sealift/content/read-blob.ts'
import { diffReleases } from '@sealift/deploy/plan/diff-releases.ts'
import type { FileDetails } from '@sealift/deploy/plan/file-details.ts'
import type { PlanItem } from '@sealift/deploy/plan/plan.ts'
import { unifiedDiff } from '@sealift/deploy/plan/unified-diff.ts'
import type { VendorState } from '@sealift/deploy/vendor-state.ts'
import { vendorStateOf } from '@sealift/deploy/vendor-state-of.ts'
import type { Digest } from '@sealift/oci/digest.ts'
import { hostPlatform, type Platform, platformMatches } from '@sealift/oci/platform.ts'
import { platformsOf } from '@sealift/template/release.ts'
import { comparisonDocument } from '../installations/plan-view.ts'
import type { HeldRelease, ReleaseLibrary } from './release-library.ts'

/** Larger files are not compared line by line. */
const MAX_COMPARED = 1024 * 1024

/** Which releases to compare: versions, `latest` or digests. */
export interface ReleasePair {
  readonly fromApplication: string
  readonly from: string
  readonly toApplication: string
  readonly to: string
}

/** Tells what differs between releases that the library holds, wherever they came from. */
export class ReleaseComparison {
  readonly #library: ReleaseLibrary
  readonly #store: ContentStore

  constructor({ library, store }: { library: ReleaseLibrary; store: ContentStore }) {
    this.#library = library
    this.#store = store
  }

  /** Every attribute in which the second release differs from the first. @throws SealiftError `RELEASE_NOT_FOUND`, `CONTENT_MISSING` */
  async compare({ fromApplication, from, toApplication, to }: ReleasePair): Promise<Comparison> {
    const [before, after] = [await this.#library.find(fromApplication, from), await this.#library.find(toApplication, to)]
    const [a, b] = [vendorState(before, after), vendorState(after, before)]
    const items = diffReleases(a, b)
    const files = await Promise.all(items.map((item) => this.#fileDetails(item, a, b)))
    return comparisonDocument(items, { application: toApplication, from: nameOf(before), to: nameOf(after) }, files)
  }

  async #fileDetails({ kind, component, name }: PlanItem, before: VendorState, after: VendorState): Promise<FileDetails | undefined> {
    if (kind !== 'file' || component === null) return undefined
    const contents = await Promise.all([before, after].map((state) => this.#content(state, component, name)))
    const [old, now] = contents
    const diff = old === undefined || now === undefined ? undefined : unifiedDiff(old, now, { before: `earlier${name}`, after: `later${name}` })
    return diff === undefined ? undefined : { diff }
  }

  /** Undefined where it is secret or large; empty where there is no such file. */
  async #content({ components }: VendorState, component: string, path: string): Promise<Buffer | undefined> {
    const file = components[component]?.files[path]
    if (file === undefined) return Buffer.alloc(0)
    const digest = file.content.expression as Digest
    const info = file.content.secret ? undefined : await this.#store.info(digest)
    return info === undefined || info.size > MAX_COMPARED ? undefined : readBlob(this.#store, digest)
  }
}

/** The version, and where two are called the same, what tells them apart. */
function nameOf({ row }: HeldRelease): string {
  return `${row.application}@${row.version} (${row.digest.slice('sha256:'.length, 'sha256:'.length + 12)}, ${row.origin} here)`
}

/** A release as it is installed on a platform that both have, if there is one. */
function vendorState({ row, release }: HeldRelease, other: HeldRelease): VendorState {
  const own = platformsOf(release) ?? [hostPlatform()]
  const others: readonly Platform[] = platformsOf(other.release) ?? own
  const platform = own.find((each) => others.some((their) => platformMatches(their, each))) ?? own[0] ?? hostPlatform()
  return vendorStateOf(release, row.digest, platform)
}

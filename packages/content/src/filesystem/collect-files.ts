import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Digest, isDigest } from '@sealift/oci/digest.ts'
import type { Amount, Collection, CollectOptions } from '../content-store.ts'
import type { UsageLedger } from '../usage-ledger.ts'

/** Where a filesystem store keeps what. */
export interface StorePlaces {
  readonly blobs: string
  readonly temporary: string
  readonly damaged: string
}

/** What the store that is collected knows beside its files. */
export interface CollectedStore {
  readonly places: StorePlaces
  readonly ledger: UsageLedger
  /** Temporary files of writers that are at work. */
  readonly writing: ReadonlySet<string>
  /** Whether a sound file has a blob's name. */
  isThere(digest: Digest): Promise<boolean>
}

/** Adds up files. */
class Tally {
  #count = 0
  #bytes = 0

  add(bytes: number): void {
    this.#count++
    this.#bytes += bytes
  }

  get amount(): Amount {
    return { count: this.#count, bytes: this.#bytes }
  }
}

/** The blob that a file name stands for. */
export function blobOfFile(name: string): Digest | undefined {
  const digest = `sha256:${name.replace(/\.zst$/, '')}`
  return isDigest(digest) ? digest : undefined
}

/** Names in a folder; none where it is missing. */
export async function namesIn(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch((thrown: unknown) => {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw thrown
  })
}

/** Takes from a store's folder what {@link CollectOptions} let go. An interruption leaves nothing wrong: each file goes by itself. */
export async function collectFiles(store: CollectedStore, options: CollectOptions): Promise<Collection> {
  const since = store.ledger.beginCollection()
  const needed = await options.needed()
  const blobs = await collectBlobs(store, options, since, needed)
  return { ...blobs, temporary: await collectTemporary(store, options), damaged: await collectDamaged(store, options, needed) }
}

async function collectBlobs(
  { places, ledger }: CollectedStore,
  options: CollectOptions,
  since: number,
  needed: ReadonlySet<Digest>,
): Promise<Pick<Collection, 'blobs' | 'needed' | 'waiting'>> {
  const taken = new Tally()
  const kept = new Tally()
  const waiting = new Tally()
  const prefixes = await readdir(places.blobs)
  for (const [position, prefix] of prefixes.entries()) {
    options.progress?.(position, prefixes.length)
    for (const name of await namesIn(join(places.blobs, prefix))) {
      options.signal?.throwIfAborted()
      const digest = blobOfFile(name)
      const path = join(places.blobs, prefix, name)
      const found = digest === undefined ? undefined : await stat(path).catch(() => undefined)
      // What is no blob is not ours to remove; what is gone by now needs no removal.
      if (digest === undefined || found === undefined) continue
      if (needed.has(digest)) kept.add(found.size)
      else if (!options.isOld(found.ctimeMs)) waiting.add(found.size)
      else {
        const remove = options.dryRun === true ? async (): Promise<void> => {} : (): Promise<void> => rm(path, { force: true })
        const tally = (await ledger.take(digest, since, options, remove)) ? taken : waiting
        tally.add(found.size)
      }
    }
  }
  options.progress?.(prefixes.length, prefixes.length)
  return { blobs: taken.amount, needed: kept.amount, waiting: waiting.amount }
}

async function collectTemporary({ places, writing }: CollectedStore, { dryRun }: CollectOptions): Promise<Amount> {
  const taken = new Tally()
  for (const name of await namesIn(places.temporary)) {
    const path = join(places.temporary, name)
    const found = await stat(path).catch(() => undefined)
    if (found === undefined || writing.has(path)) continue
    if (dryRun !== true) await rm(path, { recursive: true, force: true })
    taken.add(found.size)
  }
  return taken.amount
}

async function collectDamaged(store: CollectedStore, { dryRun }: CollectOptions, needed: ReadonlySet<Digest>): Promise<Amount> {
  const taken = new Tally()
  for (const name of await namesIn(store.places.damaged)) {
    const digest = blobOfFile(name)
    const path = join(store.places.damaged, name)
    const found = await stat(path).catch(() => undefined)
    if (digest === undefined || found === undefined || (needed.has(digest) && !(await store.isThere(digest)))) continue
    if (dryRun !== true) await rm(path, { force: true })
    taken.add(found.size)
  }
  return taken.amount
}

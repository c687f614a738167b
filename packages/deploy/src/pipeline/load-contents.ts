import type { Digest } from '@sealift/oci/digest.ts'
import { filesOf, type WantedState } from '../state.ts'

/** The contents of the files of states, each read once. */
export async function loadContents(states: readonly (WantedState | null)[], read: (digest: Digest) => Promise<Buffer>): Promise<Map<string, Buffer>> {
  const digests = new Set<Digest>(states.flatMap((state) => (state === null ? [] : [...filesOf(state)])))
  const contents = new Map<string, Buffer>()
  for (const digest of digests) contents.set(digest, await read(digest))
  return contents
}

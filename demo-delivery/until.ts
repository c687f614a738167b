import { setTimeout as sleep } from 'node:timers/promises'

/** Waits until something is so, and looks again and again. Throws when it is not within the limit, in seconds. */
export async function until(what: string, limit: number, isSo: () => Promise<boolean>, signal: AbortSignal): Promise<void> {
  const end = Date.now() + limit * 1000
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error(`${what} did not happen within ${limit} s`)
    await sleep(200, undefined, { signal })
  }
}

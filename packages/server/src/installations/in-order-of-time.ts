import type { LogLine } from '@sealift/api/installation.ts'

/** Milliseconds within which lines of several sources are put in order: each source has its own delay. */
const WINDOW = 200
/** Lines that wait at most. */
const ROOM = 5000

/**
 * Passes lines on in the order of their times, as far as they come within a moment of one another.
 * What was printed before following began comes all at once, and so in order.
 */
export async function* inOrderOfTime(lines: AsyncGenerator<LogLine>): AsyncGenerator<LogLine> {
  const ask = (): Promise<IteratorResult<LogLine>> => {
    const asked = lines.next()
    // It may fail while the reader is busy; whoever waits for it next is told.
    asked.catch(() => {})
    return asked
  }
  let next = ask()
  try {
    for (;;) {
      const first = await next
      if (first.done === true) return
      const waiting = [first.value]
      const until = performance.now() + WINDOW
      for (;;) {
        next = ask()
        if (waiting.length >= ROOM) break
        const arrived = await within(next, until - performance.now())
        if (arrived === undefined || arrived.done === true) break
        waiting.push(arrived.value)
      }
      yield* waiting.toSorted((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0))
    }
  } finally {
    // A source that is waited for ends when it is told to, and is not waited for.
    lines.return(undefined).catch(() => {})
  }
}

/** The promise's outcome; undefined where it takes longer, or fails: who waits for it again is told. */
async function within<T>(promise: Promise<T>, milliseconds: number): Promise<T | undefined> {
  const timeout = Promise.withResolvers<undefined>()
  const timer = setTimeout(() => timeout.resolve(undefined), Math.max(0, milliseconds))
  try {
    return await Promise.race([promise.catch(() => undefined), timeout.promise])
  } finally {
    clearTimeout(timer)
  }
}
